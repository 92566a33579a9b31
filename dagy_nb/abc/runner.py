"""Where and how a node's body runs: one attempt in, its outcome out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from pathlib import Path

    from dagy_nb.model.datatype import DataType
    from dagy_nb.model.event import ErrorFact, Preview


class Enforcement(StrEnum):
    """What a runner can promise about a deadline or a cancel (D8)."""

    HARD = "hard"
    COOPERATIVE = "cooperative"


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a value of one output becomes what an input takes: the declared types of both ends."""

    sources: tuple[DataType, ...]
    targets: tuple[DataType, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCall:
    """One attempt of one node, ready for a runner.

    Attributes:
        run_id: The run.
        node_id: The node.
        attempt: From 1.
        node_class: The `FlowNode` subclass, picklable.
        config: Plain config values, parameters already put in.
        inputs: Input connector → value (a list for MANY, None for an open OPTIONAL).
        parameters: The run's parameters.
        artifacts: The run's artifact folder, which may not exist yet.
        timeout: Limit in seconds or None; the driver keeps the deadline, the runner may use it too.
        memory_mb: Limit of its memory in megabytes or None; runners with processes of their own hold it.
        conversions: Input connector → one conversion for each edge into it, None where its value fits
            as it is. Inputs without any are left out.
        secret_outputs: Outputs whose values are never shown.
    """

    run_id: str
    node_id: str
    attempt: int
    node_class: Any
    config: Mapping[str, Any]
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    artifacts: Path
    timeout: float | None
    memory_mb: float | None = None
    conversions: Mapping[str, tuple[Conversion | None, ...]] = field(default_factory=dict)
    secret_outputs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended in its runner.

    Attributes:
        outputs: Output connector → value, already checked against the declared connectors; None
            where the attempt did not complete.
        error: What went wrong, or None.
        exception: The live exception where it is in this process, for the waiting caller's cause.
        crashed: The worker died without an answer.
        cancelled: The body ended because it was told to.
        broke_contract: The outputs did not fit the declaration.
        previews: Output connector → bounded look at its value.
        holds_failures: It completed although something that it ran inside itself failed.
    """

    outputs: Mapping[str, Any] | None = None
    error: ErrorFact | None = None
    exception: BaseException | None = None
    crashed: bool = False
    cancelled: bool = False
    broke_contract: bool = False
    previews: Mapping[str, Preview] = field(default_factory=dict)
    holds_failures: bool = False


class CallReporter(Protocol):
    """What a runner tells the driver about one call; every method may be called from any thread."""

    def started(self) -> None:
        """Say that the body begins now: the deadline's clock starts."""

    def wrote(self, level: str, text: str) -> None:
        """Pass on one line of output, log or warning."""

    def progressed(self, fraction: float, message: str) -> None:
        """Pass on progress from 0 to 1."""

    def stopped(self, how: str) -> None:
        """Say how a stop went on after `LiveCall.stop` answered `stopping`: its other answers."""

    def ended(self, outcome: Outcome) -> None:
        """Say how the call ended; only the first call counts."""


class LiveCall(Protocol):
    """A call that a runner accepted."""

    def stop(self) -> str:
        """Tell the body to end as hard as this runner can; return at once, saying how that went.

        Returns:
            `cancelled` or `killed`: it is over. `abandoned`: the work may go on, its result is dropped.
            `stopping`: it was told; the reporter hears of the end, or `abandon` is called when the
            driver has waited long enough. `killing`: the same, but nothing can hinder it, so the driver
            waits longer before it gives up.
        """

    def abandon(self) -> None:
        """Hear that the driver has stopped waiting: make room for other calls, drop the result."""


@runtime_checkable
class HereCall(LiveCall, Protocol):
    """A call whose runner wants the body to run in the driver's own thread: the cheapest way."""

    def run_here(self) -> None:
        """Run the body now; the reporter hears of start and end before this returns."""


@runtime_checkable
class Runner(Protocol):
    """Where one node's body runs."""

    name: str
    enforcement: Enforcement

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call and return at once; the reporter hears the rest."""

    def close(self) -> None:
        """End everything this runner still holds."""
