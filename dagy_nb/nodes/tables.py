"""A table of any kind in, its outline, parts, records, or several joined to one out.

pandas, polars, pyarrow and DuckDB are never imported by name: whoever has a table has loaded its package.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from dagy_nb.errors import ConversionError


def name_kind(table: Any) -> str:
    """Return the package that a table is of: `pandas`, `polars`, `pyarrow`, `duckdb` or another."""
    return str(type(table).__module__.partition(".")[0]).removeprefix("_")


def list_columns(table: Any) -> list[str]:
    """Return the names of a table's columns as texts."""
    if hasattr(table, "collect_schema"):
        return [str(each) for each in table.collect_schema().names()]
    found = getattr(table, "schema", None) if name_kind(table) == "pyarrow" else None
    names = found.names if found is not None else getattr(table, "columns", ())
    return [str(each) for each in names]


def count_rows(table: Any) -> int | None:
    """Return how many rows a table has; None where counting would be work, as with a lazy one."""
    shape = getattr(table, "num_rows", None)
    if isinstance(shape, int):
        return shape
    try:
        return len(table) if name_kind(table) != "duckdb" else None
    except TypeError:
        return None


def load_table(table: Any) -> Any:
    """Return a table whose rows are in memory: a lazy one is computed, others come back as they are."""
    kind = name_kind(table)
    if kind == "polars" and hasattr(table, "collect"):
        return table.collect()
    if kind == "pyarrow" and not hasattr(table, "combine_chunks"):
        return sys.modules["pyarrow"].Table.from_batches([table])
    if kind == "duckdb":
        return table.fetch_arrow_table() if hasattr(table, "fetch_arrow_table") else table.arrow()
    return table


def slice_rows(table: Any, start: int, count: int) -> Any:
    """Return `count` rows of a loaded table from `start` on."""
    if name_kind(table) == "pandas":
        return table.iloc[start : start + count]
    return table.slice(start, count)


def group_rows(table: Any, column: str) -> Iterator[Any]:
    """Yield the rows of a loaded table by the values of a column, in the order these first appear.

    Rows without a value are a group of their own.

    Raises:
        ConversionError: `convert.no_column`.
    """
    columns = list_columns(table)
    if column not in columns:
        raise ConversionError(
            f"The table has no column {column!r}.",
            code="convert.no_column",
            suggestion=f"Its columns are: {', '.join(columns[:20])}.",
        )
    kind = name_kind(table)
    if kind == "pandas":
        key = next(each for each in table.columns if str(each) == column)
        for _, part in table.groupby(key, sort=False, dropna=False, observed=True):
            yield part
    elif kind == "polars":
        yield from table.partition_by(column, maintain_order=True)
    else:
        yield from _group_arrow(table, column)


def _group_arrow(table: Any, column: str) -> Iterator[Any]:
    values = table.column(column).combine_chunks()
    codes = values.dictionary_encode(null_encoding="encode").indices.to_pylist()
    places: dict[int, list[int]] = {}
    for place, code in enumerate(codes):
        places.setdefault(code, []).append(place)
    for each in places.values():
        yield table.take(each)


def join_tables(tables: Sequence[Any]) -> Any:
    """Return one table with the rows of several of one kind, in order.

    Raises:
        ConversionError: `convert.mixed_tables`.
    """
    loaded = [load_table(each) for each in tables]
    kinds = sorted({name_kind(each) for each in loaded})
    if len(kinds) != 1 or kinds[0] not in {"pandas", "polars", "pyarrow"}:
        raise ConversionError(
            f"Tables of {' and '.join(kinds) or 'no kind'} cannot be joined to one.",
            code="convert.mixed_tables",
            suggestion="Let all of them be pandas, polars or pyarrow tables.",
        )
    package = sys.modules[kinds[0]]
    if kinds[0] == "pyarrow":
        return package.concat_tables(loaded)
    return package.concat(loaded)


def list_records(table: Any) -> list[dict[str, Any]]:
    """Return the rows of a table as mappings from column to plain Python value.

    Raises:
        ConversionError: `convert.no_way`; `convert.loses` where columns have the same name.
    """
    loaded = load_table(table)
    columns = list_columns(loaded)
    if len(set(columns)) < len(columns):
        twice = next(each for each in columns if columns.count(each) > 1)
        raise ConversionError(
            f"The table has more than one column {twice!r}: a record keeps only one.",
            code="convert.loses",
            suggestion="Rename the columns before.",
        )
    if name_kind(loaded) == "pandas":
        return [
            {str(key): _plain(value) for key, value in row.items()}
            for row in loaded.to_dict(orient="records")
        ]
    if name_kind(loaded) == "polars":
        return list(loaded.to_dicts())
    if hasattr(loaded, "to_pylist"):
        return list(loaded.to_pylist())
    raise ConversionError(
        f"A table of {name_kind(table)} cannot be read row by row here.",
        code="convert.no_way",
        suggestion="Turn it into a pandas, polars or pyarrow table first.",
    )


def _plain(value: Any) -> Any:
    """Return None for what pandas has where no value is."""
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    return None if isinstance(value, float) and value != value else value  # noqa: PLR0124
