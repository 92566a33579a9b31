"""Flow text in, a `FlowSpec` out; what is wrong is told with line, column, code and advice."""

from __future__ import annotations

from math import inf
from typing import Any

from pydantic import ValidationError

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.attempts import read_retry
from dagy_nb.flowfile.declarations import read_parameters
from dagy_nb.flowfile.fields import (
    check_name,
    expect_choice,
    expect_count,
    expect_flag,
    expect_mapping,
    expect_name,
    expect_number,
    expect_seconds,
    expect_sequence,
    expect_text,
    split_fields,
)
from dagy_nb.flowfile.syntax import locate
from dagy_nb.flowfile.tree import parse_text
from dagy_nb.flowfile.values import Scalar, Value, plain, refuse
from dagy_nb.model.flow import MAX_NODES, EdgeSpec, FailurePolicy, FlowSpec, NodeEntry
from dagy_nb.model.retry import Trigger
from dagy_nb.model.spec import RunnerName

FORMAT = 1
FLOW_FIELDS = (
    "format",
    "name",
    "description",
    "failure_policy",
    "timeout",
    "node_timeout",
    "backend",
    "parameters",
    "nodes",
    "edges",
)
NODE_FIELDS = (
    "type",
    "label",
    "config",
    "timeout",
    "runner",
    "retries",
    "retry",
    "trigger",
    "memory_mb",
    "disabled",
)
_MAX_RETRIES = 100
_EXAMPLE = "`nodes:`, then `  flights: {type: LoadFlights}`"


def read_flow(text: str | bytes, *, name: str | None = None) -> FlowSpec:
    """Read a flow from its text. Nothing of the text is executed or looked up.

    Args:
        text: YAML; bytes are read as UTF-8.
        name: The flow's name where the text has none.

    Raises:
        FlowTextError: `text.*` with line and column; see `dagy_nb.flowfile`.

    Example:
        >>> flow = read_flow("nodes: {late: {type: late, config: {minutes: 30}}}", name="delays")
        >>> flow.nodes[0].config["minutes"]
        30
    """
    tree = parse_text(decode_text(text))
    if tree is None:
        raise refuse("text.empty", "The text holds no flow.", suggestion=f"Write {_EXAMPLE}.")
    root = expect_mapping(tree, "A flow", _EXAMPLE)
    fields, extra = split_fields(root, FLOW_FIELDS, "A flow")
    _check_format(fields.get("format"))
    read = _read_fields(fields)
    try:
        return FlowSpec(name=_find_name(fields, name), extra=extra, **read)
    except ValidationError as error:
        raise refuse("text.value", _tell(error), root.place) from None


def decode_text(text: str | bytes) -> str:
    """Return text without byte order mark.

    Raises:
        FlowTextError: `text.encoding`, `text.no_text`.
    """
    if not isinstance(text, str | bytes):
        raise FlowTextError(
            f"A flow is read from text, not from a {type(text).__name__}.",
            code="text.no_text",
            suggestion="For a file, give Path(…).read_text().",
        )
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start].decode("utf-8", "replace")
        line, column = locate(before, len(before))
        raise FlowTextError(
            f"The byte 0x{text[error.start]:02x} is no UTF-8.",
            code="text.encoding",
            suggestion="Save the file as UTF-8.",
            line=line,
            column=column,
        ) from None


def _check_format(value: Value | None) -> None:
    if value is None:
        return
    found = plain(value)
    if found != FORMAT or isinstance(found, bool | float):
        raise refuse(
            "text.format",
            f"The text has format {found!r}; this version reads format {FORMAT}.",
            value.place,
            "Upgrade dagy_nb to read it, or write `format: 1`.",
        )


def _find_name(fields: dict[str, Value], name: str | None) -> str:
    if "name" in fields:
        return expect_name(fields["name"], "The flow's name")
    if name is None:
        raise refuse(
            "text.missing_field", "The flow has no name.", suggestion="Write `name: …` at the top."
        )
    return check_name(name, "The flow's name", None)


def _read_fields(fields: dict[str, Value]) -> dict[str, Any]:
    read: dict[str, Any] = {}
    for name, value in fields.items():
        if _is_nothing(value):
            continue
        match name:
            case "description" | "backend":
                read[name] = expect_text(value, name)
            case "failure_policy":
                read[name] = expect_choice(value, name, list(FailurePolicy))
            case "timeout" | "node_timeout":
                read[name] = expect_seconds(value, name, zero=name == "node_timeout")
            case "parameters":
                read[name] = read_parameters(value)
            case "nodes":
                read[name] = _read_nodes(value)
            case "edges":
                read[name] = _read_edges(value)
    return read


def _is_nothing(value: Value) -> bool:
    """Say whether a field was left open, such as `edges:` with nothing behind it."""
    return isinstance(value, Scalar) and value.value is None


def _read_nodes(value: Value) -> tuple[NodeEntry, ...]:
    nodes = expect_mapping(value, "nodes", "`flights: {type: LoadFlights}`")
    if len(nodes.items) > MAX_NODES:
        raise refuse(
            "text.too_many",
            f"The flow has {len(nodes.items):,} nodes; {MAX_NODES:,} are allowed.",
            nodes.place,
        )
    return tuple(_read_node(key, item) for key, item in nodes.items)


def _read_node(key: Scalar, value: Value) -> NodeEntry:
    node_id = check_name(key.value, "The node id", key.place)
    what = f"Node {node_id}"
    entry = expect_mapping(value, what, f"`{node_id}: {{type: …}}`")
    fields, extra = split_fields(entry, NODE_FIELDS, what)
    if "type" not in fields:
        raise refuse("text.missing_field", f"{what} has no type.", key.place, "Add `type: …`.")
    read: dict[str, Any] = {}
    for name, field in fields.items():
        if name == "type" or not _is_nothing(field):
            read[name] = _read_node_field(name, field, f"{name} of {node_id}")
    return NodeEntry(id=node_id, extra=extra, **read)


def _read_node_field(name: str, value: Value, what: str) -> Any:
    match name:
        case "type":
            return expect_name(value, what)
        case "label":
            return expect_text(value, what)
        case "config":
            return plain(expect_mapping(value, what, "`config: {minutes: 30}`"))
        case "timeout":
            return expect_seconds(value, what, zero=True)
        case "runner":
            return expect_choice(value, what, list(RunnerName))
        case "retries":
            return expect_count(value, what, _MAX_RETRIES)
        case "retry":
            return read_retry(value, what)
        case "trigger":
            return expect_choice(value, what, list(Trigger))
        case "memory_mb":
            unit = " of megabytes"
            return expect_number(value, what, least=0.0, most=inf, unit=unit, above=True)
        case _:
            return expect_flag(value, what)


def _read_edges(value: Value) -> tuple[EdgeSpec, ...]:
    edges = expect_sequence(value, "edges", "`- flights.table -> late.flights`")
    read: dict[EdgeSpec, None] = {}
    for item in edges.items:
        edge = _read_edge(item)
        if edge in read:
            raise refuse(
                "text.duplicate_edge",
                f"The edge {edge} stands twice.",
                item.place,
                "Remove one of them.",
            )
        read[edge] = None
    return tuple(read)


def _read_edge(item: Value) -> EdgeSpec:
    text = plain(item)
    try:
        return EdgeSpec.parse(text if isinstance(text, str) else "")
    except ValueError:
        shown = repr(text) if len(repr(text)) <= 60 else f"{repr(text)[:57]}…"
        raise refuse(
            "text.edge",
            f"{shown} is no edge.",
            item.place,
            "Write `- node.output -> node.input`.",
        ) from None


def _tell(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    path = ".".join(str(part) for part in problem["loc"])
    words = str(problem["msg"]).removeprefix("Value error, ")
    return f"{path}: {words}." if path else f"{words}."
