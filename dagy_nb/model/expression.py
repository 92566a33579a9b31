"""A config value in, the parameters it names out; with their values in, the value it stands for.

The whole language is `${params.NAME}`, alone in a text: then the field takes the parameter's value with
its type. `$${` writes a plain `${`. Any other `${` is refused, so that nothing is left in by mistake and
a larger language can come later without changing what today's flows mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dagy_nb.errors import FlowError

_WHOLE = re.compile(r"\$\{\s*params\.([A-Za-z_][A-Za-z0-9_]*)\s*\}\Z")
_MARKS = re.compile(r"\$\$\{|\$\{")


@dataclass(frozen=True, slots=True)
class ParameterReference:
    """A text that stands for a parameter's value."""

    name: str

    def __str__(self) -> str:
        return f"${{params.{self.name}}}"


def read_text(text: str) -> str | ParameterReference:
    """Return what a text of a config stands for: a reference, or the plain text.

    Raises:
        FlowError: `expression.unsupported`.

    Example:
        >>> read_text("${params.month}")
        ParameterReference(name='month')
        >>> read_text("$${HOME}/data")
        '${HOME}/data'
    """
    if "${" not in text:
        return text
    whole = _WHOLE.match(text)
    if whole is not None:
        return ParameterReference(whole[1])
    if any(mark == "${" for mark in _MARKS.findall(text)):
        raise _refuse(text)
    return text.replace("$${", "${")


def find_texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of each text with `${` inside a config value."""
    if isinstance(value, str):
        if "${" in value:
            yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from find_texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        for index, item in enumerate(value):
            yield from find_texts(item, f"{path}.{index}" if path else str(index))


def resolve_value(value: Any, parameters: Mapping[str, Any]) -> Any:
    """Return `value` with each reference replaced by its parameter's value, escapes undone.

    Raises:
        FlowError: `expression.unsupported`.
        KeyError: A parameter without a value.
    """
    if isinstance(value, str):
        read = read_text(value)
        return parameters[read.name] if isinstance(read, ParameterReference) else read
    if isinstance(value, Mapping):
        return {key: resolve_value(item, parameters) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve_value(item, parameters) for item in value]
    return value


def _refuse(text: str) -> FlowError:
    shown = text if len(text) <= 80 else f"{text[:77]}…"
    if _WHOLE.search(text.strip()) or "params." in text:
        advice = "Give the field as `${params.NAME}` alone, and build the text in the node."
    else:
        advice = "Only `${params.NAME}` is known, alone in its field."
    return FlowError(
        f"{shown!r} is no expression.",
        code="expression.unsupported",
        suggestion=f"{advice} For a plain `${{` write `$${{`.",
    )
