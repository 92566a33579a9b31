from __future__ import annotations

import datetime as dt
import enum
import inspect
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NewType, Optional, TypedDict, TypeVar, Union

import numpy as np
import numpy.typing as npt
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pydantic import BaseModel, JsonValue

from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType as D
from dagy_nb.model.event import ErrorFact
from dagy_nb.nodes.connectors import Input
from dagy_nb.nodes.infer import infer_types


class Colour(enum.Enum):
    RED = 1


class Options(TypedDict):
    a: int


class Model(BaseModel):
    a: int


class Frame(pd.DataFrame):
    pass


Minutes = NewType("Minutes", float)
Bound = TypeVar("Bound", bound=pd.DataFrame)
Free = TypeVar("Free")


@pytest.mark.parametrize(
    ("annotation", "types"),
    [
        (str, [D.TEXT]),
        (int, [D.INTEGER]),
        (float, [D.NUMBER]),
        (bool, [D.BOOLEAN]),
        (bytes, [D.BINARY]),
        (bytearray, [D.BINARY]),
        (memoryview, [D.BINARY]),
        (dt.datetime, [D.DATETIME]),
        (dt.date, [D.DATETIME]),
        (pd.Timestamp, [D.DATETIME]),
        (dict, [D.JSON]),
        (dict[str, int], [D.JSON]),
        (Mapping[str, Any], [D.JSON]),
        (Options, [D.JSON]),
        (JsonValue, [D.JSON]),
        (list, [D.LIST]),
        (list[int], [D.LIST]),
        (tuple[str, ...], [D.LIST]),
        (Sequence[float], [D.LIST]),
        (list[dict[str, int]], [D.LIST]),
        (list[int | None], [D.LIST]),
        (pd.DataFrame, [D.TABLE]),
        (Frame, [D.TABLE]),
        (pl.DataFrame, [D.TABLE]),
        (pl.LazyFrame, [D.TABLE]),
        (pa.Table, [D.TABLE]),
        (pa.RecordBatch, [D.TABLE]),
        (np.ndarray, [D.ARRAY]),
        (npt.NDArray[np.float64], [D.ARRAY]),
        (pd.Series, [D.ARRAY]),
        (pl.Series, [D.ARRAY]),
        (np.int64, [D.INTEGER]),
        (np.float32, [D.NUMBER]),
        (np.bool_, [D.BOOLEAN]),
        (pathlib.Path, [D.FILE]),
        (os.PathLike, [D.FILE]),
        (os.PathLike[str], [D.FILE]),
        (ErrorFact, [D.ERROR]),
        (None, [D.SIGNAL]),
        (type(None), [D.SIGNAL]),
        (Any, [D.ANY]),
        (object, [D.ANY]),
        (Free, [D.ANY]),
        (Bound, [D.TABLE]),
        (Minutes, [D.NUMBER]),
        (Literal["a", "b"], [D.TEXT]),
        (Literal[1], [D.INTEGER]),
        (Literal["a", 1], [D.JSON]),
        (Colour, [D.OBJECT]),
        (Model, [D.OBJECT]),
        (str | int, [D.TEXT, D.INTEGER]),
        (Union[pd.DataFrame, dict], [D.TABLE, D.JSON]),  # noqa: UP007
        (str | Any, [D.ANY]),
        (Annotated[int, "note"], [D.INTEGER]),
        (Annotated[Any, Input(D.TABLE)], [D.TABLE]),
        (Annotated[int, Input()], [D.INTEGER]),
    ],
)
def test_annotations_mean_data_types(annotation, types):
    inferred = infer_types(annotation)

    assert list(inferred.data_types) == types
    assert inferred.is_known
    assert inferred.cardinality is Cardinality.ONE


@pytest.mark.parametrize("annotation", [int | None, Optional[int], Annotated[int | None, "note"]])  # noqa: UP045
def test_none_in_a_union_makes_it_optional(annotation):
    inferred = infer_types(annotation)

    assert inferred.data_types == (D.INTEGER,)
    assert inferred.cardinality is Cardinality.OPTIONAL


@pytest.mark.parametrize(
    "annotation",
    [inspect.Parameter.empty, "words", 3, Callable[[int], int], lambda: 1],
)
def test_what_names_no_data_type_is_any_and_said_so(annotation):
    inferred = infer_types(annotation)

    assert inferred.data_types == (D.ANY,)
    assert not inferred.is_known


@pytest.mark.parametrize(
    "annotation",
    [list[pd.DataFrame], tuple[np.ndarray, ...], dict[str, pd.DataFrame], Mapping[str, Frame]],
)
def test_a_container_of_more_than_plain_values_is_any(annotation):
    inferred = infer_types(annotation)

    assert inferred.data_types == (D.ANY,)
    assert inferred.is_known
