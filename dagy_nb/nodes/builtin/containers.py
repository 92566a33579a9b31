"""Lists, arrays, tables and files in, each as one of the others out.

A table is made with pandas where that is installed, else with polars, else with pyarrow; an array with numpy.
"""

from __future__ import annotations

import importlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dagy_nb.errors import ConversionError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.tables import list_columns, list_records, load_table, name_kind
from dagy_nb.nodes.values import is_of_type

_MAKERS = ("pandas", "polars", "pyarrow")
_READERS = {".csv": "csv", ".parquet": "parquet", ".json": "json", ".pq": "parquet"}


def make_list(value: Any, column: str) -> Any:
    """Return a table as its records, or the values of one column; an array as nested lists."""
    if is_of_type(value, DataType.TABLE):
        records = list_records(value)
        if not column:
            return records
        _find_column(value, column)
        return [each[column] for each in records]
    if is_of_type(value, DataType.ARRAY):
        return value.tolist()
    if isinstance(value, set | frozenset | range):
        return sorted(value, key=repr) if not isinstance(value, range) else list(value)
    if isinstance(value, list | tuple):
        return list(value)
    raise _refuse(value, DataType.LIST)


def make_array(value: Any, column: str) -> Any:
    """Return a list, or the numbers of a table, as a numpy array."""
    numpy = _load("numpy")
    if is_of_type(value, DataType.TABLE):
        if column:
            value = make_list(value, column)
        else:
            value = [list(each.values()) for each in list_records(value)]
    elif not isinstance(value, list | tuple | bytes | bytearray | memoryview | int | float):
        raise _refuse(value, DataType.ARRAY)
    if isinstance(value, bytes | bytearray | memoryview):
        return numpy.frombuffer(bytes(value), dtype="uint8")
    return numpy.array(value)


def make_table(value: Any, column: str, package: str = "") -> Any:
    """Return records, a mapping of columns, an array or a file as a table, of a package that is asked for."""
    if isinstance(value, os.PathLike):
        return _read_table(Path(value), package)
    if isinstance(value, str):
        value = json.loads(value)
    if is_of_type(value, DataType.TABLE):
        return value
    if is_of_type(value, DataType.ARRAY):
        return _build(_name_array(value, column), package)
    if isinstance(value, Mapping):
        return _build({str(key): _listed(item) for key, item in value.items()}, package)
    if isinstance(value, list | tuple):
        return _build(_turn_records(list(value), column), package)
    raise _refuse(value, DataType.TABLE)


def write_csv(table: Any) -> str:
    """Return a table as CSV text with a line of names."""
    loaded = load_table(table)
    if name_kind(loaded) == "pandas":
        return str(loaded.to_csv(index=False))
    if name_kind(loaded) == "polars":
        return str(loaded.write_csv())
    out = io.BytesIO()
    importlib.import_module("pyarrow.csv").write_csv(loaded, out)
    return out.getvalue().decode("utf-8")


def _turn_records(items: list[Any], column: str) -> dict[str, list[Any]]:
    """Return rows as columns; what a row does not have is None."""
    if items and all(isinstance(each, Mapping) for each in items):
        rows = [{str(name): item for name, item in each.items()} for each in items]
        names = dict.fromkeys(name for row in rows for name in row)
        return {name: [row.get(name) for row in rows] for name in names}
    if any(isinstance(each, Mapping | list | tuple) for each in items):
        raise ConversionError(
            "The list does not become TABLE: its items are not all mappings from column to value.",
            code="convert.bad_value",
            suggestion="Give a list of mappings, a list of plain values, or a mapping of columns.",
        )
    return {column or "value": items} if items or column else {}


def _name_array(array: Any, column: str) -> dict[str, list[Any]]:
    if len(array.shape) == 1:
        return {column or "value": array.tolist()}
    if len(array.shape) == 2:
        return {f"column_{index + 1}": array[:, index].tolist() for index in range(array.shape[1])}
    raise ConversionError(
        f"An array of {len(array.shape)} dimensions does not become TABLE.",
        code="convert.no_way",
        suggestion="Give one of 1 or 2 dimensions.",
    )


def _listed(value: Any) -> list[Any]:
    if isinstance(value, list | tuple):
        return list(value)
    raise ConversionError(
        "The mapping does not become TABLE: not all its values are lists.",
        code="convert.bad_value",
        suggestion="Give one list for each column, all of one length.",
    )


def _build(columns: Mapping[str, list[Any]], name: str) -> Any:
    lengths = {len(each) for each in columns.values()}
    if len(lengths) > 1:
        raise ConversionError(
            f"The columns do not become TABLE: they have {' and '.join(map(str, sorted(lengths)))} rows.",
            code="convert.bad_value",
            suggestion="Give lists of one length.",
        )
    package = _load_maker(name)
    if package.__name__ == "pyarrow":
        return package.table(dict(columns))
    return package.DataFrame(dict(columns))


def _read_table(path: Path, maker: str) -> Any:
    kind = _READERS.get(path.suffix.lower())
    if kind is None:
        raise ConversionError(
            f"{path.name} does not become TABLE: its ending says none of {', '.join(_READERS)}.",
            code="convert.no_way",
            suggestion="Read it in a node of your own.",
        )
    package = _load_maker(maker)
    reader, name = package, f"read_{kind}"
    if package.__name__ == "pyarrow":
        reader = importlib.import_module(f"pyarrow.{kind}")
        name = "read_table" if kind == "parquet" else name
    try:
        return getattr(reader, name)(path)
    except OSError as error:
        raise ConversionError(
            f"{path} cannot be read: {error.strerror or error}.", code="convert.unreadable"
        ) from error


def _load_maker(asked: str) -> Any:
    """Return the package that makes tables: the one that is asked for, else the first that is installed.

    Which ones are loaded does not count: that is no part of what the same node makes in another process.
    """
    if asked:
        return _load(asked)
    for name in _MAKERS:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise ConversionError(
        "There is no package here that makes tables.",
        code="convert.no_way",
        suggestion="Install pandas, polars or pyarrow.",
    )


def _load(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        raise ConversionError(
            f"{name} is not installed.", code="convert.no_way", suggestion=f"pip install {name}"
        ) from None


def _find_column(table: Any, column: str) -> None:
    columns = list_columns(table)
    if column not in columns:
        raise ConversionError(
            f"The table has no column {column!r}.",
            code="convert.no_column",
            suggestion=f"Its columns are: {', '.join(columns[:20])}.",
        )


def _refuse(value: Any, to: DataType) -> ConversionError:
    return ConversionError(
        f"{type(value).__name__} does not become {to}.",
        code="convert.no_way",
        suggestion="Put a node of your own there that does it.",
    )
