"""Steps about to start and values just made in, kept outputs in a body's place out: one run's reuse (D12).

All of it happens in the run's own thread, but for what takes long: large values and files are looked at by
the keeper's thread, and the steps behind them wait. So nothing can change a value before it was looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.identity import Found, Identity
from dagy_nb.engine.judging import Judge, Verdict
from dagy_nb.engine.kept_values import KeptValues
from dagy_nb.engine.recalling import Recaller
from dagy_nb.engine.retaining import Made, Retainer, Writing
from dagy_nb.engine.signals import Reused
from dagy_nb.engine.weight import is_light
from dagy_nb.errors import StoreError
from dagy_nb.model.kept import KeptOutputs
from dagy_nb.model.state import NodeState, Why

if TYPE_CHECKING:
    from dagy_nb.engine.keeper import Keeper
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.recall import Recalled
    from dagy_nb.engine.values import RunValues
    from dagy_nb.model.event import ErrorFact, NodeEnded
    from dagy_nb.nodes.base import FlowNode

MOST_AT_ONCE = 256
"""How many steps are reused before the run looks at what else happened, such as a cancel."""

Asking = tuple["Step", int]
"""A step and the attempt that was handed out; 0 for one that is looked at before its turn."""

Decide = Callable[["Step", int, Verdict], None]
"""Step, attempt, and why it runs."""

Taken = tuple[Reused, int, Mapping[str, Any]]
"""What takes the place of a step's body, the attempt that was handed out, and the values."""

Serve = Callable[[Sequence[Taken]], None]


class Reuse:
    """The reuse of one run; used by the run's thread only.

    Attributes:
        heavy: Node id → how what it made is written, of nodes with large outputs.

    Args:
        plan: The run's plan.
        values: The run's values.
        outputs: What is kept.
        keeper: Does what takes long.
        decide: Hears of a step that runs, in the run's thread.
        serve: Hears of steps that do not, producers before consumers, in the run's thread.
        later: Does something in the run's thread, from any other.
    """

    def __init__(
        self,
        plan: Plan,
        values: RunValues,
        outputs: OutputStore,
        keeper: Keeper,
        *,
        decide: Decide,
        serve: Serve,
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._plan = plan
        self._outputs = outputs
        self._keeper = keeper
        self._decide = decide
        self._serve = serve
        self._later = later
        self._judge = Judge(plan, outputs)
        self._retainer = Retainer(plan, outputs, values)
        self._steps = plan.steps.by_id
        self._contents: dict[str, Mapping[str, Found]] = {}
        self._identities: dict[str, Identity] = {}
        self._blocked: dict[str, list[Asking]] = {}
        self._runs_for: dict[str, str] = {}
        self.heavy: dict[str, Writing] = {}
        self._twins: dict[str, list[Asking]] = {}
        self._reused: set[str] = set()
        self._cancelled: set[str] = set()
        self._ahead: dict[str, Verdict] = {}
        self._names_files: dict[type, bool] = {}
        self._recaller = Recaller(plan, self._judge, outputs, self._contents)

    def ask(self, asked: Iterable[Asking]) -> None:
        """Find out what is to become of steps whose producers have ended; `decide` and `serve` hear it.

        Behind a step that is reused, the next ones are looked at before their turn: to end one after the
        other by itself would cost more than all the rest.
        """
        line = deque(asked)
        taken: list[Taken] = []
        while line:
            step, attempt = line.popleft()
            if step.node_id in self._cancelled:
                continue
            is_open = self._blocked and not self._blocked.keys().isdisjoint(step.producers)
            found = None if is_open else self._recaller.find(step)
            if found is None:
                if not (attempt or self._is_live(step)) or self._has_to_wait(step, attempt):
                    continue
                verdict = self._ahead.pop(step.node_id, None) or self._try(step)
                if verdict.kept is None:
                    if attempt:
                        self._settle(step, attempt, verdict)
                    else:
                        self._ahead[step.node_id] = verdict
                    continue
                found = self._learn(step, verdict.kept, verdict.identity)
            taken.append(self._take_kept(step, attempt, found))
            if len(taken) < MOST_AT_ONCE:
                line.extend(self._list_next(step))
        if taken:
            self._serve(taken)

    def find(self, node_id: str, output: str) -> Found | None:
        """Return the content of an output that was made, or why it has none; None for no value."""
        return self._contents.get(node_id, {}).get(output)

    def take(self, made: Made) -> None:
        """Look at what a node made, before anybody else gets it."""
        node_id = made.step.node_id
        self._retainer.note_shared(made)
        if all(is_light(each) for each in made.outputs.values()):
            contents, write = self._read(made)
            if write is not None:
                self._keeper.add(write)
            self._note(node_id, contents, is_kept=write is not None)
        else:
            self._blocked[node_id] = []
            self._keeper.add(partial(self._read_later, made))

    def give(self, node_id: str, outputs: tuple[str, ...], error: ErrorFact) -> None:
        """Look at an error that is led on as a value."""
        contents = self._retainer.read_value(error)
        self._contents[node_id] = dict.fromkeys(outputs, contents)

    def end(self, event: NodeEnded) -> None:
        """Hear that a node ended; where it made nothing, those that waited for the same run themselves."""
        if event.state is NodeState.COMPLETED:
            return
        if event.state is NodeState.CANCELLED:
            self._cancelled.add(event.node_id)
            self._contents.pop(event.node_id, None)
        identity = self._identities.get(event.node_id)
        if identity is None or self._runs_for.get(identity.key) != event.node_id:
            return
        del self._runs_for[identity.key]
        self.ask(self._twins.pop(identity.key, ()))

    def identity(self, node_id: str) -> Identity | None:
        """Return what a node that runs is made of."""
        return self._identities.get(node_id)

    # --- deciding -----------------------------------------------------------------------------

    def _has_to_wait(self, step: Step, attempt: int) -> bool:
        """Say whether to look at a step takes longer, or its turn has to come first."""
        for each in step.producers if self._blocked else ():
            if each in self._blocked:
                self._blocked[each].append((step, attempt))
                return True
        if not self._looks_at_files(step):
            return False
        if attempt:
            self._keeper.add(partial(self._judge_later, step, attempt))
        return True

    def _looks_at_files(self, step: Step) -> bool:
        """Say whether a step's config, or that of a step inside it, is large or names files."""
        known = self._names_files.get(step.node_class)
        if known is None:
            known = self._names_files[step.node_class] = _names_files(step.node_class)
        if known or (step.config and not all(map(is_light, step.config.values()))):
            return True
        return step.inner is not None and any(map(self._looks_at_files, step.inner.steps))

    def _list_next(self, step: Step) -> Iterator[Asking]:
        """Yield the steps behind a reused one that wait for reused ones only."""
        for node_id in step.consumers:
            consumer = self._steps[node_id]
            if not consumer.disabled and self._reused.issuperset(consumer.producers):
                yield consumer, 0

    def _is_live(self, step: Step) -> bool:
        """Say whether a step surely starts whose turn has not come: all that may enter it does."""
        # Not asked of one that is recalled: the same entered it when it started last time.
        return all(
            source.output in self._contents[source.node_id]
            for binding in step.bindings
            for source in binding.sources
        )

    def _learn(self, step: Step, kept: KeptOutputs, identity: Identity | None) -> Recalled:
        files = self._looks_at_files(step)
        return self._recaller.learn(step, kept, identity, looks_at_files=files)

    def _try(self, step: Step) -> Verdict:
        try:
            return self._judge.judge(step, self.find)
        except StoreError as error:
            self._keeper.warn(error)
            return Verdict(why=Why.NOT_REUSABLE, detail="what is kept cannot be read")

    def _judge_later(self, step: Step, attempt: int) -> None:
        verdict = self._try(step)
        self._later(partial(self._settle, step, attempt, verdict))

    def _settle(self, step: Step, attempt: int, verdict: Verdict) -> None:
        if step.node_id in self._cancelled:  # while it was looked at
            return
        if verdict.kept is not None:
            found = self._learn(step, verdict.kept, verdict.identity)
            self._serve([self._take_kept(step, attempt, found)])
            return
        if verdict.identity is not None:
            self._identities[step.node_id] = verdict.identity
        other = self._find_twin(step, verdict)
        if other == step.node_id:
            self._decide(step, attempt, verdict)
        elif other in self._contents:
            self._keeper.add(partial(self._find_made, step, attempt, verdict))
        else:
            self._twins.setdefault(self._runs_as(verdict), []).append((step, attempt))

    def _find_twin(self, step: Step, verdict: Verdict) -> str:
        """Return which node of this run makes what this one would: itself, where no other does."""
        if not (self._plan.keeping.reuse and verdict.is_plain_miss and verdict.identity):
            return step.node_id
        return self._runs_for.setdefault(self._runs_as(verdict), step.node_id)

    @staticmethod
    def _runs_as(verdict: Verdict) -> str:
        return verdict.identity.key if verdict.identity is not None else ""

    def _take_kept(self, step: Step, attempt: int, found: Recalled) -> Taken:
        node_id = step.node_id
        self._contents[node_id] = found.contents
        self._reused.add(node_id)
        return found.told, attempt, KeptValues(found.kept, self._outputs, step.spec)

    # --- keeping ------------------------------------------------------------------------------

    def _read(self, made: Made) -> tuple[Mapping[str, Found], Writing | None]:
        contents = self._retainer.read(made)
        if not self._plan.keeping.keeps_all:
            return contents, None
        try:
            return contents, self._retainer.pack(made, contents)
        except StoreError as error:
            self._keeper.warn(error)
            return contents, None

    def _read_later(self, made: Made) -> None:
        contents: Mapping[str, Found] = dict.fromkeys(made.outputs, "could not be looked at")
        write = None
        try:
            contents, write = self._read(made)
            if write is not None:
                self.heavy[made.step.node_id] = write
        finally:
            is_kept = write is not None
            self._later(partial(self._note, made.step.node_id, contents, is_kept=is_kept))
        if write is not None:  # not in the run's thread, which ends with the last node
            write()

    def _note(self, node_id: str, contents: Mapping[str, Found], *, is_kept: bool) -> None:
        self._contents[node_id] = contents
        self.ask(self._blocked.pop(node_id, ()))
        identity = self._identities.get(node_id)
        if identity is not None and self._runs_for.get(identity.key) == node_id:
            if not is_kept:
                del self._runs_for[identity.key]
            self.ask(self._twins.pop(identity.key, ()))

    def _find_made(self, step: Step, attempt: int, verdict: Verdict) -> None:
        """Find what another node of this run made of the very same.

        It is taken as it was kept, for the value in memory may have been changed in place since. What is to
        be written of it is before this in the keeper's line.
        """
        found = None
        try:
            self._outputs.flush()
            found = self._outputs.find(self._runs_as(verdict))
        except StoreError as error:
            self._keeper.warn(error)
        finally:
            self._later(partial(self._settle_twin, step, attempt, verdict, found))

    def _settle_twin(
        self, step: Step, attempt: int, verdict: Verdict, found: KeptOutputs | str | None
    ) -> None:
        if step.node_id in self._cancelled:
            return
        if isinstance(found, KeptOutputs):
            taken = self._take_kept(step, attempt, self._learn(step, found, verdict.identity))
            self._serve([taken])
        else:
            self._decide(step, attempt, verdict)


def _names_files(node_class: type[FlowNode]) -> bool:
    fields = node_class.Config.model_fields.values()
    return any("Path" in str(each.annotation) for each in fields)
