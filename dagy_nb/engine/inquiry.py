"""Steps that are to start in, signals for the machine out: what a run asks its shelf before bodies begin."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.signals import ReasonFound, StepsReused

if TYPE_CHECKING:
    from dagy_nb.abc import Clock
    from dagy_nb.engine.judging import Verdict
    from dagy_nb.engine.plan import Step
    from dagy_nb.engine.reusing import Asking, Taken
    from dagy_nb.errors import DagyError


class Inquiry:
    """The open questions of one run and their answers; used by the run's thread only.

    Args:
        clock: Where times come from.

    Attributes:
        refused: Node id → why a step must neither run nor be reused.
    """

    def __init__(self, clock: Clock) -> None:
        self.refused: dict[str, DagyError] = {}
        self._clock = clock
        self._open: set[str] = set()
        self._asking: list[Asking] = []
        self._answers: deque[ReasonFound | StepsReused] = deque()
        self._served: dict[str, Mapping[str, Any]] = {}

    @property
    def has_news(self) -> bool:
        """Whether there is anything to ask or to hear."""
        return bool(self._asking or self._answers)

    def add(self, step: Step, attempt: int) -> None:
        """Ask about an attempt that is to be handed out."""
        self._open.add(step.node_id)
        self._asking.append((step, attempt))

    def withdraw(self, node_id: str) -> bool:
        """Ask no more; return whether the answer was still open."""
        was_open = node_id in self._open
        self._open.discard(node_id)
        return was_open

    def answer(
        self, ask: Callable[[Sequence[Asking]], None]
    ) -> Iterator[ReasonFound | StepsReused]:
        """Put the questions, and yield what was answered, also before; whoever takes it may add to them.

        Args:
            ask: Puts them; `decide` and `serve` hear the answers, at once or later.
        """
        while self.has_news:
            if self._asking:
                asking, self._asking = self._asking, []
                ask(asking)
            while self._answers:
                yield self._answers.popleft()

    def decide(self, step: Step, attempt: int, verdict: Verdict, key: str) -> None:
        """Hear why a step runs, and under which key its outputs will be kept, empty where they are not."""
        if not self.withdraw(step.node_id):
            return
        if verdict.refused is not None:
            self.refused[step.node_id] = verdict.refused
        found = ReasonFound(
            at=self._clock.now(),
            node_id=step.node_id,
            attempt=attempt,
            why=verdict.why,
            why_detail=verdict.detail,
            key=key,
        )
        self._answers.append(found)

    def serve(self, taken: Sequence[Taken]) -> None:
        """Hear what takes the place of steps, of some of them before they were asked about."""
        wanted = [each for each in taken if not each[1] or self.withdraw(each[0].node.node_id)]
        self._served.update((told.node.node_id, values) for told, _, values in wanted)
        steps = tuple(told for told, _, _ in wanted)
        self._answers.append(StepsReused(at=self._clock.now(), steps=steps))

    def take_served(self, node_id: str) -> Mapping[str, Any]:
        """Return the values of a step that was reused."""
        return self._served.pop(node_id)
