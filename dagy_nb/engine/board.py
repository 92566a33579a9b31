"""A plan in, where all its steps are during a run out: the machine's notes, and what follows from an end."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from dagy_nb.engine.ending import Ending, end_well
from dagy_nb.engine.fate import end_step
from dagy_nb.engine.places import Places
from dagy_nb.engine.signals import DisarmTimer, DropOutputs, Start
from dagy_nb.engine.steprun import StepRun
from dagy_nb.model.spec import RunnerName
from dagy_nb.model.state import NodeState, Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dagy_nb.engine.outbox import Outbox
    from dagy_nb.engine.plan import Plan
    from dagy_nb.engine.signals import AttemptEnded
    from dagy_nb.model.event import ErrorFact, ReusedNode

# Looked up once: each time costs as much as a call.
_PENDING, _COMPLETED, _SKIPPED = NodeState.PENDING, NodeState.COMPLETED, NodeState.SKIPPED
_INLINE = RunnerName.INLINE


class Board:
    """The steps of one run.

    Attributes:
        steps: Node id → where it is, in the plan's order.
        endings: Node id → how it ended.
        open: How many steps have not ended.
        ready: Steps whose producers have all ended, still to be decided on.
        is_halted: Nothing more is decided on.
    """

    def __init__(self, plan: Plan, out: Outbox) -> None:
        self.steps = {step.node_id: StepRun(step) for step in plan.steps}
        self.endings: dict[str, Ending] = {}
        self.open = len(plan.steps)
        self.ready: deque[StepRun] = deque()
        self.is_halted = False
        self._spills = plan.keep_outputs
        self._keeps_outputs = plan.keep_outputs and not plan.keeping.keeps_all
        self._places = Places(plan.max_parallel) if plan.max_parallel is not None else None
        self._out = out

    def find(self, node_id: str, attempt: int) -> StepRun | None:
        """Return the step if this attempt of it is going on."""
        run = self.steps.get(node_id)
        return run if run is not None and run.is_out and run.attempt == attempt else None

    def launch(self, run: StepRun, at: float) -> None:
        """Hand out the next attempt, as soon as there is a place for it."""
        if run.state is _PENDING and run.step.runner != _INLINE:
            run.turn(NodeState.QUEUED)
            self._out.tell_queued(at, run.step.node_id)
        if self._places is None or self._places.enter(run):
            self._start(run)

    def fill_places(self) -> None:
        """Hand out attempts that stand in line, as far as there are places."""
        places = self._places
        while places is not None and places.line and (run := places.call_next()) is not None:
            self._start(run)

    def take_back(self, run: StepRun) -> None:
        """Note that the attempt which was handed out is over."""
        run.is_out = False
        if self._places is not None:
            self._places.leave()

    def lift_limit(self, run: StepRun) -> None:
        """Forget the limit of the attempt that goes on."""
        if run.limit is not None:
            self._out.say(DisarmTimer(run.limit))
            run.limit = None

    def end(
        self,
        run: StepRun,
        state: NodeState,
        at: float,
        *,
        reason: Reason | None = None,
        error: ErrorFact | None = None,
        ending: Ending | None = None,
        enforcement: str = "",
    ) -> None:
        """Bring a step to its final state, tell it, and let those behind it come up."""
        self._close(run, state, ending or end_step(run.step, state, reason))
        self._out.tell_ended(
            at,
            run.step.node_id,
            state,
            attempts=run.begun,
            reason=reason,
            error=error,
            enforcement=enforcement,
            cause=ending.cause if ending and reason is ending.reason else (),
            found=run.found,
        )
        self._go_on(run)

    def end_completed(self, run: StepRun, ended: AttemptEnded) -> None:
        """Bring a step to its end whose body came to its own."""
        self._close(run, _COMPLETED, end_well(ended.node_id, ended.live))
        self._out.tell_completed(ended, run.found)
        self._go_on(run)

    def end_reused(self, run: StepRun, ending: Ending) -> None:
        """Bring a step to its end whose kept outputs take the place of its body; `tell_reused` follows."""
        self._close(run, _SKIPPED, ending)
        self._tell_consumers(run)

    def tell_reused(self, runs: Sequence[StepRun], nodes: Iterable[ReusedNode], at: float) -> None:
        """Tell of steps that ended so, and let those before them let go of what nobody needs."""
        self._out.tell_reused(at, nodes)
        if not self._keeps_outputs:
            for run in runs:
                self._release(run, was_read=False)

    def _close(self, run: StepRun, state: NodeState, ending: Ending) -> None:
        if run.is_out:
            self.take_back(run)
        run.turn(state)
        self.endings[run.step.node_id] = ending
        self.open -= 1

    def _go_on(self, run: StepRun) -> None:
        """Let the steps behind one that ended come up, and those before it let go of what nobody needs."""
        self._tell_consumers(run)
        if not self._keeps_outputs:
            self._release(run, was_read=True)

    def _start(self, run: StepRun) -> None:
        run.attempt += 1
        run.is_out = True
        self._out.say(Start(run.step.node_id, run.attempt))

    def _tell_consumers(self, run: StepRun) -> None:
        for node_id in run.step.consumers:
            consumer = self.steps[node_id]
            consumer.waiting -= 1
            if consumer.waiting == 0 and not self.is_halted:
                self.ready.append(consumer)

    def _release(self, run: StepRun, *, was_read: bool) -> None:
        for node_id in run.step.producers:
            producer = self.steps[node_id]
            producer.readers -= 1
            producer.is_read |= was_read
            # Kept outputs that nobody read are not held.
            is_held = producer.is_read or producer.begun or not self._spills
            if producer.readers == 0 and is_held and not producer.step.is_sink:
                self._out.say(DropOutputs(node_id))
