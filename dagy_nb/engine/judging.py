"""A step whose inputs are known in, whether kept outputs take its place or why it runs out (D12)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.engine.content import NoDigest
from dagy_nb.engine.content_files import MISSING, digest_path
from dagy_nb.engine.identity import Find, Identities, Identity
from dagy_nb.engine.ingredients import NotReusable, has_side_effects, hash_own_key, refuse_reuse
from dagy_nb.engine.reasons import explain
from dagy_nb.engine.word import word
from dagy_nb.errors import FlowError
from dagy_nb.model.kept import KeptOutputs
from dagy_nb.model.state import Why

if TYPE_CHECKING:
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.errors import DagyError
    from dagy_nb.model.spec import NodeSpec


@word(kw_only=True)
class Verdict:
    """What is to become of a step.

    Attributes:
        kept: What takes its place; None where it runs.
        why: Why it runs; None where reuse was not asked for.
        detail: The same in a few words.
        identity: What it is made of; None where that cannot be told.
        refused: Why it must neither run nor be reused; None where it may.
    """

    kept: KeptOutputs | None = None
    why: Why | None = None
    detail: str = ""
    identity: Identity | None = None
    refused: DagyError | None = None

    @property
    def is_plain_miss(self) -> bool:
        """Whether it runs only because nothing fitting is kept."""
        return self.kept is None and self.why not in {None, Why.FORCED, Why.NOT_REUSABLE}


class Judge:
    """Decides about the steps of one plan; any thread may use it.

    Args:
        plan: The plan.
        outputs: What is kept.
    """

    def __init__(self, plan: Plan, outputs: OutputStore) -> None:
        self.identities = Identities(plan, outputs.veil)
        self._keeping = plan.keeping
        self._flow = plan.flow
        self._outputs = outputs
        self._last: Mapping[str, KeptOutputs] | None = None
        self._outputs_of: dict[int, frozenset[str]] = {}  # by the specs that the plan holds

    @property
    def last(self) -> Mapping[str, KeptOutputs]:
        """Node id → what was kept last of it."""
        if self._last is None:
            self._last = self._outputs.last(self._flow)
        return self._last

    def judge(self, step: Step, find: Find) -> Verdict:
        """Return what is to become of a step, given the contents that enter it.

        Raises:
            StoreError: What is kept cannot be read.
        """
        resumed = self._keeping.resumed
        was_done = resumed is not None and step.node_id in resumed.finished
        try:
            identity = self.identities.identify(step, find)
        except NotReusable as error:
            return self._guard(step, self._refuse(str(error), None), was_done=was_done)
        if step.node_id in self._keeping.force:
            return Verdict(why=Why.FORCED, detail="it was forced", identity=identity)
        if not (self._keeping.reuse or resumed is not None):
            return Verdict(identity=identity)
        verdict = self._look(step, identity, was_done=was_done)
        return self._guard(step, verdict, was_done=was_done)

    def _look(self, step: Step, identity: Identity, *, was_done: bool) -> Verdict:
        last = self.last.get(step.node_id)  # first: it makes finding each one cheap
        refused = refuse_reuse(step)
        resumed = self._keeping.resumed
        if was_done and resumed is not None:
            for run_id in resumed.lineage:
                found = self._find(step, hash_own_key(identity.key, run_id))
                if isinstance(found, KeptOutputs):
                    return Verdict(kept=found, identity=identity)
        if refused:
            return self._refuse(refused, identity)
        if not self._keeping.reuse and not was_done and resumed is not None:
            detail = f"it did not complete in run {resumed.run_id}"
            return Verdict(why=Why.NEVER_RAN, detail=detail, identity=identity)
        found = self._find(step, identity.key)
        if isinstance(found, KeptOutputs):
            return Verdict(kept=found, identity=identity)
        if isinstance(found, str):
            return self._refuse(found, identity)
        if last is not None and last.key == hash_own_key(identity.key, last.run_id):
            return self._refuse("some of what it ran inside itself failed", identity)
        why, detail = explain(last.ingredients if last else None, identity.ingredients)
        return Verdict(why=why, detail=detail, identity=identity)

    def _find(self, step: Step, key: str) -> KeptOutputs | str | None:
        found = self._outputs.find(key)
        if not isinstance(found, KeptOutputs):
            return found
        if not self._fits(found, step.spec):
            return "its kept outputs do not fit its connectors"
        return check_files(found) or found

    def _fits(self, kept: KeptOutputs, spec: NodeSpec) -> bool:
        names = self._outputs_of.get(id(spec))
        if names is None:
            names = self._outputs_of[id(spec)] = frozenset(each.name for each in spec.outputs)
        return names.issuperset(kept.outputs)

    def _refuse(self, detail: str, identity: Identity | None) -> Verdict:
        asked = self._keeping.reuse or self._keeping.resumed is not None
        why = Why.NOT_REUSABLE if asked else None
        return Verdict(why=why, detail=detail if asked else "", identity=identity)

    def _guard(self, step: Step, verdict: Verdict, *, was_done: bool) -> Verdict:
        """Refuse to repeat what a node did to the world in the run that this one goes on with."""
        is_forced = step.node_id in self._keeping.force
        if verdict.kept or not was_done or is_forced or not has_side_effects(step):
            return verdict
        resumed = self._keeping.resumed
        assert resumed is not None
        error = FlowError(
            f"{step.node_id} completed in run {resumed.finished[step.node_id]} and has side effects, and "
            "its outputs of then cannot be taken: it, or what enters it, changed, or they are not kept.",
            code="flow.repeats_side_effects",
            suggestion=f"To let it happen once more, force {step.node_id} (in the editor: its menu) and "
            f"resume, with force=({step.node_id!r},).",
        )
        return Verdict(
            why=verdict.why, detail=verdict.detail, identity=verdict.identity, refused=error
        )


def check_files(kept: KeptOutputs) -> str:
    """Return which file that a node wrote is not what it was; empty where all are."""
    for value in kept.outputs.values():
        for path, digest in value.files.items():
            try:
                now = digest_path(path)
            except NoDigest:
                now = MISSING
            if now != digest:
                what = "is gone" if now == MISSING else "changed"
                return f"file {Path(path).name}, which it made, {what}"
    return ""
