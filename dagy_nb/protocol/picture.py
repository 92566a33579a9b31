"""A flow and its record as a browser (or an SVG) draws it. Values only; `draw` makes them."""

from __future__ import annotations

from typing import Any, Literal

from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.frozen import FrozenModel
from dagy_nb.model.retry import RetrySpec, Trigger


class ConnectorPicture(FrozenModel):
    """A connector as drawn; `type_key` is the key into the compatibility table."""

    name: str
    types: tuple[str, ...]
    type_key: str
    cardinality: Literal["one", "many", "optional"]
    side: Literal["left", "top", "right", "bottom"]
    description: str = ""
    required: bool = False
    secret: bool = False


class DiagnosticPicture(FrozenModel):
    """A diagnostic at its place; empty texts where the place has no such part."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    suggestion: str = ""
    node: str = ""
    connector: str = ""
    field: str = ""
    edge: str = ""


class NodePicture(FrozenModel):
    """A node as drawn.

    Attributes:
        missing: Its type is not defined here; connectors are then guessed from its edges.
        stale: The type was redefined after the last run that is shown.
        version: Of the node type, for display.
        runner: As chosen for this node, or "" to follow the class.
        retries: As chosen for this node, None to follow the class; so are `retry` and `memory_mb`.
        effective_runner: Where it will run.
        effective_timeout: Its limit in seconds, None for none.
    """

    id: str
    type: str
    label: str
    x: float
    y: float
    width: float
    height: float
    category: str = ""
    icon: str = ""
    config: dict[str, Any] = {}
    missing: bool = False
    stale: bool = False
    unavailable: str = ""
    version: str = ""
    inputs: tuple[ConnectorPicture, ...] = ()
    outputs: tuple[ConnectorPicture, ...] = ()
    timeout: float | None = None
    runner: str = ""
    retries: int | None = None
    retry: RetrySpec | None = None
    trigger: Trigger = Trigger.ALL_SUCCESS
    memory_mb: float | None = None
    disabled: bool = False
    effective_runner: str = ""
    effective_timeout: float | None = None


class EdgePicture(FrozenModel):
    """An edge as drawn; `broken` says why it no longer fits, empty where it fits."""

    id: str
    source: str
    output: str
    target: str
    input: str
    verdict: Literal["ok", "unknown", "no"]
    reason: str = ""
    broken: str = ""
    repair: str = ""


class ParameterPicture(FrozenModel):
    """A flow parameter as the run form shows it."""

    name: str
    type: str
    default: Any = None
    has_default: bool = False
    description: str = ""


class FlowPicture(FrozenModel):
    """A flow as drawn, at one revision of the draft."""

    revision: int
    name: str
    description: str = ""
    parameters: tuple[ParameterPicture, ...] = ()
    nodes: tuple[NodePicture, ...] = ()
    edges: tuple[EdgePicture, ...] = ()
    diagnostics: tuple[DiagnosticPicture, ...] = ()
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    timeout: float | None = None
    node_timeout: float | None = None
    backend: str | None = None
    undo: str = ""
    redo: str = ""


class PreviewPicture(FrozenModel):
    """A bounded look at one output value."""

    type: str
    summary: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    shape: tuple[int, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    hidden: bool = False


class NodeStatus(FrozenModel):
    """The state of one node run; times are seconds since the epoch.

    Attributes:
        runner: Where it runs; `nested` where other nodes run inside it.
        retry_at: When the next attempt is due, while it waits for it.
        why: Why it was not reused, where reuse was asked for; `why_detail` says it in words.
        reused_from: The run whose outputs it took.
    """

    state: str
    reason: str = ""
    runner: str = ""
    attempts: int = 0
    retry_at: float | None = None
    why: str = ""
    why_detail: str = ""
    reused_from: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    fraction: float = 0.0
    message: str = ""
    error_code: str = ""
    error: str = ""
    traceback: str = ""
    suggestion: str = ""
    enforcement: str = ""
    cause: tuple[str, ...] = ()
    previews: dict[str, PreviewPicture] = {}
    log_tail: tuple[str, ...] = ()


class RunPicture(FrozenModel):
    """The state of one run; `now` is the kernel's clock, so that durations can tick.

    Attributes:
        backend: Where it went, and `backend_reason` why.
        resumed_from: The run that it goes on with; empty for a fresh one.
    """

    run_id: str
    state: str
    backend: str = ""
    backend_reason: str = ""
    resumed_from: str = ""
    started_at: float | None = None
    ended_at: float | None = None
    now: float = 0.0
    error: str = ""
    nodes: dict[str, NodeStatus] = {}


class NodeForecastPicture(FrozenModel):
    """What would become of one node; `why` and `detail` say why it would run."""

    action: Literal["run", "reuse", "maybe", "skip"]
    why: str = ""
    detail: str = ""
    from_run: str = ""
    seconds: float | None = None


class ForecastPicture(FrozenModel):
    """What a run with reuse would do with the flow at this revision, and node types as they are."""

    revision: int
    nodes: dict[str, NodeForecastPicture] = {}
    force: tuple[str, ...] = ()


class BackendPicture(FrozenModel):
    """A backend that runs may go to; `missing` says why not from here, empty where they may."""

    name: str
    missing: str = ""


class LevelPicture(FrozenModel):
    """What one level of those that may name a backend says; `backend` is empty where it says nothing."""

    level: str
    backend: str = ""
    words: str = ""


class RoutePicture(FrozenModel):
    """Where a run of the flow at this revision would go.

    Attributes:
        backend: The chosen backend; empty where none could be chosen.
        level: The level that chose it, and `reason` in a sentence why.
        problem: Why the run cannot go there; empty where it can.
        levels: What each level says, the strongest first.
        backends: All that there are.
    """

    revision: int
    backend: str = ""
    level: str = ""
    reason: str = ""
    problem: str = ""
    suggestion: str = ""
    levels: tuple[LevelPicture, ...] = ()
    backends: tuple[BackendPicture, ...] = ()


class TypePicture(FrozenModel):
    """A node type as the palette shows it; `search` is lower-case text to look in.

    Attributes:
        retries: Further attempts, made as `retry` says, where a node asks for no other number.
        no_retry: Why no further attempt is made, whatever is asked for; empty where it is.
    """

    type: str
    label: str
    description: str = ""
    category: str = "General"
    tags: tuple[str, ...] = ()
    icon: str = ""
    origin: str = ""
    version: str = ""
    runner: str = ""
    timeout: float | None = None
    retries: int = 0
    retry: RetrySpec = RetrySpec()
    no_retry: str = ""
    memory_mb: float | None = None
    side_effects: bool = False
    unavailable: str = ""
    inputs: tuple[ConnectorPicture, ...] = ()
    outputs: tuple[ConnectorPicture, ...] = ()
    config_schema: dict[str, Any] = {}
    config_defaults: dict[str, Any] = {}
    search: str = ""


class VerdictPicture(FrozenModel):
    """One cell of the compatibility table."""

    verdict: Literal["ok", "unknown", "no"]
    code: str
    reason: str
    suggestion: str = ""


class RulePicture(FrozenModel):
    """The words of one structural rule (self loop, duplicate, arity, cycle), with `{}` places."""

    message: str
    suggestion: str = ""


class PalettePicture(FrozenModel):
    """All node types with the computed table (D5).

    Attributes:
        revision: The registry's revision.
        types: Sorted by category and label.
        table: Output `type_key` → input `type_key` → verdict, for all keys among `types`.
        rules: Code → words, of the rules which need the live graph.
    """

    revision: int
    types: tuple[TypePicture, ...] = ()
    table: dict[str, dict[str, VerdictPicture]] = {}
    rules: dict[str, RulePicture] = {}
