"""Tables and columns of pandas, polars and pyarrow in, their types, order and values into a digest out."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable
from typing import Any

from dagy_nb.engine.sink import NoDigest, Sink

Put = Callable[[Sink, Any], None]


def put_pandas(sink: Sink, value: Any, put: Put) -> bool:
    """Put what pandas knows into the sink; say whether it is such."""
    pandas = sys.modules["pandas"]
    kind = type(value)
    if kind is pandas.DataFrame:
        sink.tag("DataFrame", str(value.shape), str(value.flags.allows_duplicate_labels))
        put(sink, dict(value.attrs))
        _put_index(sink, value.index, put)
        _put_index(sink, value.columns, put)
        for position in range(value.shape[1]):
            _put_column(sink, value.iloc[:, position].array, put)
    elif kind is pandas.Series:
        sink.tag("Series", str(value.shape))
        put(sink, dict(value.attrs))
        put(sink, value.name)
        _put_index(sink, value.index, put)
        _put_column(sink, value.array, put)
    elif isinstance(value, pandas.Index):
        _put_index(sink, value, put)
    elif kind in {pandas.Timestamp, pandas.Timedelta}:
        zone = repr(getattr(value, "tzinfo", None))
        sink.tag(kind.__name__, value.unit, repr(value), str(value.value), zone)
    elif value is pandas.NaT or value is pandas.NA:
        sink.tag(kind.__name__)
    elif isinstance(value, pandas.api.extensions.ExtensionArray):
        sink.tag(kind.__name__)
        _put_column(sink, value, put)
    else:
        return False
    return True


def put_polars(sink: Sink, value: Any, put: Put) -> bool:
    """Put a frame or a series of polars into the sink; say whether it is one."""
    polars = sys.modules["polars"]
    kind = type(value)
    if kind is polars.LazyFrame:
        raise NoDigest("is a LazyFrame, whose rows are not there yet: collect it")
    if kind is polars.Series:
        sink.tag("polars.Series")
        value = value.to_frame()
    elif kind is not polars.DataFrame:
        return False
    sink.tag("polars.DataFrame", repr(value.schema), str(value.shape))
    for column in value.iter_columns():
        if column.dtype == polars.Object:
            put(sink, column.to_list())
        else:
            _put_arrow_column(sink, column.to_arrow())
    return True


def put_arrow(sink: Sink, value: Any, _: Put) -> bool:
    """Put a table, a batch or an array of pyarrow into the sink; say whether it is one."""
    arrow = sys.modules["pyarrow"]
    if isinstance(value, arrow.Table | arrow.RecordBatch):
        sink.tag(type(value).__name__, str(value.shape))
        sink.raw(value.schema.serialize())
        for column in value.columns:
            _put_arrow_column(sink, column)
    elif isinstance(value, arrow.Array | arrow.ChunkedArray):
        sink.tag(type(value).__name__)
        _put_arrow_column(sink, value)
    elif isinstance(value, arrow.Schema):
        sink.raw(value.serialize())
    else:
        return False
    return True


def _put_index(sink: Sink, index: Any, put: Put) -> None:
    pandas = sys.modules["pandas"]
    sink.tag(type(index).__name__, str(len(index)))
    put(sink, list(index.names))
    if type(index) is pandas.RangeIndex:
        sink.tag(str(index.start), str(index.stop), str(index.step))
    elif isinstance(index, pandas.MultiIndex):
        for level, codes in zip(index.levels, index.codes, strict=True):
            _put_index(sink, level, put)
            put(sink, codes)
    else:
        sink.tag(str(getattr(index, "freqstr", "")))
        _put_column(sink, index.array, put)


def _put_column(sink: Sink, column: Any, put: Put) -> None:
    pandas = sys.modules["pandas"]
    dtype = column.dtype
    sink.tag(str(dtype), repr(dtype))
    if isinstance(dtype, pandas.CategoricalDtype):
        sink.tag(str(dtype.ordered))
        _put_index(sink, dtype.categories, put)
        put(sink, column.codes)
    elif isinstance(dtype, pandas.DatetimeTZDtype):
        put(sink, column.view("i8"))
    elif isinstance(dtype, sys.modules["numpy"].dtype):
        put(sink, column.to_numpy())
    elif "pyarrow" in sys.modules and hasattr(column, "__arrow_array__"):
        _put_arrow_column(sink, sys.modules["pyarrow"].array(column))
    else:
        sink.raw(pickle.dumps(column, 5))


def _put_arrow_column(sink: Sink, column: Any) -> None:
    arrow = sys.modules["pyarrow"]
    if isinstance(column, arrow.ChunkedArray):
        column = column.combine_chunks()
    chunks = column.chunks if isinstance(column, arrow.ChunkedArray) else [column]
    sink.tag(str(column.type), str(len(column)))
    for chunk in chunks:
        # A message holds only the rows of a slice, whatever it was cut from.
        sink.raw(arrow.record_batch([chunk], names=["column"]).serialize())
