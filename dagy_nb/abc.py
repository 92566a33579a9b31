"""What you may plug in: runners, backends, stores, secret sources, notifiers, clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from dagy_nb.model.datatype import DataType
    from dagy_nb.model.event import ErrorFact, Event, Preview
    from dagy_nb.model.flow import FlowSpec, FlowVersion
    from dagy_nb.model.record import LogRecord, RunRecord
    from dagy_nb.model.state import RunState


@runtime_checkable
class Clock(Protocol):
    """Where times come from; tests turn it by hand."""

    def now(self) -> float:
        """Return seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""


class Enforcement(StrEnum):
    """What a runner can promise about a deadline or a cancel (D8)."""

    HARD = "hard"
    COOPERATIVE = "cooperative"
    ADVISORY = "advisory"


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
    """

    outputs: Mapping[str, Any] | None = None
    error: ErrorFact | None = None
    exception: BaseException | None = None
    crashed: bool = False
    cancelled: bool = False
    broke_contract: bool = False
    previews: Mapping[str, Preview] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Page:
    """A page of runs, newest first, with the cursor of the next page (None at the end)."""

    runs: Sequence[RunRecord]
    next_cursor: str | None = None


@runtime_checkable
class Store(Protocol):
    """Where facts go, and what can be asked of them."""

    def append(self, *events: Event, durable: bool = False) -> None:
        """Write facts; when it returns they survive the death of any process.

        Args:
            events: In order.
            durable: Survive a power loss too.

        Raises:
            StoreError: `store.unwritable`, `store.full`.
        """

    def run(self, run_id: str) -> RunRecord:
        """Return one run with its node runs, fresh to the last fact.

        Raises:
            UnknownName: `unknown.run`; a unique prefix of an id of at least 4 characters is enough.
        """

    def runs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        flow: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        parent: str | None = None,
        nested: bool = False,
    ) -> Page:
        """Return runs without their nodes, newest first.

        Args:
            limit: How many at the most.
            cursor: `next_cursor` of the page before.
            flow: Only runs of this flow.
            state: Only runs in this state.
            kind: Only `flow` or `notebook` runs.
            parent: Only runs directly inside this run (its whole id).
            nested: Without `parent`: also runs inside a node (Map, sub-flow) of another run, which
                otherwise show under their parent only.
        """

    def logs(
        self, run_id: str, node_id: str | None = None, *, last: int | None = None
    ) -> list[LogRecord]:
        """Return the log lines of a run in the order they were written.

        Args:
            run_id: The run.
            node_id: Only lines of this node.
            last: Only so many of the last lines of each node; all by default.
        """

    def publish_flow(
        self,
        spec: FlowSpec,
        *,
        node_versions: Mapping[str, str],
        expected: int | None = None,
        author: str = "",
        reason: str = "",
    ) -> FlowVersion:
        """Make an immutable version, by compare-and-set.

        Args:
            spec: The flow.
            node_versions: Node type → version.
            expected: The newest version the caller knows; None does not compare.
            author: Who.
            reason: Why.

        Raises:
            ConflictError: Another version came first.
        """

    def flow_version(self, flow: str, version: int | None = None) -> FlowVersion:
        """Return one version of a flow, the newest by default.

        Raises:
            UnknownName: `unknown.flow`, `unknown.flow_version`.
        """

    def flow_versions(self, flow: str | None = None) -> list[FlowVersion]:
        """Return the versions of one flow, newest first, or the newest version of every flow."""

    def cancel_requested(self, run_id: str) -> Sequence[str] | None:
        """Return what other processes asked to cancel: node ids, empty for the whole run, or None."""

    def connect(self) -> Any:
        """Return a new `duckdb` connection over all records, live tail included."""

    def close(self) -> None:
        """Write what is left and let go of everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a backend can do; a run is checked against it before it is submitted.

    Attributes:
        max_seconds: The longest run it takes; None for any.
        max_memory_mb: The largest memory limit of a node it takes, in megabytes; None for any.
        parallel: Independent nodes run at the same time.
        hard_limits: Limits that must end the work whatever it does (process runner, memory) hold there.
        cell_types: It takes node types that were defined in cells.
        reuse: It can use kept outputs again, and keep them.
        survives_kernel: A run goes on there when the process that started it is gone.
    """

    max_seconds: float | None = None
    max_memory_mb: float | None = None
    parallel: bool = True
    hard_limits: bool = False
    cell_types: bool = False
    reuse: bool = False
    survives_kernel: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A whole run for a backend.

    Attributes:
        plan: What is carried through (`dagy_nb.engine.plan.Plan`), picklable.
        record: Takes facts, in order; what it is given is in the records when it returns.
        clock: Where times come from.
        runners: Runner name → runner of the process that submits.
        settings: What the user set there (`dagy_nb.settings.Settings`).
        store: Where `record` writes to.
        flow_hash: `content_hash` of the flow as it was written.
        parent_run_id: The notebook run in which this run was started.
        backend: The name under which the backend was chosen.
        backend_reason: Why.
        subscribers: Hear every fact from the first one.
        engine: Further arguments of `dagy_nb.engine.driver.start_run`, which mean something in the
            submitting process only.
    """

    plan: Any
    record: Callable[[tuple[Event, ...]], None]
    clock: Clock
    runners: Mapping[str, Runner]
    settings: Any
    store: Store
    flow_hash: str = ""
    parent_run_id: str = ""
    backend: str = "kernel"
    backend_reason: str = ""
    subscribers: tuple[Callable[[Event], None], ...] = ()
    engine: Mapping[str, Any] = field(default_factory=dict)


class RunControl(Protocol):
    """A run that a backend accepted; every method may be called from any thread and returns at once.

    `done` is set when the run is over, everything is recorded and every subscriber has heard of it.
    """

    plan: Any
    run_id: str
    done: threading.Event

    @property
    def state(self) -> RunState:
        """Where the run is now."""

    @property
    def outputs(self) -> Mapping[str, Any]:
        """`node.output` → value, of what is here up to now; complete when the run is over."""

    @property
    def exceptions(self) -> Mapping[str, BaseException]:
        """Node id → exception, of the nodes that failed and whose exception could be brought here."""

    @property
    def recording_error(self) -> Exception | None:
        """Why the store did not take the last facts, or None."""

    def cancel(self, node_id: str = "", *, by: str = "") -> None:
        """Ask the run, or one node of it, to end; on a run that is over it does nothing.

        Raises:
            UnknownName: `unknown.node`.
        """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the end; return whether it came."""

    def subscribe(self, callback: Callable[[Event], None]) -> Callable[[], None]:
        """Call `callback` with every fact from now on, in another thread; return what ends that."""


@runtime_checkable
class Backend(Protocol):
    """Where a whole run goes; a plug-in gives one by the entry point group `dagy_nb.backends`.

    Attributes:
        name: By which it is asked for.
        capabilities: What it can do.
    """

    name: str
    capabilities: Capabilities

    @property
    def missing(self) -> str:
        """What has to be done before it can be used here; empty where nothing has."""

    def submit(self, submission: Submission) -> RunControl:
        """Begin the run and return at once; where it raises, nothing of the run is recorded.

        Raises:
            BackendError: `backend.*`.
        """

    def close(self) -> None:
        """Let go of everything that this backend still holds."""


@runtime_checkable
class SecretSource(Protocol):
    """Where secrets come from, by name, in the process that runs (D20)."""

    def get(self, name: str) -> str | None:
        """Return the secret's value, or None where this source does not know it."""


@runtime_checkable
class Notifier(Protocol):
    """Who hears of facts outside the store."""

    def notify(self, event: Event) -> None:
        """Pass on a fact; may fail without harm to the run."""
