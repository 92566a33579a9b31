"""A value and a data type in, the value as that type out: what connectors do not do by themselves."""

from __future__ import annotations

import datetime as dt
import json
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from dagy_nb.errors import ConversionError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.builtin.containers import make_array, make_list, make_table, write_csv
from dagy_nb.nodes.tables import list_records
from dagy_nb.nodes.values import coerce, is_of_type

MAX_FILE = 256 * 2**20
_WORDS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False, "no": False, "off": False, "0": False
}  # fmt: skip
_ROUNDERS: Mapping[str, Callable[[Any], int]] = {
    "nearest": round,
    "down": math.floor,
    "up": math.ceil,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How values are converted; see the config of Convert."""

    rounding: str = "strict"
    encoding: str = "utf-8"
    column: str = ""
    package: str = ""


def convert_value(
    value: Any,
    to: DataType,
    *,
    rounding: str = "strict",
    encoding: str = "utf-8",
    column: str = "",
    package: str = "",
) -> Any:
    """Return a value as one of another data type; one that is of it already comes back as it is.

    Args:
        value: Any value but an error.
        to: Any type that carries a value.
        rounding: `strict`, `nearest`, `down` or `up`: a fraction on its way to INTEGER.
        encoding: Of texts in files and bytes.
        column: Of a table on its way to LIST or ARRAY, or of a list on its way to TABLE.
        package: Of what becomes TABLE; empty for the first that is installed.

    Raises:
        ConversionError: `convert.no_way` where nothing of this kind becomes `to`; `convert.bad_value` where
            this value does not; `convert.loses` where a part of it would be lost; `convert.no_column`;
            `convert.too_large` and `convert.unreadable` for files.

    Example:
        >>> (
        ...     convert_value("3.5", DataType.NUMBER),
        ...     convert_value(3.5, DataType.INTEGER, rounding="up"),
        ... )
        (3.5, 4)
    """
    manner = Manner(rounding=rounding, encoding=encoding, column=column, package=package)
    make = _MAKERS.get(to)
    try:
        if is_of_type(value, to) and not (column and to is DataType.TABLE):
            return coerce(value, [to], [to])
        if make is None or value is None:
            raise refuse(value, to)
        return make(value, manner)
    except ConversionError:
        raise
    except RecursionError as error:
        raise refuse(value, to, "it is nested too deep", code="convert.bad_value") from error
    except (TypeError, ValueError, OverflowError, LookupError) as error:
        raise refuse(value, to, str(error), code="convert.bad_value") from error


def refuse(
    value: Any, to: DataType, why: str = "", *, code: str = "convert.no_way"
) -> ConversionError:
    """Return the error that says that a value does not become a type."""
    shown = repr(value) if isinstance(value, str | int | float | bool) else ""
    what = f"{type(value).__name__} {shown[:60]}".strip() if value is not None else "None"
    return ConversionError(
        f"{what} does not become {to}{': ' + why.rstrip('.') if why else ''}.",
        code=code,
        suggestion="Put a node of your own there that does it."
        if code == "convert.no_way"
        else "Mend the value before, or catch the error.",
    )


def _to_text(value: Any, manner: Manner) -> str:
    if is_of_type(value, DataType.FILE) or is_of_type(value, DataType.BINARY):
        return read_bytes(value).decode(manner.encoding)
    if isinstance(value, dt.date):
        return value.isoformat()
    if is_of_type(value, DataType.TABLE):
        return write_csv(value)
    written = _write_dates(value)
    plain = coerce(written, [DataType.ANY], [DataType.JSON]) if _is_json(written) else written
    if isinstance(plain, str):
        return plain
    if plain is None or isinstance(plain, bool | int | float | list | tuple | Mapping):
        return json.dumps(plain, ensure_ascii=False)
    return str(plain)


def _to_integer(value: Any, manner: Manner) -> int:
    number = _read_number(value, DataType.INTEGER)
    if isinstance(number, float) and not math.isfinite(number):
        raise refuse(value, DataType.INTEGER, code="convert.bad_value")
    if number == int(number):
        return int(number)
    rounder = _ROUNDERS.get(manner.rounding)
    if rounder is None:
        raise refuse(
            value,
            DataType.INTEGER,
            "it has a fraction; `rounding` says what to do",
            code="convert.loses",
        )
    return int(rounder(number))


def _to_number(value: Any, _: Manner) -> int | float:
    number = _read_number(value, DataType.NUMBER)
    return number if isinstance(number, int | float) else float(number)


def _read_number(value: Any, to: DataType) -> int | float | Fraction:
    if isinstance(value, str):
        return _read_digits(value.strip())
    if is_of_type(value, DataType.BOOLEAN):
        return int(value)
    if is_of_type(value, DataType.INTEGER):
        return int(value)
    if is_of_type(value, DataType.NUMBER):
        return float(value)
    if isinstance(value, dt.datetime):
        return (value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp()
    if type(value).__name__ in {"Decimal", "Fraction"}:
        return Fraction(value)
    raise refuse(value, to)


def _read_digits(text: str) -> int | float:
    try:
        return int(text)
    except ValueError:
        number = float(text)
    if math.isinf(number) and "inf" not in text.lower():
        raise ValueError("it is too large") from None
    return number


def _to_boolean(value: Any, _: Manner) -> bool:
    if isinstance(value, str):
        word = value.strip().lower()
        if word in _WORDS:
            return _WORDS[word]
        raise refuse(value, DataType.BOOLEAN, code="convert.bad_value")
    if is_of_type(value, DataType.NUMBER):
        if value in (0, 1):
            return bool(value)
        raise refuse(value, DataType.BOOLEAN, "only 0 and 1 do", code="convert.loses")
    raise refuse(value, DataType.BOOLEAN)


def _to_datetime(value: Any, _: Manner) -> dt.datetime:
    if isinstance(value, str):
        return dt.datetime.fromisoformat(value.strip())
    if is_of_type(value, DataType.NUMBER) and not is_of_type(value, DataType.BOOLEAN):
        return dt.datetime.fromtimestamp(float(value), dt.UTC)
    raise refuse(value, DataType.DATETIME)


def _to_json(value: Any, manner: Manner) -> Any:
    if is_of_type(value, DataType.TABLE):
        return _write_dates(list_records(value))
    if is_of_type(value, DataType.ARRAY):
        return _write_dates(value.tolist())
    if is_of_type(value, DataType.FILE) or is_of_type(value, DataType.BINARY):
        return json.loads(read_bytes(value).decode(manner.encoding))
    written = _write_dates(value)
    if not _is_json(written):
        raise refuse(value, DataType.JSON)
    return written


def _to_list(value: Any, manner: Manner) -> list[Any]:
    if isinstance(value, str):
        found = json.loads(value)
    elif is_of_type(value, DataType.FILE) or is_of_type(value, DataType.BINARY):
        found = _to_json(value, manner)
    else:
        found = make_list(value, manner.column)
    written = _write_dates(found)
    if not isinstance(written, list) or not _is_json(written):
        code = "convert.bad_value" if isinstance(value, str) else "convert.no_way"
        raise refuse(value, DataType.LIST, code=code)
    return written


def _to_table(value: Any, manner: Manner) -> Any:
    return make_table(value, manner.column, manner.package)


def _to_array(value: Any, manner: Manner) -> Any:
    return make_array(value, manner.column)


def _to_file(value: Any, _: Manner) -> Path:
    if isinstance(value, str) and value.strip():
        return Path(value)
    raise refuse(value, DataType.FILE)


def _to_binary(value: Any, manner: Manner) -> bytes:
    if isinstance(value, str):
        return value.encode(manner.encoding)
    if is_of_type(value, DataType.FILE):
        return read_bytes(value)
    raise refuse(value, DataType.BINARY)


def read_bytes(value: Any) -> bytes:
    """Return the content of a file, or bytes as they are.

    Raises:
        ConversionError: `convert.too_large`, `convert.unreadable`.
    """
    if not isinstance(value, os.PathLike):
        return bytes(value)
    path = Path(value)
    try:
        size = path.stat().st_size
        if size > MAX_FILE:
            raise ConversionError(
                f"{path} has {size:,} bytes; {MAX_FILE:,} are allowed.",
                code="convert.too_large",
                suggestion="Read it in a node of your own, part by part.",
            )
        return path.read_bytes()
    except OSError as error:
        raise ConversionError(
            f"{path} cannot be read: {error.strerror or error}.", code="convert.unreadable"
        ) from error


def _write_dates(value: Any) -> Any:
    """Return a tree with dates as ISO text, sets as sorted lists, numpy's arrays and numbers as Python's."""
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _write_dates(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        value = sorted(value, key=repr)
    if isinstance(value, list | tuple):
        return [_write_dates(item) for item in value]
    if type(value).__module__.startswith("numpy") and hasattr(value, "tolist"):
        plain = value.tolist()
        # A few numbers of numpy's, such as long doubles, have no other form.
        return plain if type(plain) is type(value) else _write_dates(plain)
    return value


def _is_json(value: Any) -> bool:
    return is_of_type(value, DataType.JSON)


_MAKERS: Mapping[DataType, Callable[[Any, Manner], Any]] = {
    DataType.TEXT: _to_text,
    DataType.INTEGER: _to_integer,
    DataType.NUMBER: _to_number,
    DataType.BOOLEAN: _to_boolean,
    DataType.DATETIME: _to_datetime,
    DataType.JSON: _to_json,
    DataType.LIST: _to_list,
    DataType.TABLE: _to_table,
    DataType.ARRAY: _to_array,
    DataType.FILE: _to_file,
    DataType.BINARY: _to_binary,
}
