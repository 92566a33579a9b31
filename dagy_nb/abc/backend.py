"""Where a whole run goes: its plan in, the control over it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import threading

    from dagy_nb.abc.runner import Runner
    from dagy_nb.abc.store import Store
    from dagy_nb.abc.surroundings import Clock
    from dagy_nb.model.event import Event
    from dagy_nb.model.state import RunState


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
    """

    max_seconds: float | None = None
    max_memory_mb: float | None = None
    parallel: bool = True
    hard_limits: bool = False
    cell_types: bool = False
    reuse: bool = False


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
        subscribers: Hear every fact from the first one, several nodes' reuse in one (`NodesReused`).
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
