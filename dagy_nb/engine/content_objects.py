"""Any other object in, its pickle with the code of its classes into a digest out; or why that will not do.

Pickles of equal objects may differ by which of their parts are one and the same object. Reading a pickle and
writing it again evens that out, if more than once; an object whose pickle never settles has no digest. What a
pickle cannot tell stands in it by its own digest: files by what they hold, sets in no order, and classes of
the notebook by their text.
"""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from types import FunctionType
from typing import Any

from dagy_nb.engine.content_classes import describe_class
from dagy_nb.engine.content_files import put_path
from dagy_nb.engine.sink import HoldsSecret, NoDigest, Sink
from dagy_nb.nodes.local import fingerprint_local
from dagy_nb.nodes.secrets import is_secret

MAX_BYTES = 1 << 30
MAX_ROUNDS = 3

Put = Callable[[Sink, Any], None]


def put_object(sink: Sink, value: Any, put: Put) -> None:
    """Put an object into the sink.

    Args:
        sink: The sink.
        value: The object.
        put: Puts any value into a sink.

    Raises:
        NoDigest: It cannot be pickled, or not twice the same, or holds a secret.
    """
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    parts = _Parts(sink, put)
    parts.modules.add(kind.__module__)
    try:
        settled = _settle(parts, value)
    except NoDigest:
        raise
    except Exception as error:  # noqa: BLE001 - a class may fail to be pickled in any way
        raise NoDigest(f"is a {name}, which cannot be pickled ({_tell(error)})") from None
    if settled is None:
        raise NoDigest(f"is a {name}, which is pickled otherwise each time")
    sink.tag("object", name)
    sink.raw(settled)
    for each in sorted(parts.modules):
        sink.tag(each, fingerprint_local(each))


def _settle(parts: _Parts, value: Any) -> bytes | None:
    """Return the pickle that reading and writing it again does not change; None where there is none."""
    data = parts.pickle(parts.unpickle(parts.pickle(value)))
    for _ in range(MAX_ROUNDS):
        before, data = data, parts.pickle(parts.unpickle(data))
        if data == before:
            return data
    return None


class _Parts:
    """The parts of one object that do not stand in its pickle themselves."""

    def __init__(self, sink: Sink, put: Put) -> None:
        self.modules: set[str] = set()
        self._sink = sink
        self._put = put
        self._known: dict[str, Any] = {}

    def pickle(self, value: Any) -> bytes:
        from cloudpickle import Pickler

        parts = self

        class Noting(Pickler):  # type: ignore[misc]
            """Notes whose code an object needs, and stops at secrets."""

            def persistent_id(self, each: Any) -> str | None:
                return parts.name(each)

            def reducer_override(self, each: Any) -> Any:
                owner = each if isinstance(each, type | FunctionType) else type(each)
                parts.modules.add(str(owner.__module__ or ""))
                return super().reducer_override(each)

        file = _Bounded()
        Noting(file, protocol=5).dump(value)
        return file.getvalue()

    def unpickle(self, data: bytes) -> Any:
        """Read our own bytes of a moment ago."""
        reader = _Reader(io.BytesIO(data))
        reader.known = self._known
        return reader.load()

    def name(self, each: Any) -> str | None:
        """Return what stands for a part in the pickle; None for those that stand there themselves."""
        kind = type(each)
        if kind in {str, int, float, bytes, bool, list, dict, tuple}:
            return None
        if is_secret(each):
            raise HoldsSecret
        inner = Sink(self._sink.folder)
        if kind in {set, frozenset}:
            self._put(inner, each)
        elif isinstance(each, os.PathLike) and not isinstance(each, type):
            put_path(inner, each)
        elif isinstance(each, type) and (texts := describe_class(each)) is not None:
            inner.tag(*texts)
        else:
            return None
        self._sink.files.update(inner.files)
        name = f"{kind.__qualname__} {inner.read()}"
        self._known.setdefault(name, each)
        return name


class _Reader(pickle.Unpickler):
    """Puts parts back where they stood."""

    known: dict[str, Any]

    def persistent_load(self, name: Any) -> Any:
        return self.known[name]


class _Bounded(io.BytesIO):
    """Takes a pickle until it is too large."""

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > MAX_BYTES:
            raise NoDigest(f"is larger than {MAX_BYTES >> 20:,} MB as a pickle")
        return super().write(data)


def _tell(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= 120 else f"{text[:119]}…"
