"""A value in, bytes and how to read them out; and back. Tables as Arrow where that loses nothing."""

from __future__ import annotations

import io
import pickle
import sys
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.content import Content, HoldsSecret, NoDigest, digest_value
from dagy_nb.errors import StoreError
from dagy_nb.model.kept import KeptValue, Packed
from dagy_nb.nodes.secrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Callable

PICKLE = "pickle"
_PLAIN = frozenset({int, float, str, bool, type(None), bytes})
_ARROW_PACKAGES = frozenset({"pandas", "polars", "pyarrow"})


def pack_value(value: Any, content: Content | None) -> Packed:
    """Turn a value into bytes.

    Args:
        value: The value.
        content: Its content; None where it has no digest. Then its pickle's own hash names it.

    Raises:
        StoreError: `outputs.unpicklable`, `outputs.secret`.
    """
    form, data = _pack_table(value, content) or (PICKLE, _pickle(value))
    digest = content.digest if content is not None else ""
    blob = digest or sha256(data).hexdigest()[:32]
    kept = KeptValue(
        digest=digest,
        blob=f"{blob}-{form.replace(' ', '-')}",
        form=form,
        size=len(data),
        files=dict(content.files) if content is not None else {},
    )
    return Packed(kept, data)


def unpack_value(form: str, data: Any) -> Any:
    """Return the value of bytes that were packed here; they must be known to be our own.

    Raises:
        Exception: Whatever reading them raises.
    """
    if form == PICKLE:
        return pickle.loads(data)  # noqa: S301 - the caller has checked that they are ours
    return _READERS[form](data)


def _pickle(value: Any) -> bytes:
    if type(value) in _PLAIN:
        return pickle.dumps(value, 5)
    file = io.BytesIO()
    try:
        _load_pickler()(file, protocol=5).dump(value)
    except HoldsSecret:
        raise StoreError(
            f"A value of type {type(value).__name__} cannot be kept: it holds a secret.",
            code="outputs.secret",
            suggestion="Hand the secret's name on, not the secret.",
        ) from None
    except Exception as error:  # noqa: BLE001 - a class may fail to be pickled in any way
        raise StoreError(
            f"A value of type {type(value).__name__} cannot be kept: {error}",
            code="outputs.unpicklable",
            suggestion="Return plain values, tables, arrays, or objects that can be pickled.",
        ) from None
    return file.getvalue()


@cache
def _load_pickler() -> Any:
    from cloudpickle import Pickler

    from dagy_nb.nodes.cell import reduce_kept

    class OpenPickler(Pickler):  # type: ignore[misc]
        """Pickles anything but secrets, however deep they are hidden."""

        def reducer_override(self, each: Any) -> Any:
            if is_secret(each):
                raise HoldsSecret
            return reduce_kept(each) or super().reducer_override(each)

    return OpenPickler


def _pack_table(value: Any, content: Content | None) -> tuple[str, bytes] | None:
    """Return a table as Arrow if reading that gives the very same table back, else None."""
    package = type(value).__module__.partition(".")[0]
    if content is None or package not in _ARROW_PACKAGES or not _has_arrow():
        return None
    form = f"arrow {package}"
    try:
        data = _write_arrow(_to_arrow(package, value))
        same = digest_value(_READERS[form](data)).digest == content.digest
    except (NoDigest, _NoTable):
        return None
    except Exception:  # noqa: BLE001 - Arrow refuses tables with errors of many kinds; a pickle holds any
        return None
    return (form, data) if same else None


class _NoTable(Exception):
    """The value is no table."""


def _has_arrow() -> bool:
    try:
        import pyarrow  # noqa: F401, ICN001 - only whether it is there
    except ImportError:
        return False
    return True


def _to_arrow(package: str, value: Any) -> Any:
    arrow = _load_arrow()
    loaded = sys.modules[package]
    if package == "pandas" and type(value) is loaded.DataFrame and not value.attrs:
        return arrow.Table.from_pandas(value)
    if package == "polars" and type(value) is loaded.DataFrame:
        return value.to_arrow()
    if package == "pyarrow" and isinstance(value, arrow.Table):
        return value
    raise _NoTable


def _write_arrow(table: Any) -> bytes:
    file = io.BytesIO()
    with _load_arrow().ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return file.getvalue()


def _read_arrow(data: Any) -> Any:
    arrow = _load_arrow()
    return arrow.ipc.open_file(arrow.py_buffer(data)).read_all()


def _load_arrow() -> Any:
    import pyarrow as pa

    return pa


def _read_pandas(data: Any) -> Any:
    table = _read_arrow(data).to_pandas()
    for place, kind in enumerate(table.dtypes):
        if kind.name == "category":  # a view of Arrow's, in which nobody could change a value
            table.isetitem(place, table.iloc[:, place].copy())
    return table


def _read_polars(data: Any) -> Any:
    import polars as pl

    return pl.from_arrow(_read_arrow(data))


_READERS: dict[str, Callable[[Any], Any]] = {
    "arrow pandas": _read_pandas,
    "arrow polars": _read_polars,
    "arrow pyarrow": _read_arrow,
}
