"""An annotation in, the data types it stands for out; heavy packages are known by name only."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import pathlib
import types
import typing
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import JsonValue

from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact
from dagy_nb.nodes.connectors import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Inferred:
    """What an annotation says about a connector.

    Attributes:
        data_types: At least one.
        cardinality: OPTIONAL where the annotation allows None, else ONE.
        declared: An `Input` or `Output` inside `Annotated`, or None.
        is_known: Whether the annotation means something here; else the type is ANY by default.
    """

    data_types: tuple[DataType, ...]
    cardinality: Cardinality = Cardinality.ONE
    declared: Connector | None = None
    is_known: bool = True

    @property
    def is_plain(self) -> bool:
        """Whether a config field can hold such a value."""
        return not set(self.data_types) & _NOT_PLAIN


_NOT_PLAIN = {DataType.TABLE, DataType.ARRAY, DataType.OBJECT, DataType.ERROR}

# Classes by the package and name that they or one of their bases have.
_BY_NAME: dict[tuple[str, str], DataType] = {
    ("pandas", "DataFrame"): DataType.TABLE,
    ("polars", "DataFrame"): DataType.TABLE,
    ("polars", "LazyFrame"): DataType.TABLE,
    ("pyarrow", "Table"): DataType.TABLE,
    ("pyarrow", "RecordBatch"): DataType.TABLE,
    ("duckdb", "DuckDBPyRelation"): DataType.TABLE,
    ("_duckdb", "DuckDBPyRelation"): DataType.TABLE,
    ("numpy", "ndarray"): DataType.ARRAY,
    ("numpy", "integer"): DataType.INTEGER,
    ("numpy", "floating"): DataType.NUMBER,
    ("numpy", "bool"): DataType.BOOLEAN,
    ("numpy", "datetime64"): DataType.DATETIME,
    ("pandas", "Series"): DataType.ARRAY,
    ("polars", "Series"): DataType.ARRAY,
    ("torch", "Tensor"): DataType.ARRAY,
    ("xarray", "DataArray"): DataType.ARRAY,
    ("dagy_nb", "ErrorFact"): DataType.ERROR,
}

_BY_CLASS: tuple[tuple[tuple[type, ...], DataType], ...] = (
    ((bool,), DataType.BOOLEAN),
    ((int,), DataType.INTEGER),
    ((float,), DataType.NUMBER),
    ((str,), DataType.TEXT),
    ((bytes, bytearray, memoryview), DataType.BINARY),
    ((dt.date,), DataType.DATETIME),
    ((pathlib.PurePath, os.PathLike), DataType.FILE),
    ((ErrorFact,), DataType.ERROR),
)


def infer_types(annotation: Any) -> Inferred:
    """Return what `annotation` says.

    Example:
        >>> infer_types(int | None).data_types
        (<DataType.INTEGER: 'INTEGER'>,)
    """
    annotation = _resolve_alias(annotation)
    if get_origin(annotation) is Annotated:
        return _infer_annotated(annotation)
    if _is_union(annotation):
        return _infer_union(annotation)
    data_type = infer_type(annotation)
    if data_type is None:
        return Inferred(data_types=(DataType.ANY,), is_known=False)
    return Inferred(data_types=(data_type,))


def infer_type(annotation: Any) -> DataType | None:
    """Return the one data type of a plain annotation, or None where it says nothing."""
    if annotation in (Any, object, JsonValue):
        return DataType.JSON if annotation is JsonValue else DataType.ANY
    if annotation is inspect.Parameter.empty:
        return None
    if annotation in (None, type(None)):
        return DataType.SIGNAL
    origin = get_origin(annotation)
    if origin is Literal:
        return _agree(type(each) for each in get_args(annotation))
    if origin is not None:
        return _infer_generic(origin, get_args(annotation))
    if isinstance(annotation, TypeVar):
        return infer_type(annotation.__bound__) if annotation.__bound__ else DataType.ANY
    if hasattr(annotation, "__supertype__"):
        return infer_type(annotation.__supertype__)
    return _infer_class(annotation) if inspect.isclass(annotation) else None


def _resolve_alias(annotation: Any) -> Any:
    """Return what a `type` statement's alias stands for, with or without its parameters."""
    for each in (annotation, get_origin(annotation)):
        if type(each).__name__ == "TypeAliasType" and each is not JsonValue:
            return _resolve_alias(each.__value__)
    return annotation


def _infer_annotated(annotation: Any) -> Inferred:
    inner = infer_types(get_args(annotation)[0])
    declared = [each for each in annotation.__metadata__ if isinstance(each, Connector)]
    if not declared:
        return inner
    return Inferred(
        data_types=declared[-1].data_types or inner.data_types,
        cardinality=declared[-1].cardinality or inner.cardinality,
        declared=declared[-1],
        is_known=inner.is_known or bool(declared[-1].data_types),
    )


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)


def _infer_union(annotation: Any) -> Inferred:
    members = [each for each in get_args(annotation) if each is not type(None)]
    inferred = [infer_types(each) for each in members]
    data_types = tuple(dict.fromkeys(t for each in inferred for t in each.data_types))
    if DataType.ANY in data_types:
        data_types = (DataType.ANY,)
    allows_none = len(members) < len(get_args(annotation))
    return Inferred(
        data_types=data_types,
        cardinality=Cardinality.OPTIONAL if allows_none else Cardinality.ONE,
        is_known=all(each.is_known for each in inferred),
    )


def _infer_generic(origin: Any, inner: tuple[Any, ...]) -> DataType | None:
    if not inspect.isclass(origin) or origin is Callable:
        return None
    found = _infer_class(origin)
    items = [each for each in inner if each is not Ellipsis]
    if found in (DataType.LIST, DataType.JSON) and not all(map(_is_json, items)):
        return DataType.ANY  # such as a list of tables: LIST and JSON hold plain values only
    return found


def _is_json(annotation: Any) -> bool:
    return set(infer_types(annotation).data_types) <= {
        DataType.ANY,
        DataType.TEXT,
        DataType.INTEGER,
        DataType.NUMBER,
        DataType.BOOLEAN,
        DataType.JSON,
        DataType.LIST,
        DataType.SIGNAL,
    }


def _infer_class(cls: type) -> DataType | None:
    for classes, data_type in _BY_CLASS:
        if issubclass(cls, classes):
            return data_type
    for base in cls.__mro__:
        known = _BY_NAME.get((base.__module__.partition(".")[0], base.__name__))
        if known is not None:
            return known
    if typing.is_typeddict(cls) or issubclass(cls, Mapping):
        return DataType.JSON
    if cls in (list, tuple) or cls in (Sequence, Collection):
        return DataType.LIST
    return DataType.OBJECT


def _agree(classes: typing.Iterable[type]) -> DataType | None:
    found = {_infer_class(each) for each in classes}
    return found.pop() if len(found) == 1 else DataType.JSON
