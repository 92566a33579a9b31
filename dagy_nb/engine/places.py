"""Steps that are ready for an attempt in, those whose turn it is out: first come, first served."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagy_nb.engine.steprun import StepRun


class Places:
    """The bound on how many attempts are with their runners at a time.

    Who waits longest is next, so nobody starves; steps that get ready together keep the order of the plan.
    A step that waits for the time of its next attempt has no place and does not stand in line.

    Args:
        most: How many places there are.

    Attributes:
        line: Those who wait.
    """

    __slots__ = ("_free", "line")

    def __init__(self, most: int) -> None:
        self._free = most
        self.line: deque[StepRun] = deque()

    def enter(self, run: StepRun) -> bool:
        """Say whether `run` has a place now; if not, it stands in line."""
        if self.line or self._free < 1:
            self.line.append(run)
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Give a place back."""
        self._free += 1

    def call_next(self) -> StepRun | None:
        """Give a free place to the one who waits longest; None where there is no such place or step."""
        while self.line and self._free >= 1:
            run = self.line.popleft()
            if not run.state.is_final:
                self._free -= 1
                return run
        return None
