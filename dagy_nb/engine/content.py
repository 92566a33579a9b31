"""A value in, a digest out that is equal for equal content and for nothing else; or why it has none.

Types count: 1, 1.0 and True differ, as do -0.0 and 0.0, a list and a tuple, two time zones, two dtypes. The
order of a mapping counts too, since a node can see it. Nothing is cut at any depth. Files count by what they
hold. What differs may at worst run once too often; what is equal here must be equal for every node.
"""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import marshal
import os
import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from dataclasses import field
from hashlib import sha256
from pathlib import Path
from typing import Any

from dagy_nb.engine.content_arrays import put_array, put_scalar
from dagy_nb.engine.content_files import put_path
from dagy_nb.engine.content_objects import put_object
from dagy_nb.engine.content_tables import put_arrow, put_pandas, put_polars
from dagy_nb.engine.sink import DIGITS, HoldsSecret, NoDigest, Sink
from dagy_nb.engine.word import word
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.plain import to_plain
from dagy_nb.nodes.secrets import is_secret

__all__ = ["Content", "HoldsSecret", "NoDigest", "digest_text", "digest_value"]

_SIMPLE = frozenset({int, float, str, bool, type(None)})
_VERSION = 2  # of marshal: without references, so that equal values have equal bytes
_BY_REPR = frozenset(
    {
        complex,
        range,
        type(...),
        dt.date,
        dt.timedelta,
        dt.timezone,
        zoneinfo.ZoneInfo,
        decimal.Decimal,
        fractions.Fraction,
        uuid.UUID,
    }
)
_TIMES = frozenset({dt.datetime, dt.time})
_ZONES = (type(None), dt.timezone, zoneinfo.ZoneInfo)


@word()
class Content:
    """What a value holds, in short.

    Attributes:
        digest: Equal for equal content only.
        files: Path → digest, of the files that are a part of it.
    """

    digest: str
    files: Mapping[str, str] = field(default_factory=dict)


def digest_value(value: Any, *, folder: Path | None = None) -> Content:
    """Return what a value holds, in short.

    Args:
        value: Any value.
        folder: The run's artifact folder: where a file lies in it counts, not where the folder is.

    Raises:
        NoDigest: It cannot be told apart from other values; with the reason.

    Example:
        >>> digest_value([1, 2]).digest == digest_value([1, 2.0]).digest
        False
    """
    if type(value) in _SIMPLE:
        return Content(sha256(marshal.dumps(value, _VERSION)).hexdigest()[:DIGITS])
    sink = Sink(folder)
    try:
        _put(sink, value)
    except NoDigest:
        raise
    except RecursionError:
        raise NoDigest("is nested too deep, or holds itself") from None
    except Exception as error:  # noqa: BLE001 - a foreign class may fail to be read in any way
        kind = type(value).__qualname__
        package = error.name if isinstance(error, ModuleNotFoundError) else None
        why = f" without the package `{package}`" if package else f" ({type(error).__name__})"
        raise NoDigest(f"is a {kind}, which cannot be read{why}") from None
    return Content(sink.read(), sink.files)


def digest_text(*words: str) -> str:
    """Return the digest of some texts, in order."""
    text = "".join([f"{len(word)}:{word}" for word in words])
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]


def _put(sink: Sink, value: Any) -> None:
    kind = type(value)
    if kind in _SIMPLE:
        sink.raw(marshal.dumps(value, _VERSION))
        return
    put = _BY_TYPE.get(kind)
    if put is not None:
        put(sink, value)
    elif isinstance(value, os.PathLike):
        put_path(sink, value)
    elif is_secret(value):
        raise HoldsSecret
    else:
        _put_foreign(sink, value, kind)


def _put_foreign(sink: Sink, value: Any, kind: type) -> None:
    package = kind.__module__.partition(".")[0]
    reader = _BY_PACKAGE.get(package)
    if reader is None or not reader(sink, value, _put):
        put_object(sink, value, _put)


def _put_items(sink: Sink, value: Any) -> None:
    if _SIMPLE.issuperset(map(type, value)):
        sink.raw(marshal.dumps(value, _VERSION))
        return
    sink.tag(type(value).__name__, str(len(value)))
    for each in value:
        _put(sink, each)


def _put_mapping(sink: Sink, value: Mapping[Any, Any]) -> None:
    sink.tag(type(value).__name__, str(len(value)))
    if _SIMPLE.issuperset(map(type, value)) and _SIMPLE.issuperset(map(type, value.values())):
        sink.raw(marshal.dumps(list(value.items()), _VERSION))
        return
    for key, item in value.items():
        _put(sink, key)
        _put(sink, item)


def _put_set(sink: Sink, value: Any) -> None:
    digests = []
    for each in value:
        inner = Sink(sink.folder)
        _put(inner, each)
        sink.files.update(inner.files)
        digests.append(inner.read())
    sink.tag(type(value).__name__, *sorted(digests))


def _put_bytes(sink: Sink, value: Any) -> None:
    sink.tag(type(value).__name__)
    sink.raw(value)


def _put_view(sink: Sink, value: memoryview) -> None:
    sink.tag("memoryview", value.format, str(value.shape))
    sink.raw(value.tobytes())


def _put_repr(sink: Sink, value: Any) -> None:
    kind = type(value)
    sink.tag(kind.__module__, kind.__qualname__, repr(value))


def _put_time(sink: Sink, value: Any) -> None:
    if type(value.tzinfo) in _ZONES:
        _put_repr(sink, value)
    else:
        put_object(sink, value, _put)


def _put_error(sink: Sink, value: ErrorFact) -> None:
    sink.tag("ErrorFact")
    _put(sink, to_plain(value))


_BY_TYPE: Mapping[type, Callable[[Sink, Any], None]] = {
    list: _put_items,
    tuple: _put_items,
    dict: _put_mapping,
    FrozenMap: _put_mapping,
    set: _put_set,
    frozenset: _put_set,
    bytes: _put_bytes,
    bytearray: _put_bytes,
    memoryview: _put_view,
    ErrorFact: _put_error,
    **dict.fromkeys(_BY_REPR, _put_repr),
    **dict.fromkeys(_TIMES, _put_time),
}


def _put_numpy(sink: Sink, value: Any, put: Callable[[Sink, Any], None]) -> bool:
    return put_array(sink, value, put) or put_scalar(sink, value)


_BY_PACKAGE: Mapping[str, Callable[[Sink, Any, Callable[[Sink, Any], None]], bool]] = {
    "numpy": _put_numpy,
    "pandas": put_pandas,
    "polars": put_polars,
    "pyarrow": put_arrow,
}
