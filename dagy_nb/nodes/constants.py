"""A value in, its canonical text out where it is a small immutable constant; else why it is none."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import fractions
import ipaddress
import logging
import pathlib
import re
import sys
import types
import typing
import uuid
import zoneinfo
from collections.abc import Iterable
from typing import Any

from dagy_nb.model.frozen import FrozenMap
from dagy_nb.nodes.local import fingerprint_local

MAX_TEXT = 10_000

_PLAIN = (bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented), range)
_BY_REPR = (
    dt.date,
    dt.time,
    dt.timedelta,
    dt.tzinfo,
    decimal.Decimal,
    fractions.Fraction,
    uuid.UUID,
    pathlib.PurePath,
    zoneinfo.ZoneInfo,
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
_ALIASES = (types.GenericAlias, types.UnionType, type(typing.List[int]))  # noqa: UP006


class NoConstant(Exception):
    """The value is no constant; the message says why, to go after `it is`."""


def encode_constant(value: Any) -> str:
    """Return a text that is equal for equal constants and for nothing else.

    Raises:
        NoConstant: The value can change, is too large or is of no kind known to be immutable.

    Example:
        >>> encode_constant((1, 1.0, True))
        '(int 1,float 1.0,bool True)'
    """
    text = _encode(value)
    if len(text) > MAX_TEXT:
        raise NoConstant(f"{_name(value)} of {len(text):,} characters, more than {MAX_TEXT:,}")
    return text


def _encode(value: Any) -> str:
    kind = type(value)
    if kind in _PLAIN:
        return f"{kind.__name__} {value!r}"
    if kind is tuple:
        return f"({_encode_all(value, kind)})"
    if kind is frozenset:
        return f"{{{_encode_all(value, kind, in_order=False)}}}"
    if kind is FrozenMap:
        return f"FrozenMap({_encode_all(value.items(), kind, in_order=False)})"
    if isinstance(value, enum.Enum) and _is_importable(kind):
        return f"enum {_tell_class(kind)}.{value.name}"
    if isinstance(value, tuple) and hasattr(kind, "_fields") and _is_importable(kind):
        return f"{_tell_class(kind)}({_encode_all(value, kind)})"
    if isinstance(value, _BY_REPR) and _is_importable(kind):
        return f"{kind.__module__}.{kind.__qualname__} {value!r}"
    return _encode_special(value)


def _encode_special(value: Any) -> str:
    kind = type(value)
    if isinstance(value, re.Pattern):
        return f"pattern {value.pattern!r} {value.flags}"
    if kind is logging.Logger:
        return f"logger {value.name}"
    if isinstance(value, _ALIASES) and _is_alias_importable(value):
        return f"alias {value!r}"
    if _is_numpy_scalar(value):
        return f"numpy {getattr(value, 'dtype', '')} {value!r}"
    if kind in (list, dict, set, bytearray):
        raise NoConstant(f"a {kind.__name__}, which can change")
    raise NoConstant(f"data of type {kind.__name__}")


def _encode_all(values: Iterable[Any], kind: type, *, in_order: bool = True) -> str:
    texts = []
    for each in values:
        try:
            texts.append(_encode(each))
        except NoConstant as error:
            raise NoConstant(f"a {kind.__name__} that holds {error}") from None
    return ",".join(texts if in_order else sorted(texts))


def _tell_class(kind: type) -> str:
    """Return where a class is, with the hash of its file where that is the user's own."""
    text = fingerprint_local(kind.__module__)
    return f"{kind.__module__}{f' ({text}) ' if text else '.'}{kind.__qualname__}"


def _is_importable(kind: type) -> bool:
    """Whether another process finds this class where it is; classes of a notebook are not."""
    module = sys.modules.get(kind.__module__)
    if module is None or kind.__module__ == "__main__":
        return False
    found: Any = module
    for part in kind.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is kind


def _is_alias_importable(value: Any) -> bool:
    """Whether all that a type alias is made of is found in another process."""
    if isinstance(value, _ALIASES):
        members = (*typing.get_args(value), typing.get_origin(value))
        return all(_is_alias_importable(each) for each in members)
    if isinstance(value, list):
        return all(_is_alias_importable(each) for each in value)
    if isinstance(value, type):
        return value is type(None) or _is_importable(value)
    is_special = getattr(typing, str(getattr(value, "_name", "")), None) is value
    return is_special or value in (None, ...) or isinstance(value, str | int | bytes)


def _is_numpy_scalar(value: Any) -> bool:
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(value, (numpy.generic, numpy.dtype)):
        return False
    dtype = value if isinstance(value, numpy.dtype) else value.dtype
    return not dtype.hasobject


def _name(value: object) -> str:
    return f"a {type(value).__name__}"
