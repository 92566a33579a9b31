"""Arrays and scalars of numpy in, their dtype, shape and bytes into a digest out."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from dagy_nb.engine.sink import Sink

Put = Callable[[Sink, Any], None]


def put_array(sink: Sink, value: Any, put: Put) -> bool:
    """Put a plain array into the sink; say whether it is one."""
    numpy = sys.modules["numpy"]
    if type(value) is not numpy.ndarray:
        return False
    # The order in memory counts: sums of floats depend on it.
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    sink.tag("ndarray", _name_dtype(value.dtype), str(value.shape), order)
    if value.dtype.hasobject:
        put(sink, value.ravel(order="K" if order == "F" else "C").tolist())
        return True
    flat = numpy.ascontiguousarray(value.T if order == "F" else value)
    # Some dtypes, such as times, have no buffer of their own.
    sink.raw(flat.reshape(-1).view(numpy.uint8) if flat.size and flat.dtype.itemsize else b"")
    return True


def put_scalar(sink: Sink, value: Any) -> bool:
    """Put a scalar of numpy into the sink; say whether it is one."""
    numpy = sys.modules["numpy"]
    if not isinstance(value, numpy.generic) or value.dtype.hasobject:
        return False
    sink.tag("numpy", type(value).__name__, _name_dtype(value.dtype))
    sink.raw(value.tobytes())
    return True


def _name_dtype(dtype: Any) -> str:
    return repr(dtype.descr) if dtype.names else f"{dtype.str} {dtype}"
