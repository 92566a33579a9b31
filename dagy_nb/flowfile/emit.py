"""Plain values in, YAML lines out: one line for an entry that fits on one, indented lines else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dagy_nb.flowfile.scalars import write_scalar

WIDTH = 100
SECTIONS = ("parameters", "nodes")


def emit_document(document: dict[str, Any]) -> str:
    """Return the text of a whole flow."""
    lines: list[str] = []
    for key, value in document.items():
        lines += emit_field(key, value)
    return "\n".join(lines) + "\n"


def emit_field(key: str, value: Any) -> Iterator[str]:
    """Yield the lines of a field of the flow: one line at least for each node and each edge."""
    if key in SECTIONS and value:
        yield f"{key}:"
        for name, item in value.items():
            yield from emit_entry(name, item, 2)
    elif key == "edges" and value:
        yield f"{key}:"
        yield from (f"  - {emit_inline(item)}" for item in value)
    else:
        yield from emit_entry(key, value, 0)


def emit_entry(key: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of `key: value`, indented by so many spaces."""
    start = f"{' ' * indent}{write_scalar(key)}:"
    literal = _find_literal(value)
    if literal is not None:
        yield f"{start} {literal[0]}"
        yield from (f"{' ' * (indent + 2)}{line}" if line else "" for line in literal[1])
        return
    inline = f"{start} {emit_inline(value)}"
    if not _wants_lines(value, len(inline)):
        yield inline
    elif isinstance(value, dict):
        yield start
        for name, item in value.items():
            yield from emit_entry(name, item, indent + 2)
    else:
        yield start
        yield from (f"{' ' * (indent + 2)}- {emit_inline(item)}" for item in value)


def emit_inline(value: Any) -> str:
    """Return a value on one line."""
    if isinstance(value, dict):
        inside = (f"{write_scalar(key)}: {emit_inline(item)}" for key, item in value.items())
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(emit_inline, value))}]"
    return write_scalar(value)


def _wants_lines(value: Any, width: int) -> bool:
    if not isinstance(value, dict | list) or not value:
        return False
    return width > WIDTH or _holds_literal(value)


def _holds_literal(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_literal(item) for item in value.values())
    return _find_literal(value) is not None


def _find_literal(value: Any) -> tuple[str, list[str]] | None:
    """Return the sign and the lines of a text of several lines, where it reads best as it is."""
    if not isinstance(value, str) or "\n" not in value.rstrip("\n") or value.endswith("\n\n"):
        return None
    sign, text = ("|", value[:-1]) if value.endswith("\n") else ("|-", value)
    lines = text.split("\n")
    if not lines[0] or lines[0][0] == " " or not lines[-1]:
        return None
    if any(line and (line[-1] == " " or not line.isprintable()) for line in lines):
        return None
    return sign, lines
