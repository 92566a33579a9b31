"""A `%%flow` cell in, the open flow changed in place and words about it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.display import display

from dagy_nb.errors import FlowTextError
from dagy_nb.magics.changes import tell_flow_changes
from dagy_nb.magics.commands import FLOW_CELL
from dagy_nb.magics.opened import list_opened
from dagy_nb.protocol.tables import Table, list_diagnostics, tell_count

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode
    from dagy_nb.session.flow import Flow

CONTEXT = 2


def describe_flow(line: str, cell: str) -> Any:
    """Read a `%%flow` cell, put it in place, and tell what it says and what a check finds.

    Raises:
        UsageError: `usage.*`.
        FlowTextError: With the line and column of the cell.
        FlowError: The flow cannot become the node type that `--node` names.
    """
    words = FLOW_CELL.read(line)
    name = words.names[0]
    # One line more, so that lines count as in the cell, whose first line names the flow.
    text = "\n" + cell
    try:
        flow, told = _put(name, text, is_node=bool(words.get("node")))
    except FlowTextError as error:
        if error.line is not None:
            error.add_note(point_at(f"%%flow {line}".rstrip() + text, error.line, error.column))
        raise
    display(told)
    if words.get("node"):
        display(_tell_node(flow.as_node(words.get("node"))))
    return flow if words.get("show") else None


def _put(name: str, text: str, *, is_node: bool) -> tuple[Flow, Table]:
    from dagy_nb.flowfile.read import read_flow
    from dagy_nb.session.flow import Flow

    spec = read_flow(text, name=name)
    if spec.name != name:
        raise FlowTextError(
            f"The cell says %%flow {name}, its text names the flow {spec.name!r}.",
            code="text.other_name",
            suggestion="Leave `name` out of the text, or write the same name twice.",
            line=1,
            column=1,
        )
    flow = list_opened().get(name)
    before = flow.spec if flow is not None else None
    if flow is None:
        flow = Flow.from_spec(spec)
    else:
        flow.replace(spec)
    changes = [] if before is None else tell_flow_changes(before, spec)
    return flow, _tell(flow, changes, is_node=is_node)


def _tell_node(node_class: type[FlowNode]) -> Table:
    spec = node_class.spec
    inputs = ", ".join(each.name for each in spec.inputs) or "nothing"
    outputs = ", ".join(each.name for each in spec.outputs)
    return Table(columns=(), note=f"Node type {spec.type}: {inputs} → {outputs}.")


def _tell(flow: Flow, changes: list[str], *, is_node: bool) -> Table:
    spec = flow.spec
    # The open inputs of a node's flow are the node's own.
    left_out = {"input.missing"} if is_node else frozenset()
    shown = [each for each in flow.check() if each.code not in left_out]
    found = list_diagnostics(shown, name=flow.name)
    changed = f" Changed: {'; '.join(changes)}." if changes else ""
    size = f"{tell_count(len(spec.nodes), 'node')}, {tell_count(len(spec.edges), 'edge')}"
    return Table(
        columns=found.columns,
        rows=found.rows,
        title=f"Flow {flow.name}: {size}.{changed}",
        note="" if found.rows or is_node else f"Nothing to mend. Run it: %flow run {flow.name}",
    )


def point_at(text: str, line: int, column: int | None) -> str:
    """Return the lines around a place, with a mark under it."""
    lines = text.splitlines()
    shown = []
    for number in range(max(1, line - CONTEXT), min(len(lines), line + CONTEXT) + 1):
        arrow = "-->" if number == line else "   "
        shown.append(f"{arrow} {number:>3} | {lines[number - 1]}")
        if number == line and column is not None:
            shown.append(f"        | {' ' * (column - 1)}^")
    return "\n".join(shown)
