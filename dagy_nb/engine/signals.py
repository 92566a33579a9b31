"""What the machine is told (signals) and what it says in return (instructions): frozen words.

Signals carry the time they happened, since the machine has no clock. The facts to record stand between the
instructions. None of them carries a user's value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import NamedTuple

from dagy_nb.engine.ending import Ending
from dagy_nb.engine.word import word
from dagy_nb.model.event import ErrorFact, Event, Preview, ReusedNode
from dagy_nb.model.state import Reason, Why


class TimerKind(StrEnum):
    """What falls due."""

    RUN = "run"
    ATTEMPT = "attempt"
    GRACE = "grace"
    RETRY = "retry"


class Timer(NamedTuple):
    """The key of a timer; `node_id` is empty for the run's own."""

    kind: TimerKind
    node_id: str = ""
    attempt: int = 0


@word(kw_only=True)
class Signal:
    """The base of what the machine is told.

    Attributes:
        at: When, in seconds since the epoch, UTC.
    """

    at: float


@word(kw_only=True)
class RunBegun(Signal):
    """The driver is ready."""


@word(kw_only=True)
class AttemptBegun(Signal):
    """A runner acknowledged that a body begins: the attempt's limit counts from here."""

    node_id: str
    attempt: int


@word(kw_only=True)
class AttemptEnded(Signal):
    """A runner said how an attempt ended.

    Attributes:
        live: The outputs that have a value.
        error: What went wrong; None where the attempt completed.
        reason: Why it failed.
        previews: Output connector → preview.
    """

    node_id: str
    attempt: int
    live: frozenset[str] = frozenset()
    error: ErrorFact | None = None
    reason: Reason = Reason.RAISED
    previews: Mapping[str, Preview] = field(default_factory=dict)


@word(kw_only=True)
class ReasonFound(Signal):
    """The driver looked for kept outputs of an attempt that was handed out, and found why it must run.

    Attributes:
        why: Why it is not reused.
        why_detail: What that means here, in a few words.
        key: What its outputs are kept under; empty where they are not.
    """

    node_id: str
    attempt: int
    why: Why | None = None
    why_detail: str = ""
    key: str = ""


@word(kw_only=True)
class Reused:
    """A step whose kept outputs take the place of its body.

    Attributes:
        node: What is told of it.
        ending: How the steps behind it see it.
    """

    node: ReusedNode
    ending: Ending


@word(kw_only=True)
class StepsReused(Signal):
    """The driver found kept outputs of steps: their bodies do not run.

    Attributes:
        steps: Producers before consumers; some may not have been handed out yet.
    """

    steps: tuple[Reused, ...]


@word(kw_only=True)
class StopAnswered(Signal):
    """A runner said how it stopped a call: `cancelled`, `killed`, `abandoned`, or `stopping`."""

    node_id: str
    attempt: int
    how: str


@word(kw_only=True)
class LineWritten(Signal):
    """A body wrote a line."""

    node_id: str
    attempt: int
    level: str
    text: str


@word(kw_only=True)
class ProgressMade(Signal):
    """A body told how far it is."""

    node_id: str
    attempt: int
    fraction: float
    message: str = ""


@word(kw_only=True)
class TimerFired(Signal):
    """A timer fell due: an attempt's limit, the run's, the patience with a stop, or a wait for a retry."""

    timer: Timer


@word(kw_only=True)
class CancelAsked(Signal):
    """Somebody asked to cancel one node, or the run where `node_id` is empty."""

    node_id: str = ""
    by: str = ""


@word()
class Instruction:
    """The base of what the driver is to do, beside recording and telling facts."""


@word()
class Start(Instruction):
    """Hand an attempt to its runner."""

    node_id: str
    attempt: int


@word()
class Stop(Instruction):
    """Tell the runner to end a call, and pass on its answer as `StopAnswered`."""

    node_id: str
    attempt: int


@word()
class Abandon(Instruction):
    """Stop waiting for a call."""

    node_id: str
    attempt: int


@word()
class ArmTimer(Instruction):
    """Fire a timer after so many seconds."""

    timer: Timer
    seconds: float


@word()
class DisarmTimer(Instruction):
    """Forget a timer."""

    timer: Timer


@word()
class KeepOutputs(Instruction):
    """Take over the values of an attempt that completed; without this they are dropped."""

    node_id: str
    attempt: int


@word()
class GiveError(Instruction):
    """Put an error as value on a node's ERROR outputs."""

    node_id: str
    outputs: tuple[str, ...]
    error: ErrorFact


@word()
class DropOutputs(Instruction):
    """Let go of a node's values: the last consumer has had them."""

    node_id: str


@word()
class Finish(Instruction):
    """The run is over; nothing follows."""


Said = Instruction | Event
"""What the machine says: what to do, or a fact to record."""
