"""A flow and its record as a browser (or an SVG) draws it. Values only; `draw` makes them."""

from __future__ import annotations

from typing import Any, Literal

from dagy_nb.model.frozen import FrozenModel


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
    failure_policy: str = "continue"
    timeout: float | None = None
    node_timeout: float | None = None
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
    """The state of one node run; times are seconds since the epoch."""

    state: str
    reason: str = ""
    attempts: int = 0
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
    """The state of one run; `now` is the kernel's clock, so that durations can tick."""

    run_id: str
    state: str
    started_at: float | None = None
    ended_at: float | None = None
    now: float = 0.0
    error: str = ""
    nodes: dict[str, NodeStatus] = {}


class TypePicture(FrozenModel):
    """A node type as the palette shows it; `search` is lower-case text to look in."""

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
