"""What rebuilds a cell's module anywhere: its statements, and what each outside name stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from dagy_nb.model.spec import Origin

CELLS = "dagy_nb_cells"


@dataclass(frozen=True, slots=True)
class Statement:
    """A piece of text with the place that tracebacks show.

    Attributes:
        text: Whole top-level statements.
        filename: The cell's own name.
        first_line: The line in that cell on which `text` begins, from 1.
    """

    text: str
    filename: str
    first_line: int = 1


@dataclass(frozen=True, slots=True)
class ImportedModule:
    """A name that stands for an importable module."""

    module: str


@dataclass(frozen=True, slots=True)
class ImportedObject:
    """A name that stands for what a module holds under a dotted name."""

    module: str
    qualname: str


@dataclass(frozen=True, slots=True)
class Constant:
    """A name that stands for a small immutable value."""

    value: Any


@dataclass(frozen=True, slots=True)
class DefinedObject:
    """A name that stands for a function or class of another cell."""

    bundle: CellBundle
    qualname: str


Binding: TypeAlias = ImportedModule | ImportedObject | Constant | DefinedObject


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePart:
    """What a cell that defines a node has beside its code.

    Attributes:
        origin: The notebook.
        source: The cell's text as the user sees it.
        options: Class attributes that the cell's first line sets.
    """

    origin: Origin
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CellBundle:
    """A cell's module before it is executed; plain data that any pickle carries.

    Attributes:
        module: The module's name, which holds the hash of all else.
        statements: What is executed, in order.
        bindings: Outside name → what it stands for, bound before the statements run.
        aliases: Name → other name for the same thing, bound after the statements ran.
        fingerprint: Hash of the code and of all that it uses, whatever its layout and comments.
        quote_annotations: Compile so that annotations are not evaluated.
        node: What makes it a node's cell, or None for notebook functions and classes.
    """

    module: str
    statements: tuple[Statement, ...]
    bindings: tuple[tuple[str, Binding], ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""
    quote_annotations: bool = False
    node: NodePart | None = None
