"""What a check found: code, severity, place, message, suggestion."""

from __future__ import annotations

from enum import StrEnum

from dagy_nb.model.frozen import FrozenModel


class Severity(StrEnum):
    """How bad it is: an error keeps the flow from running."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Place(FrozenModel):
    """Where in a flow: any of node, connector, field, edge; all empty means the whole flow.

    Attributes:
        node: Node id.
        connector: Connector name on that node.
        field: Dotted path of a config field on that node, or the flow's parameter.
        edge: Edge id, `a.x -> b.y`.
        line: 1-based line in the flow's text.
        column: 1-based column.
    """

    node: str = ""
    connector: str = ""
    field: str = ""
    edge: str = ""
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        if self.edge:
            return self.edge
        return ".".join(part for part in (self.node, self.connector or self.field) if part)


class Diagnostic(FrozenModel):
    """One finding about a flow, in words a user can act on.

    Attributes:
        code: Stable, dotted: `edge.cycle`, `input.missing`, `config.invalid` …
        severity: Error, warning or note.
        place: Where.
        message: What is wrong.
        suggestion: What to do next; may be empty.
    """

    code: str
    severity: Severity
    place: Place = Place()
    message: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.place}: " if str(self.place) else ""
        return (
            f"{self.severity} {where}{self.message} {self.suggestion}".strip() + f" [{self.code}]"
        )

    def __repr__(self) -> str:
        return f"<{self}>"
