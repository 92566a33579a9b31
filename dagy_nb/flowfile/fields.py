"""A value of the tree in, what a field needs out, or an error at the value's place."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.values import Mapping, Place, Scalar, Sequence, Value, plain, refuse
from dagy_nb.model.connector import check_identifier
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.nearest import suggest_names


def expect_mapping(value: Value, what: str, example: str) -> Mapping:
    """Return a mapping."""
    if isinstance(value, Mapping):
        return value
    raise _refuse_kind(value, what, "a mapping", f"Write {example}.")


def expect_sequence(value: Value, what: str, example: str) -> Sequence:
    """Return a list."""
    if isinstance(value, Sequence):
        return value
    raise _refuse_kind(value, what, "a list", f"Write {example}.")


def expect_text(value: Value, what: str) -> str:
    """Return a text."""
    if isinstance(value, Scalar) and isinstance(value.value, str):
        return value.value
    quoted = "Quote it." if isinstance(value, Scalar) else ""
    raise _refuse_kind(value, what, "a text", quoted)


def expect_flag(value: Value, what: str) -> bool:
    """Return a truth value."""
    if isinstance(value, Scalar) and isinstance(value.value, bool):
        return value.value
    raise _refuse_kind(value, what, "true or false", "Write `true` or `false`.")


def expect_seconds(value: Value, what: str, *, zero: bool) -> float:
    """Return a number of seconds above 0, or 0 too where it means no limit."""
    number = _expect_number(value, what, " of seconds")
    if number > 0 or (zero and number == 0):
        return number
    least = "0 (no limit) or more" if zero else "above 0"
    raise refuse("text.value", f"{what} is {number:g}; it must be {least}.", value.place)


def expect_number(
    value: Value, what: str, *, least: float, most: float, unit: str = "", above: bool = False
) -> float:
    """Return a number from `least` to `most`, or above `least`."""
    number = _expect_number(value, what, unit)
    if (number > least if above else number >= least) and number <= most:
        return number
    bounds = f"above {least:g}" if above else f"from {least:g} to {most:g}"
    raise refuse("text.value", f"{what} is {number:g}; it must be {bounds}.", value.place)


def expect_count(value: Value, what: str, most: int) -> int:
    """Return a whole number from 0 to `most`."""
    number = value.value if isinstance(value, Scalar) else None
    if not isinstance(number, int) or isinstance(number, bool):
        raise _refuse_kind(value, what, "a whole number", f"Write a number from 0 to {most}.")
    if 0 <= number <= most:
        return number
    raise refuse("text.value", f"{what} is {number}; it must be from 0 to {most}.", value.place)


def expect_choice(value: Value, what: str, choices: Collection[str]) -> str:
    """Return one of `choices`."""
    text = expect_text(value, what)
    if text in choices:
        return text
    known = tuple(str(each) for each in choices)
    near = suggest_names(text, known, what="choices")
    raise refuse("text.value", f"{what} cannot be {text!r}.", value.place, near)


def expect_name(value: Value, what: str) -> str:
    """Return a name: letters, digits and `_`."""
    return check_name(expect_text(value, what), what, value.place)


def check_name(text: str, what: str, place: Place | None) -> str:
    """Return `text` where it can be a name."""
    try:
        return check_identifier(text)
    except ValueError:
        shown = text if len(text) <= 40 else f"{text[:37]}…"
        raise refuse(
            "text.name",
            f"{what} {shown!r} is no name.",
            place,
            "Use letters, digits and _, at most 100, not starting with a digit.",
        ) from None


def split_fields(
    mapping: Mapping, known: Iterable[str], what: str
) -> tuple[dict[str, Value], FrozenMap]:
    """Return the known fields, and the plain values of those that start with `x-`.

    Raises:
        FlowTextError: `text.unknown_field`.
    """
    names = tuple(known)
    fields: dict[str, Value] = {}
    extra: dict[str, Any] = {}
    for key, value in mapping.items:
        if key.value in names:
            fields[key.value] = value
        elif key.value.startswith("x-"):
            extra[key.value] = plain(value)
        else:
            raise refuse(
                "text.unknown_field",
                f"{what} has no field {key.value!r}.",
                key.place,
                suggest_names(key.value, names, what="fields"),
            )
    return fields, FrozenMap(extra)


def _expect_number(value: Value, what: str, unit: str) -> float:
    number = value.value if isinstance(value, Scalar) else None
    if isinstance(number, int | float) and not isinstance(number, bool):
        try:
            return float(number)
        except OverflowError:
            raise refuse("text.value", f"{what} is too large.", value.place) from None
    raise _refuse_kind(value, what, f"a number{unit}", "Write a number, such as 30.")


def _refuse_kind(value: Value, what: str, expected: str, suggestion: str) -> FlowTextError:
    got = _name_kind(value)
    return refuse(
        "text.field_type", f"{what} must be {expected}, not {got}.", value.place, suggestion
    )


def _name_kind(value: Value) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, Sequence):
        return "a list"
    match value.value:
        case None:
            return "nothing"
        case bool():
            return "true" if value.value else "false"
        case int() | float():
            return "a number"
        case _:
            return "a text"
