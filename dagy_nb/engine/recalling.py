"""A step in, how it was reused in the last run out, where that holds; or how it is now, for the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from dagy_nb.engine.content import Content
from dagy_nb.engine.ending import end_well
from dagy_nb.engine.ingredients import NotReusable
from dagy_nb.engine.recall import Recalled
from dagy_nb.engine.signals import Reused
from dagy_nb.errors import StoreError
from dagy_nb.model.event import ReusedNode

if TYPE_CHECKING:
    from dagy_nb.engine.identity import Found, Identity
    from dagy_nb.engine.judging import Judge
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.model.kept import KeptOutputs


class Recaller:
    """What one run knows of the last run of the same steps; used by the run's thread only.

    Args:
        plan: The run's plan.
        judge: Decides about its steps.
        outputs: What is kept.
        contents: Node id → the contents of its outputs, of the nodes that ended.
    """

    def __init__(
        self,
        plan: Plan,
        judge: Judge,
        outputs: OutputStore,
        contents: Mapping[str, Mapping[str, Found]],
    ) -> None:
        self._recall = plan.recall
        self._flow = plan.flow
        self._force = plan.keeping.force
        self._judge = judge
        self._outputs = outputs
        self._contents = contents
        # A run that goes on with another one looks for what only that one made.
        self._is_on = plan.keeping.reuse and plan.keeping.resumed is None

    def find(self, step: Step) -> Recalled | None:
        """Return how a step was reused in the last run, where all that enters it is the same as then."""
        known = self._recall.get(step.node_id)
        if known is None or not self._is_on or step.node_id in self._force:
            return None
        try:
            last = self._judge.last  # so that what is kept is looked up as it is now, by others too
            _, recipe = self._judge.identities.fixed(step)
            if not known.fits(recipe, map(self._contents.get, step.producers)):
                return None
            return known if known.seen is last else self._look_for(step, known, last)
        except (NotReusable, StoreError):
            return None  # whoever looks at it anew tells why

    def learn(
        self, step: Step, kept: KeptOutputs, identity: Identity | None, *, looks_at_files: bool
    ) -> Recalled:
        """Return how a step is reused, and note it for the next run, unless files must be looked at then."""
        self._outputs.used(self._flow, step.node_id, kept.key)
        found = Recalled(
            recipe=identity.recipe if identity is not None else "",
            entered=tuple(map(self._contents.get, step.producers)),
            kept=kept,
            contents={
                name: Content(each.digest, each.files) for name, each in kept.outputs.items()
            },
            told=_tell(step.node_id, kept),
        )
        made_files = any(each.files for each in kept.outputs.values())
        if self._is_on and not (looks_at_files or made_files):
            self._recall[step.node_id] = found
        return found

    def _look_for(self, step: Step, known: Recalled, last: object) -> Recalled | None:
        """Return what is recalled if it is still kept, and note that it was."""
        kept = known.kept
        if self._outputs.find(kept.key) is not kept:
            return None
        self._outputs.used(self._flow, step.node_id, kept.key)
        if all(each.inline for each in kept.outputs.values()):
            known = self._recall[step.node_id] = replace(known, seen=last)
        return known


def _tell(node_id: str, kept: KeptOutputs) -> Reused:
    node = ReusedNode(
        node_id=node_id, reused_from=kept.run_id, key=kept.key, previews=kept.previews
    )
    return Reused(node=node, ending=end_well(node_id, frozenset(kept.outputs)))
