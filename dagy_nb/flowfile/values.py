"""The values that YAML text is made of, each with its place, and the error that names a place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

from dagy_nb.errors import FlowTextError


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a value stands in the text.

    Attributes:
        line: 1-based, counted from the first line that was asked for.
        column: 1-based.
        start: Offset of its first character.
        end: Offset behind its last character.
        shared: It was written as an alias, so its parts stand elsewhere.
        anchored: Other places refer to it.
    """

    line: int
    column: int
    start: int
    end: int
    shared: bool = False
    anchored: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """A text, number, truth value or nothing."""

    place: Place
    value: Any
    is_plain: bool = True
    size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sequence:
    """A list of values."""

    place: Place
    items: tuple[Value, ...]
    is_flow: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """Keys, which are texts, with their values, in order."""

    place: Place
    items: tuple[tuple[Scalar, Value], ...]
    is_flow: bool
    size: int


Value: TypeAlias = Scalar | Sequence | Mapping


def refuse(
    code: str, reason: str, place: Place | None = None, suggestion: str = ""
) -> FlowTextError:
    """Return the error that says what is wrong at a place."""
    return FlowTextError(
        reason,
        code=code,
        suggestion=suggestion,
        line=place.line if place else None,
        column=place.column if place else None,
    )


def plain(value: Value) -> Any:
    """Return a value as plain Python values: None, bool, int, float, str, list, dict."""
    if isinstance(value, Scalar):
        return value.value
    if isinstance(value, Sequence):
        return [plain(item) for item in value.items]
    return {key.value: plain(item) for key, item in value.items}
