"""Nodes that took long in, their outputs kept unasked out, without holding up the run (D12).

Only what can be kept without waiting is: what entered such a node must still be known, and what it made must
be small, or a table of which a view is enough.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import partial
from typing import TYPE_CHECKING

from dagy_nb.engine.content import NoDigest
from dagy_nb.engine.content_files import was_there
from dagy_nb.engine.identity import Found, Identities
from dagy_nb.engine.ingredients import (
    NotReusable,
    has_side_effects,
    list_files,
    refuse_keeping,
)
from dagy_nb.engine.retaining import Made, Retainer
from dagy_nb.engine.snapshot import Entered, read_snapshot, take_snapshot, take_snapshots
from dagy_nb.engine.weight import is_light
from dagy_nb.errors import StoreError
from dagy_nb.nodes.parts import list_imports

if TYPE_CHECKING:
    from dagy_nb.engine.keeper import Keeper
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.values import RunValues


class Aside:
    """Keeps what took long: asked by the run's thread, it looks and writes in the keeper's.

    Args:
        plan: The run's plan.
        values: The run's values.
        outputs: Where it is kept.
        keeper: Writes it.
    """

    def __init__(self, plan: Plan, values: RunValues, outputs: OutputStore, keeper: Keeper) -> None:
        self._values = values
        self._keeper = keeper
        self._after = plan.keeping.keep_after
        self._parameters = plan.parameters
        self._veil = outputs.veil
        self._imports: dict[type, Mapping[str, str]] = {}
        self._identities = Identities(plan, outputs.veil)
        self._retainer = Retainer(plan, outputs)
        self._effects = {step.node_id for step in plan.steps if has_side_effects(step)}

    def enter(self, step: Step) -> Entered:
        """Return what enters a step now, as it is now."""
        if self._after is not None:
            self._note_code(step)
        return take_snapshots(self._values.walk(step))

    def wants(self, node_id: str, seconds: float) -> bool:
        """Say whether what a node made is to be kept: it took long, or would do something to the world."""
        if self._after is None:
            return False
        return seconds >= self._after or node_id in self._effects

    def take(self, made: Made, entered: Entered) -> None:
        """Keep what a node made; what others may change is copied first, if it is small."""
        if refuse_keeping(made.step):
            return
        views = {}
        for name, value in made.outputs.items():
            taken = take_snapshot(value)
            if not taken.is_sure and not is_light(value):
                return
            try:
                views[name] = taken.value if taken.is_sure else deepcopy(value)
            except Exception:  # noqa: BLE001 - a value may refuse; nobody asked to keep it
                return
        self._keeper.add(partial(self._keep, made.with_outputs(views), entered))

    def _keep(self, made: Made, entered: Entered) -> None:
        if not self._has_same_code(made.step):
            return
        try:
            identity = self._identities.identify(made.step, partial(_find, entered))
            files = list_files(made.step, self._parameters, self._veil)
            if not all(was_there(each, made.at - made.seconds) for each in files):
                return
        except NotReusable:
            return
        known = made.with_identity(identity)
        contents = self._retainer.read(known)
        if any(isinstance(each, str) for each in contents.values()):
            return  # nobody asked for it
        try:
            write = self._retainer.pack(known, contents)
        except StoreError as error:
            self._keeper.warn(error)
            return
        if write is not None:
            write()

    def _note_code(self, step: Step) -> None:
        """Note what the code of a step uses, for that may be loaded anew while it runs."""
        if step.node_class not in self._imports:
            self._imports[step.node_class] = list_imports(step.node_class)
        for each in step.inner.steps if step.inner is not None else ():
            self._note_code(each)

    def _has_same_code(self, step: Step) -> bool:
        return list_imports(step.node_class) == self._imports[step.node_class] and (
            step.inner is None or all(map(self._has_same_code, step.inner.steps))
        )


def _find(entered: Entered, node_id: str, output: str) -> Found | None:
    taken = entered.get((node_id, output))
    if taken is None:
        return None
    try:
        return read_snapshot(taken) or "may have been changed by the node"
    except NoDigest as error:
        return str(error)
