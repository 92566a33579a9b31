"""A value and declared data types in; whether it fits, and what it becomes, out (D10).

Heavy packages are never imported: a value can only be a pandas table where pandas is loaded already.
The laws of `compare_types` hold here: where it says ok, every value of the source type is turned into
one of the target type; where it says no, none is; where it says unknown, the value decides.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dagy_nb.errors import ContractError
from dagy_nb.model.datatype import DataType, Verdict, compare_types
from dagy_nb.model.event import ErrorFact

MAX_DEPTH = 200

_TABLES = (
    ("pandas", "DataFrame"),
    ("polars", "DataFrame"),
    ("polars", "LazyFrame"),
    ("pyarrow", "Table"),
    ("pyarrow", "RecordBatch"),
    ("duckdb", "DuckDBPyRelation"),
)
_SCALARS = frozenset({str, int, float, bool, type(None)})
_PLAIN_ONLY = frozenset({DataType.LIST, DataType.JSON})


def check_value(value: Any, data_types: Sequence[DataType]) -> str | None:
    """Say why a value is of none of the `data_types`; None where it is of one.

    Example:
        >>> check_value(3, [DataType.NUMBER]) is None
        True
        >>> check_value(True, [DataType.INTEGER])
        'it is a bool, not INTEGER.'
    """
    for data_type in data_types:
        if _CHECKS[data_type](value):
            return None
    wanted = " or ".join(data_types)
    detail = ""
    if DataType.JSON in data_types or DataType.LIST in data_types:
        found = _find_no_json(value, depth=0)
        detail = f" ({found})" if found and isinstance(value, list | tuple | Mapping) else ""
    return f"it is {_name(value)}{detail}, not {wanted}."


def advise_type(value: Any, data_types: Sequence[DataType], otherwise: str) -> str:
    """Return what to do about a value of none of the `data_types`: which type takes tables in a list."""
    is_container = isinstance(value, list | tuple | Mapping)
    if is_container and _PLAIN_ONLY.intersection(data_types):
        return (
            "LIST and JSON hold plain values only. ANY takes all, in annotations such as "
            "`list[pd.DataFrame]` or `object`."
        )
    return otherwise


def is_of_type(value: Any, data_type: DataType) -> bool:
    """Whether a value is of a data type."""
    return _CHECKS[data_type](value)


def coerce(value: Any, source_types: Sequence[DataType], target_types: Sequence[DataType]) -> Any:
    """Turn a value of an output into one that an input takes; most values come back as they are.

    Args:
        value: What the output carried.
        source_types: What the output declares; the value counts as each of them that it is.
        target_types: What the input accepts; the first one that fits is taken.

    Raises:
        ContractError: `contract.input`, with the reason of the compatibility table, or why this value
            does not fit where the table cannot know.

    Example:
        >>> coerce(3, [DataType.INTEGER], [DataType.TEXT, DataType.NUMBER])
        3
    """
    sources = [each for each in source_types if _CHECKS[each](value)]
    if not sources:
        raise _refuse(value, target_types, check_value(value, source_types) or "")
    refused: str | None = None
    for wanted in (Verdict.OK, Verdict.UNKNOWN):
        for source in sources:
            for target in target_types:
                answer = compare_types(source, target)
                if answer.verdict is wanted and (wanted is Verdict.OK or _CHECKS[target](value)):
                    return _CONVERSIONS.get(target, _keep)(value)
                if answer.verdict is Verdict.NO and source is not DataType.OBJECT:
                    refused = refused or answer.reason
    raise _refuse(value, target_types, refused or check_value(value, target_types) or "")


def _refuse(value: Any, target_types: Sequence[DataType], reason: str) -> ContractError:
    return ContractError(
        f"A value of type {type(value).__name__} cannot enter: {reason}",
        code="contract.input",
        expected=" or ".join(target_types),
        got=type(value).__name__,
        suggestion=advise_type(
            value, target_types, "Put a node between them that turns the one into the other."
        ),
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_integer(value: Any) -> bool:
    if isinstance(value, bool):
        return False
    return isinstance(value, int) or _is_numpy(value, "integer")


def _is_number(value: Any) -> bool:
    return isinstance(value, float) or _is_integer(value) or _is_numpy(value, "floating")


def _is_boolean(value: Any) -> bool:
    return isinstance(value, bool) or _is_numpy(value, "bool_")


def _is_datetime(value: Any) -> bool:
    return isinstance(value, dt.date) or _is_numpy(value, "datetime64")


def _is_json(value: Any) -> bool:
    return _find_no_json(value, depth=0) is None


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple) and _is_json(value)


def _is_table(value: Any) -> bool:
    return any(_is_instance(value, module, name) for module, name in _TABLES) or (
        hasattr(type(value), "__dataframe__")
    )


def _is_array(value: Any) -> bool:
    if _is_instance(value, "numpy", "ndarray"):
        return True
    if _is_table(value) or _is_numpy(value, "generic"):
        return False
    kind = type(value)
    can_be_read = any(hasattr(kind, each) for each in ("__array__", "__array_interface__"))
    return (can_be_read or hasattr(kind, "__dlpack__")) and all(
        hasattr(value, each) for each in ("dtype", "shape")
    )


def _is_file(value: Any) -> bool:
    return isinstance(value, os.PathLike)


def _is_binary(value: Any) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def _is_object(value: Any) -> bool:
    return value is not None and not isinstance(value, ErrorFact)


def _is_any(value: Any) -> bool:
    return not isinstance(value, ErrorFact)


def _is_signal(value: Any) -> bool:
    return value is None


def _is_error(value: Any) -> bool:
    return isinstance(value, ErrorFact)


_CHECKS: Mapping[DataType, Callable[[Any], bool]] = {
    DataType.ANY: _is_any,
    DataType.TEXT: _is_text,
    DataType.INTEGER: _is_integer,
    DataType.NUMBER: _is_number,
    DataType.BOOLEAN: _is_boolean,
    DataType.DATETIME: _is_datetime,
    DataType.JSON: _is_json,
    DataType.LIST: _is_list,
    DataType.TABLE: _is_table,
    DataType.ARRAY: _is_array,
    DataType.FILE: _is_file,
    DataType.BINARY: _is_binary,
    DataType.OBJECT: _is_object,
    DataType.SIGNAL: _is_signal,
    DataType.ERROR: _is_error,
}


def _keep(value: Any) -> Any:
    return value


def _drop(_: Any) -> None:
    return None


def _to_json(value: Any) -> Any:
    """Return plain Python values where scalars of numpy are; equal containers are not copied."""
    if type(value) in _SCALARS:
        return value
    if _is_numpy(value, "generic"):
        return value.item()
    if isinstance(value, Mapping):
        made = {key: _to_json(item) for key, item in value.items()}
        is_same = type(value) is dict and all(made[key] is value[key] for key in made)
        return value if is_same else made
    if isinstance(value, list | tuple):
        items = [_to_json(item) for item in value]
        is_same = all(new is old for new, old in zip(items, value, strict=True))
        return value if is_same else items
    return value


_CONVERSIONS: Mapping[DataType, Callable[[Any], Any]] = {
    DataType.SIGNAL: _drop,
    DataType.JSON: _to_json,
}


def _find_no_json(value: Any, *, depth: int) -> str | None:
    """Return what in a value is no JSON, in words, or None where all of it is."""
    if type(value) in _SCALARS:
        return None
    if depth > MAX_DEPTH:
        return f"it is nested more than {MAX_DEPTH} deep, or holds itself"
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                return f"it has a key of type {type(key).__name__}"
            found = _find_no_json(item, depth=depth + 1)
            if found:
                return found
        return None
    if isinstance(value, list | tuple):
        if _SCALARS.issuperset(map(type, value)):
            return None
        return next((f for each in value if (f := _find_no_json(each, depth=depth + 1))), None)
    if isinstance(value, str) or _is_number(value) or _is_boolean(value):
        return None
    return f"it holds {_name(value)}"


def _is_numpy(value: Any, name: str) -> bool:
    if not type(value).__module__.startswith("numpy"):
        return False
    return _is_instance(value, "numpy", name)


def _is_instance(value: Any, module: str, name: str) -> bool:
    """Whether a value is of a class of a package which may not be loaded."""
    loaded = sys.modules.get(module)
    if loaded is None:
        return False
    cls = vars(loaded).get(name) or getattr(loaded, name, None)
    return isinstance(cls, type) and isinstance(value, cls)


def _name(value: Any) -> str:
    if value is None:
        return "None"
    name = type(value).__name__
    return f"an {name}" if name[:1].lower() in "aeiou" else f"a {name}"
