"""A value in, a bounded look at it out: schema, shape, first rows, and nothing else of the data.

Libraries of tables and arrays are recognised only where they are already loaded; none is imported here.
Nothing that the user wrote is called: an object of an unknown class shows its class's name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import PurePath
from typing import Any

from dagy_nb.model.event import ErrorFact, Preview
from dagy_nb.model.legible import make_legible
from dagy_nb.model.quick import make_quick
from dagy_nb.nodes.secrets import is_secret

MAX_ROWS = 5
MAX_COLUMNS = 50
MAX_CELL = 60
MAX_SUMMARY = 200

_PLAIN = (bool, int, float, complex, date, datetime, time, timedelta, Decimal, PurePath)
_BIG = 10**18
_make_preview = make_quick(Preview)
_SIMPLE = frozenset({int, float, bool, str, type(None)})
_TABLES = (("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table"))


def preview_value(value: Any, *, secret: bool = False) -> Preview:
    """Return a bounded look at `value`; a value that cannot be looked at shows its class only.

    Args:
        value: Any value.
        secret: Its connector is secret: nothing but the class is shown.

    Example:
        >>> preview_value([1, 2, 3]).summary
        '3 items'
    """
    kind = type(value)
    name = kind.__name__
    if kind in _SIMPLE and not secret:
        return _make_preview(type=name, summary=_shorten(value, MAX_SUMMARY))
    if secret or is_secret(value):
        return Preview(type=name, hidden=True)
    try:
        return _look(name, value)
    except Exception:  # noqa: BLE001 - a foreign table may break; a look at it must not fail a node
        return Preview(type=name)


def _look(name: str, value: Any) -> Preview:
    if value is None or isinstance(value, (*_PLAIN, str)):
        return Preview(type=name, summary=_shorten(value, MAX_SUMMARY))
    if isinstance(value, bytes | bytearray | memoryview):
        return Preview(type=name, summary=_count(len(value), "byte"), shape=(len(value),))
    if isinstance(value, ErrorFact):
        return Preview(type=name, summary=_cut(f"{value.type}: {value.message}", MAX_SUMMARY))
    if isinstance(value, Mapping):
        pairs = tuple((_shorten(k), _shorten(v)) for k, v in islice(value.items(), MAX_ROWS))
        return Preview(
            type=name, summary=_count(len(value), "key"), shape=(len(value),), rows=pairs
        )
    if isinstance(value, list | tuple | set | frozenset):
        items = tuple((_shorten(each),) for each in islice(value, MAX_ROWS))
        return Preview(
            type=name, summary=_count(len(value), "item"), shape=(len(value),), rows=items
        )
    return _look_at_data(name, value)


def _look_at_data(name: str, value: Any) -> Preview:
    for module, class_name in _TABLES:
        if _is_instance(value, module, class_name):
            return _look_at_table(name, value, _READERS[module])
    if _is_instance(value, "pandas", "Series") or _is_instance(value, "polars", "Series"):
        rows = tuple((_shorten(each),) for each in value.head(MAX_ROWS).to_list())
        return Preview(
            type=name,
            summary=_count(len(value), "row"),
            shape=(len(value),),
            columns=_name_columns([value.name], [value.dtype]),
            rows=rows,
        )
    if _is_instance(value, "numpy", "ndarray"):
        return _look_at_array(name, value)
    if hasattr(value, "columns") and hasattr(value, "dtypes") and name == "DuckDBPyRelation":
        # Counting its rows would run the query.
        columns = _name_columns(value.columns, value.dtypes)
        return Preview(type=name, summary=_count(len(value.columns), "column"), columns=columns)
    return Preview(type=name)


Reader = Callable[[Any], tuple[Sequence[Any], Sequence[Any], Iterable[Sequence[Any]]]]


def _look_at_table(name: str, table: Any, read: Reader) -> Preview:
    names, types, rows = read(table)
    shape = (int(table.shape[0]), int(table.shape[1]))
    return Preview(
        type=name,
        summary=f"{_count(shape[0], 'row')} × {_count(shape[1], 'column')}",
        columns=_name_columns(names, types),
        shape=shape,
        rows=tuple(tuple(_shorten(cell) for cell in row[:MAX_COLUMNS]) for row in rows),
    )


def _look_at_array(name: str, array: Any) -> Preview:
    shape = tuple(int(each) for each in array.shape)
    first = array.reshape(-1)[:MAX_ROWS].tolist() if array.dtype.kind in "biufcUSmM" else []
    return Preview(
        type=name,
        summary=f"{' × '.join(f'{each:,}' for each in shape) or 'one value'} of {array.dtype}",
        shape=shape,
        rows=tuple((_shorten(each),) for each in first),
    )


def _read_pandas(table: Any) -> tuple[Sequence[Any], Sequence[Any], Iterable[Sequence[Any]]]:
    head = table.iloc[:MAX_ROWS, :MAX_COLUMNS]
    return list(head.columns), list(head.dtypes), head.itertuples(index=False, name=None)


def _read_polars(table: Any) -> tuple[Sequence[Any], Sequence[Any], Iterable[Sequence[Any]]]:
    return table.columns, table.dtypes, table.head(MAX_ROWS).rows()


def _read_arrow(table: Any) -> tuple[Sequence[Any], Sequence[Any], Iterable[Sequence[Any]]]:
    head = table.slice(0, MAX_ROWS)
    columns = [column.to_pylist() for column in head.columns[:MAX_COLUMNS]]
    return table.schema.names, table.schema.types, zip(*columns, strict=True)


_READERS: Mapping[str, Reader] = {
    "pandas": _read_pandas,
    "polars": _read_polars,
    "pyarrow": _read_arrow,
}


def _is_instance(value: Any, module: str, name: str) -> bool:
    loaded = sys.modules.get(module)
    wanted = getattr(loaded, name, None) if loaded is not None else None
    return isinstance(wanted, type) and isinstance(value, wanted)


def _name_columns(names: Sequence[Any], types: Sequence[Any]) -> tuple[tuple[str, str], ...]:
    pairs = islice(zip(names, types, strict=False), MAX_COLUMNS)
    return tuple((_cut(str(name), MAX_CELL), _cut(str(kind), MAX_CELL)) for name, kind in pairs)


def _shorten(value: Any, limit: int = MAX_CELL) -> str:
    """Return a short text of a plain value; of anything else its class's name in angle brackets."""
    if type(value) is int and -_BIG < value < _BIG:
        return str(value)
    if isinstance(value, str):
        return _cut(value, limit)
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 256:
        return f"an integer of {value.bit_length():,} bits"
    is_scalar = type(value).__module__ in {"numpy", "pandas"} and hasattr(value, "item")
    if value is None or isinstance(value, _PLAIN) or is_scalar:
        return _cut(str(value), limit)
    if isinstance(value, list | tuple | dict | set | bytes):
        return f"{type(value).__name__} of {len(value):,}"
    return f"<{type(value).__name__}>"


def _cut(text: str, limit: int) -> str:
    text = make_legible(text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
