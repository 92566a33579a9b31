"""The nodes of a run of which nothing is kept in, the inputs of those that failed kept for `replay` out.

As runs inside nodes are, of which only the node around them is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from dagy_nb.engine.keeper import HURRIED_PATIENCE, PATIENCE, Keeper
from dagy_nb.engine.snapshot import Entered, take_snapshots, was_taken
from dagy_nb.engine.tapping import Tap, walk_given
from dagy_nb.model.state import FAILED_STATES

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Outcome
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.engine.reusing import Asking
    from dagy_nb.engine.values import RunValues
    from dagy_nb.model.event import ErrorFact, NodeEnded

MOST = 100
"""Of how many failed nodes of one run the inputs are kept: a Map may have thousands of items."""


class TapShelf:
    """What a run keeps of which nothing is asked; see `dagy_nb.engine.shelf.Shelf`, whose calls these are.

    Args:
        plan: The run's plan.
        values: The run's values.
        outputs: Where it is kept.
        clock: Where times come from.
    """

    is_asked = False

    def __init__(self, plan: Plan, values: RunValues, outputs: OutputStore, clock: Clock) -> None:
        self._steps = plan.steps.by_id
        self._values = values
        self._outputs = outputs
        self._keeper = Keeper(plan.run_id, outputs)
        self._tap = Tap(plan, outputs, clock.now)
        self._entered: dict[str, Entered] = {}
        self._count = 0

    def enter(self, step: Step) -> None:
        """Hear that a step is handed to its runner."""
        entering = (*self._values.walk(step), *walk_given(step))
        self._entered[step.node_id] = take_snapshots(entering)

    def end(self, event: NodeEnded) -> None:
        """Hear that a node ended; what entered one that failed is kept."""
        taken = self._entered.pop(event.node_id, None)
        if taken is None or event.state not in FAILED_STATES or self._count == MOST:
            return
        if not self._count:
            self._outputs.hold()
        self._count += 1
        step = self._steps[event.node_id]
        self._keeper.add(partial(self._write, step, event.attempts, taken))

    def finish(self, *, is_hurried: bool) -> None:
        """Wait until all is written, not for ever; then let go."""
        if self._count:
            self._keeper.add(self._outputs.release)
            self._keeper.wait(HURRIED_PATIENCE if is_hurried else PATIENCE)

    def ask(self, asked: Sequence[Asking]) -> None:
        """Do nothing: nothing is reused."""

    def take(self, node_id: str, outcome: Outcome) -> None:
        """Do nothing: no output is kept."""

    def give(self, node_id: str, outputs: tuple[str, ...], error: ErrorFact) -> None:
        """Do nothing: no output is kept."""

    def spill(self, node_id: str) -> None:
        """Do nothing: values stay until the run is over."""

    def _write(self, step: Step, attempt: int, taken: Entered) -> None:
        values = {place: each.value for place, each in taken.items()}
        self._tap.pack(step, attempt, values, partial(was_taken, taken))()
