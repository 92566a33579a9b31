"""A cell's source in, the statement to compile and the bundle to execute out."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dagy_nb.model.diagnostic import Diagnostic, Place, Severity
from dagy_nb.model.spec import Origin, OriginKind
from dagy_nb.nodes.bundle import CELLS, CellBundle, NodePart, Statement
from dagy_nb.nodes.capture import Captured, identify
from dagy_nb.nodes.choose import guess_name
from dagy_nb.nodes.describe import check_options
from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.fingerprint import fingerprint_tree
from dagy_nb.nodes.names import FreeNames
from dagy_nb.nodes.origin import KERNEL
from dagy_nb.nodes.source import forget_lines, remember_lines

_MAGIC = re.compile(r"\A%%\w+[^\n]*")


@dataclass(frozen=True, slots=True)
class CellSource:
    """A cell that should define one node.

    Attributes:
        text: The cell as the user sees it; a first line `%%flownode …` counts as line 1.
        place: The notebook (its path, or `kernel` where unknown).
        execution_count: What stands in `In[n]`, or None.
        cell_id: The notebook format's cell id, or None.
        options: Class attributes that the magic's line sets: `timeout`, `runner`, `retries` …
        filename: What tracebacks call this cell; made up from the text where empty.
        first_line: The number of the text's first line in the cell.
    """

    text: str
    place: str = KERNEL
    execution_count: int | None = None
    cell_id: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    filename: str = ""
    first_line: int = 1


def read_statement(source: CellSource) -> Statement:
    """Return the text to compile: the magic's line becomes a comment, so that lines keep their number."""
    text = _MAGIC.sub(lambda line: f"# {line[0]}", source.text, count=1)
    filename = source.filename or f"<cell {digest([source.text])[:8]}>"
    forget_lines(filename)
    remember_lines(filename, source.first_line, text)
    return Statement(text, filename, source.first_line)


def make_bundle(
    source: CellSource, statement: Statement, tree: ast.Module, captured: Captured
) -> CellBundle:
    """Return what executing the cell takes.

    Raises:
        DefinitionError: `node.metadata` for an unknown option.
    """
    options = check_options(source.options)
    told = [f"{name}={value!r}" for name, value in sorted(options.items())]
    quoted = bool(captured.skipped)
    identity = [source.text, source.place, str(quoted), *told, *identify(captured.bindings)]
    return CellBundle(
        module=f"{CELLS}.{guess_name(tree)}_{digest(identity)}",
        statements=(statement,),
        bindings=tuple(sorted(captured.bindings.items())),
        fingerprint=fingerprint_tree(tree, captured.bindings),
        quote_annotations=quoted,
        node=NodePart(
            origin=Origin(kind=OriginKind.CELL, place=source.place or KERNEL),
            source=source.text,
            options=options,
        ),
    )


def list_notices(names: FreeNames, captured: Captured, node: str) -> list[Diagnostic]:
    """Return what the user should know about what a cell captured."""
    undefined = [
        Diagnostic(
            code="node.undefined_name",
            severity=Severity.WARNING,
            place=Place(node=node, line=names.lines.get(name)),
            message=f"`{name}` is not defined yet, and the node will not see a later definition.",
            suggestion="Run the cell that defines it, then this one again.",
        )
        for name in captured.undefined
    ]
    copied = [
        Diagnostic(
            code="node.copied_class",
            severity=Severity.NOTE,
            place=Place(node=node),
            message=f"The node works with its own copy of the class `{name}`, because that uses "
            "functions or constants of the notebook: `isinstance` with the notebook's is false.",
            suggestion=f"Move `{name}` into a module, or into this cell.",
        )
        for name in captured.copied
    ]
    return [*undefined, *copied]
