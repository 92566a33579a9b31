"""A value in, what a condition sees of it out: plain, bounded, and of a table only its outline."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from typing import Any

from dagy_nb.errors import FlowError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact
from dagy_nb.nodes.tables import count_rows, list_columns
from dagy_nb.nodes.values import is_of_type

MAX_ITEMS = 100_000
MAX_DEPTH = 50
MAX_TEXT = 1_000_000


def see_value(value: Any, *, only_outline: bool = False) -> dict[str, Any]:
    """Return the variables that a condition on `value` may use.

    Args:
        value: Any value.
        only_outline: The condition does not name `value` itself, which then may be of any size.

    | the value | `value` | also |
    | --- | --- | --- |
    | a text, number, boolean, date or None | itself | |
    | a list or mapping of such | itself | `rows`: how many items a list has |
    | a table | `{"rows": …, "columns": […]}` | `rows`, `columns` |
    | an array | `{"shape": […], "dtype": …}` | `rows`: the length of its first axis |
    | a file | its path as text | |
    | anything else | `{"type": its class}` | |

    Raises:
        FlowError: `expression.too_large`.
    """
    if is_of_type(value, DataType.TABLE):
        outline: dict[str, Any] = {"columns": list_columns(value)}
        rows = count_rows(value)
        if rows is not None:
            outline["rows"] = rows
        return {"value": outline, **outline}
    if is_of_type(value, DataType.ARRAY):
        shape = [int(each) for each in value.shape]
        seen = {"shape": shape, "dtype": str(value.dtype)}
        return {"value": seen, "rows": shape[0]} if shape else {"value": seen}
    if only_outline:
        return {"rows": len(value)} if isinstance(value, list | tuple) else {}
    found = see_plain(value)
    return {"value": found, "rows": len(found)} if isinstance(found, list) else {"value": found}


def see_plain(value: Any) -> Any:
    """Return a plain value for a condition.

    Raises:
        FlowError: `expression.too_large`.
    """
    return _Glimpse().see(value, 0)


def count_items(value: Any) -> int:
    """Return how many items the largest container in a plain value has."""
    waiting, longest = [value], 0
    while waiting:
        each = waiting.pop()
        if isinstance(each, Mapping):
            longest = max(longest, len(each))
            waiting.extend(each.values())
        elif isinstance(each, list):
            longest = max(longest, len(each))
            waiting.extend(item for item in each if isinstance(item, Mapping | list))
    return longest


class _Glimpse:
    """Counts what it has seen, so that a large value ends in an error instead of a long wait."""

    def __init__(self) -> None:
        self._seen = 0

    def see(self, value: Any, depth: int) -> Any:
        self._seen += 1
        if self._seen > MAX_ITEMS or depth > MAX_DEPTH:
            raise _refuse(f"more than {MAX_ITEMS:,} items, or is nested more than {MAX_DEPTH} deep")
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str | bytes):
            if len(value) > MAX_TEXT:
                raise _refuse(f"a text of {len(value):,} characters")
            return value
        if isinstance(value, Mapping):
            return {str(key): self.see(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.see(item, depth + 1) for item in value]
        return _see_other(value)


def _see_other(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    if isinstance(value, os.PathLike):
        return os.fsdecode(value)
    if isinstance(value, ErrorFact):
        return {"type": value.type, "code": value.code, "message": value.message}
    scalar = any(
        is_of_type(value, each) for each in (DataType.INTEGER, DataType.NUMBER, DataType.BOOLEAN)
    )
    return value.item() if scalar else {"type": type(value).__name__}


def _refuse(what: str) -> FlowError:
    return FlowError(
        f"The value has {what}: too much for a condition.",
        code="expression.too_large",
        suggestion="Lead a smaller value into this node, such as a count.",
    )
