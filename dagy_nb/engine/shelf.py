"""What happens in a run in, what it takes from earlier runs and keeps for later ones out.

The one door between a run's loop and reuse, keeping and the wire tap; used by the run's thread only.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.aside import Aside
from dagy_nb.engine.content import Content
from dagy_nb.engine.ingredients import refuse_keeping
from dagy_nb.engine.judging import Verdict
from dagy_nb.engine.keeper import HURRIED_PATIENCE, PATIENCE, Keeper
from dagy_nb.engine.kept_values import KeptValues
from dagy_nb.engine.retaining import Made, Retainer, Writing
from dagy_nb.engine.reusing import Asking, Reuse, Serve
from dagy_nb.engine.snapshot import was_taken
from dagy_nb.engine.tapping import Tap
from dagy_nb.engine.weight import is_light
from dagy_nb.errors import StoreError
from dagy_nb.model.state import FAILED_STATES

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Outcome
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.snapshot import Entered
    from dagy_nb.engine.values import RunValues
    from dagy_nb.engine.wires import Source
    from dagy_nb.model.event import ErrorFact, NodeEnded

_LOG = logging.getLogger(__name__)


class Shelf:
    """What one run keeps.

    Args:
        plan: The run's plan.
        values: The run's values.
        outputs: Where it is kept.
        clock: Where times come from.
        decide: Hears of a step that runs, and under which key its outputs will be kept, in the run's thread.
        serve: Hears of steps that do not, in the run's thread.
        later: Does something in the run's thread, from any other.
    """

    def __init__(
        self,
        plan: Plan,
        values: RunValues,
        outputs: OutputStore,
        clock: Clock,
        *,
        decide: Callable[[Step, int, Verdict, str], None],
        serve: Serve,
        later: Callable[[Callable[[], None]], None],
    ) -> None:
        self._plan = plan
        self._values = values
        self._outputs = outputs
        self._clock = clock
        self._tell = decide
        self._later = later
        self._steps = plan.steps.by_id
        self._keeper = Keeper(plan.run_id, outputs)
        self._tap = Tap(plan, outputs, clock.now)
        self._retainer = Retainer(plan, outputs)
        self._reuse: Reuse | None = None
        if plan.keeping.is_asked:
            self._reuse = Reuse(
                plan, values, outputs, self._keeper, decide=self._hear, serve=serve, later=later
            )
        self._began: dict[str, float] = {}
        self._entered: dict[str, Entered] = {}
        self._tapped: set[str] = set()
        outputs.hold()

    @cached_property
    def _aside(self) -> Aside:
        """What is kept unasked; a run that reuses has no need of it."""
        return Aside(self._plan, self._values, self._outputs, self._keeper)

    @property
    def is_asked(self) -> bool:
        """Whether a step's start waits for `decide` or `serve`."""
        return self._reuse is not None

    def ask(self, asked: Sequence[Asking]) -> None:
        """Find out what is to become of steps; `decide` and `serve` hear it, at once or later."""
        assert self._reuse is not None
        self._reuse.ask(asked)

    def enter(self, step: Step) -> None:
        """Hear that a step is handed to its runner."""
        self._began[step.node_id] = self._clock.monotonic()
        if self._reuse is None:
            self._entered[step.node_id] = self._aside.enter(step)

    def take(self, node_id: str, outcome: Outcome) -> None:
        """Hear what a node made."""
        seconds = self._clock.monotonic() - self._began.pop(node_id)
        if self._reuse is None and not self._aside.wants(node_id, seconds):
            return
        made = Made(
            step=self._steps[node_id],
            outputs=outcome.outputs or {},
            previews=outcome.previews,
            identity=self._reuse.identity(node_id) if self._reuse is not None else None,
            seconds=seconds,
            at=self._clock.now(),
            holds_failures=outcome.holds_failures,
        )
        if self._reuse is not None:
            self._reuse.take(made)
        else:
            self._aside.take(made, self._entered.pop(node_id, {}))

    def give(self, node_id: str, outputs: tuple[str, ...], error: ErrorFact) -> None:
        """Hear that an error is led on as a value."""
        if self._reuse is not None:
            self._reuse.give(node_id, outputs, error)

    def end(self, event: NodeEnded) -> None:
        """Hear that a node ended; what entered one that failed is kept."""
        if event.state in FAILED_STATES and event.node_id not in self._tapped and event.attempts:
            self._tap_failed(self._steps[event.node_id], event.attempts)
        if self._reuse is not None:
            self._reuse.end(event)
        self._entered.pop(event.node_id, None)
        self._began.pop(event.node_id, None)

    def spill(self, node_id: str) -> None:
        """Let go of a node's large values, which nobody of this run needs any more, once they are kept."""
        if self._reuse is None:
            return
        written = self._reuse.heavy.pop(node_id, None)
        if written is None:
            self._values.spill(node_id, None)
        else:  # what is to be written of it is before this in the line
            self._keeper.add(partial(self._spill, node_id, written))

    def _spill(self, node_id: str, written: Writing) -> None:
        kept = None
        if written.is_done:
            kept = KeptValues(written.kept, self._outputs, self._steps[node_id].spec)
        self._values.spill(node_id, kept)

    def finish(self, *, is_hurried: bool) -> None:
        """Wait until all is written, not for ever; then let go."""
        patience = HURRIED_PATIENCE if is_hurried else PATIENCE
        self._keeper.add(self._outputs.release)
        if not self._keeper.wait(patience):
            _LOG.warning("Run %s ended; what it keeps is still being written.", self._plan.run_id)
            return
        self._reuse = None  # who looks at the run later needs no digests

    # --- the wire tap -------------------------------------------------------------------------

    def _hear(self, step: Step, attempt: int, verdict: Verdict) -> None:
        if verdict.refused is not None or not self._plan.keeping.tap:
            self._decide(step, attempt, verdict)
            return
        self._tapped.add(step.node_id)
        entered = self._read(step)
        if all(map(is_light, entered.values())):
            self._keeper.add(self._tap.pack(step, attempt, entered, _surely))
            self._decide(step, attempt, verdict)
        else:
            self._keeper.add(partial(self._tap_later, step, attempt, verdict, entered))

    def _decide(self, step: Step, attempt: int, verdict: Verdict) -> None:
        key = ""
        if verdict.identity and self._plan.keeping.keeps_all and not refuse_keeping(step):
            key = self._retainer.name_key(step, verdict.identity)
        self._tell(step, attempt, verdict, key)

    def _tap_later(
        self, step: Step, attempt: int, verdict: Verdict, entered: Mapping[tuple[str, str], Any]
    ) -> None:
        try:
            self._tap.pack(step, attempt, entered, _surely)()
        finally:
            self._later(partial(self._decide, step, attempt, verdict))

    def _tap_failed(self, step: Step, attempt: int) -> None:
        taken = self._entered.get(step.node_id)
        if taken is None:
            try:
                entered = self._read(step)
            except StoreError:
                return  # what it was to get cannot be read: that is why it failed
            was_so = self._was_noted
        else:
            entered = {place: each.value for place, each in taken.items()}
            was_so = partial(was_taken, taken)
        self._keeper.add(partial(self._write_tap, step, attempt, entered, was_so))

    def _write_tap(self, step: Step, attempt: int, entered: Any, was_so: Any) -> None:
        self._tap.pack(step, attempt, entered, was_so)()

    def _read(self, step: Step) -> dict[tuple[str, str], Any]:
        return {(source.node_id, source.output): value for source, value in self._values.walk(step)}

    def _was_noted(self, source: Source, _: Any, content: Content) -> bool:
        assert self._reuse is not None
        noted = self._reuse.find(source.node_id, source.output)
        return isinstance(noted, Content) and noted.digest == content.digest


def _surely(*_: Any) -> bool:
    return True
