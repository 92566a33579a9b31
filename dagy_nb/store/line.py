"""Plain JSON values in, one checked line of a journal out; and back.

A line is the CRC-32 of its body in eight hex digits, a space, the body as JSON, and a line feed. Bodies
hold no raw line feed, so a line that was cut, overwritten or flipped is known from its checksum and the
next line is found again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from zlib import crc32

from pydantic_core import PydanticSerializationError, from_json, to_json

from dagy_nb.model.legible import make_legible

_HEAD = 9
_SHORTEST = _HEAD + 2
_DEEPEST = 100


def write_line(data: Mapping[str, Any]) -> bytes:
    """Return the line of one fact; what JSON cannot hold is written as text."""
    body = write_json(data)
    return b"%08x " % crc32(body) + body + b"\n"


def write_json(value: Any) -> bytes:
    """Return plain values as JSON in UTF-8, others as their text.

    NaN and infinities are the words which Python reads, and DuckDB too.
    """
    try:
        return to_json(value, bytes_mode="base64", inf_nan_mode="constants", fallback=_to_text)
    except (PydanticSerializationError, UnicodeEncodeError):
        mended = _mend_text(value)
        return to_json(mended, bytes_mode="base64", inf_nan_mode="constants", fallback=_to_text)


def read_body(line: bytes) -> bytes | None:
    """Return the body of a line (without its line feed), or None where the checksum differs."""
    if len(line) < _SHORTEST or line[8:9] != b" ":
        return None
    body = line[_HEAD:]
    return body if line[:8] == b"%08x" % crc32(body) else None


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the values of a body.

    Raises:
        ValueError: The body is no JSON.
        TypeError: It is JSON, but no object.
    """
    try:
        data = from_json(body)
    except ValueError:  # it gives up at 200 levels, the standard library later
        data = json.loads(body)
    return dict(data)


def _to_text(value: object) -> Any:
    """Write numbers of number libraries as numbers, anything else as its text."""
    item = getattr(value, "item", None)
    if callable(item):
        plain = item()
        if isinstance(plain, bool | int | float | str):
            return plain
    return str(value)


def _mend_text(value: Any, depth: int = 0) -> Any:
    """Return a copy that can be written: lone surrogates escaped, what is too deep left out."""
    if isinstance(value, str):
        return make_legible(value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return {_mend_text(str(key)): _mend_text(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_mend_text(item, depth + 1) for item in value]
    return value
