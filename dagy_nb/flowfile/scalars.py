"""A plain YAML scalar in, its value out (YAML 1.2 core schema); a value in, its scalar out."""

from __future__ import annotations

import json
import math
import re
from typing import Any

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")
MAX_DIGITS = 1_000

# Words that some other reader of YAML takes for null, true or false.
_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_PLAIN = re.compile(r"[^\W\d][\w./+-]*(?:(?: -> | )[\w./+][\w./+-]*)*\Z")
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")


class NumberRefused(ValueError):
    """A number that no record can hold; `code` tells which kind."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def read_plain(text: str) -> Any:
    """Return the value of an unquoted scalar.

    Raises:
        NumberRefused: `text.number`, `text.not_finite`.
    """
    first = text[:1]
    if first.isalpha() or first in {"", "~", "_"}:
        return _read_word(text)
    if first not in "-+.0123456789":
        return text
    if len(text) > MAX_DIGITS and (_INTEGER.match(text) or _BASED.match(text)):
        raise NumberRefused("text.number", f"a number of {len(text):,} digits is too long")
    if _INTEGER.match(text):
        return int(text)
    if _BASED.match(text):
        return int(text, 0)
    if _SPECIAL.match(text):
        raise NumberRefused("text.not_finite", f"{text} is no finite number")
    return _read_float(text) if _FLOAT.match(text) else text


def write_scalar(value: Any) -> str:
    """Return `value` as a scalar that fits everywhere in YAML, on one line.

    Text stays unquoted where no reader of YAML, old or new, could take it for anything else.

    Example:
        >>> (
        ...     write_scalar("UA"),
        ...     write_scalar("no"),
        ...     write_scalar("${params.month}"),
        ...     write_scalar(2.0),
        ... )
        ('UA', '"no"', '"${params.month}"', '2.0')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    return value if is_plain(value) else quote(value)


def is_plain(text: str) -> bool:
    """Say whether a text needs no quotes."""
    return (
        len(text) <= 200
        and _PLAIN.match(text) is not None
        and text.lower() not in _WORDS
        and not _ESCAPED.search(text)
        and text.isprintable()
    )


def quote(text: str) -> str:
    """Return a text in double quotes, with everything escaped that is no printable character."""
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _read_word(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    return text


def _read_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise NumberRefused("text.not_finite", f"{text} is no finite number")
    return value
