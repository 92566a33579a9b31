"""Any other object in, its pickle with the code of its classes into a digest out; or why that will not do.

Pickles of equal objects may differ by which of their parts are one and the same object. Reading a pickle and
writing it again evens that out; an object whose pickle is still another after that has no digest.
"""

from __future__ import annotations

import io
import pickle
from types import FunctionType
from typing import Any

from dagy_nb.engine.sink import NoDigest, Sink
from dagy_nb.nodes.local import fingerprint_local
from dagy_nb.nodes.secrets import is_secret

MAX_BYTES = 1 << 30


def put_object(sink: Sink, value: Any) -> None:
    """Put an object into the sink.

    Raises:
        NoDigest: It cannot be pickled, or not twice the same, or holds a secret.
    """
    kind = type(value)
    name = f"{kind.__module__}.{kind.__qualname__}"
    modules: set[str] = {kind.__module__}
    try:
        first = _pickle(value, modules)
        second = _pickle(pickle.loads(first), modules)  # noqa: S301 - our own bytes of a moment ago
        third = _pickle(pickle.loads(second), modules)  # noqa: S301 - the same
    except NoDigest:
        raise
    except Exception as error:  # noqa: BLE001 - a class may fail to be pickled in any way
        raise NoDigest(f"is a {name}, which cannot be pickled ({_tell(error)})") from None
    if second != third:
        raise NoDigest(f"is a {name}, which is pickled otherwise each time")
    sink.tag("object", name)
    sink.raw(second)
    for each in sorted(modules):
        sink.tag(each, fingerprint_local(each))


def _pickle(value: Any, modules: set[str]) -> bytes:
    from cloudpickle import Pickler

    class Noting(Pickler):  # type: ignore[misc]
        """Notes whose code an object needs, and stops at secrets."""

        def reducer_override(self, each: Any) -> Any:
            if is_secret(each):
                raise NoDigest("holds a secret")
            owner = each if isinstance(each, type | FunctionType) else type(each)
            modules.add(str(owner.__module__ or ""))
            return super().reducer_override(each)

    file = io.BytesIO()
    Noting(file, protocol=5).dump(value)
    if file.tell() > MAX_BYTES:
        raise NoDigest(f"is larger than {MAX_BYTES >> 20:,} MB as a pickle")
    return file.getvalue()


def _tell(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    return text if len(text) <= 120 else f"{text[:119]}…"
