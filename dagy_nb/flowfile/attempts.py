"""A node's `retry` in the text in, the spec of its attempts out; and back into the text."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from dagy_nb.flowfile.fields import (
    expect_choice,
    expect_mapping,
    expect_number,
    expect_text,
)
from dagy_nb.flowfile.values import Scalar, Sequence, Value, refuse
from dagy_nb.model.frozen import thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.retry import MAX_DELAYS, MAX_NAME, MAX_WAIT, RetryKind, RetrySpec

FIELDS = tuple(RetrySpec.model_fields)
_CODE = "A flow holds no code: put it into the node's class, as `retry = Retry({name}=…)`."


def read_retry(value: Value, what: str) -> RetrySpec:
    """Read `{delay: [1, 5], on: [raised, crashed], jitter: 0.2}`.

    Raises:
        FlowTextError: `text.code` for what only a class can say, `text.unknown_field`, `text.field_type`,
            `text.value`.
    """
    mapping = expect_mapping(value, what, "`retry: {delay: [1, 5]}`")
    read: dict[str, Any] = {}
    for key, item in mapping.items:
        if key.value == "when":
            raise refuse("text.code", f"{what} has `when`.", key.place, _CODE.format(name="when"))
        if key.value not in FIELDS:
            near = suggest_names(key.value, FIELDS, what="fields")
            raise refuse(
                "text.unknown_field", f"{what} has no field {key.value!r}.", key.place, near
            )
        if not (isinstance(item, Scalar) and item.value is None):
            read[key.value] = _read_field(key.value, item, f"{key.value} of {what}")
    try:
        return RetrySpec(**read)
    except ValidationError as error:
        words = str(error.errors(include_input=False)[0]["msg"]).removeprefix("Value error, ")
        raise refuse("text.value", f"{what}: {words}.", value.place) from None


def describe_retry(retry: RetrySpec) -> dict[str, Any]:
    """Return the plain values of a text, those at their default left out."""
    told = thaw(retry.model_dump(mode="json", exclude_defaults=True))
    return {name: _shorten(value) for name, value in told.items()}


def _read_field(name: str, value: Value, what: str) -> Any:
    match name:
        case "delay":
            return _read_delay(value, what)
        case "max_delay":
            return _expect_seconds(value, what)
        case "backoff":
            return expect_number(value, what, least=1.0, most=100.0)
        case "jitter":
            return expect_number(value, what, least=0.0, most=1.0)
        case "on":
            return [expect_choice(each, what, list(RetryKind)) for each in _list(value, what)]
        case _:
            return [_expect_error(each, what) for each in _list(value, what, least=0)]


def _read_delay(value: Value, what: str) -> Any:
    if isinstance(value, Sequence):
        items = _list(value, what)
        if len(items) > MAX_DELAYS:
            raise refuse(
                "text.value", f"{what} has more than {MAX_DELAYS} entries.", items[-1].place
            )
        return [_read_wait(each, what) for each in items]
    return _read_wait(value, what)


def _read_wait(value: Value, what: str) -> float:
    if isinstance(value, Scalar) and isinstance(value.value, str):
        raise refuse(
            "text.code",
            f"{what} must be a number of seconds or a list of them, not a text.",
            value.place,
            _CODE.format(name="delay"),
        )
    return _expect_seconds(value, what)


def _expect_seconds(value: Value, what: str) -> float:
    return expect_number(value, what, least=0.0, most=MAX_WAIT, unit=" of seconds")


def _expect_error(value: Value, what: str) -> str:
    name = expect_text(value, what)
    if 0 < len(name) <= MAX_NAME:
        return name
    raise refuse(
        "text.value",
        f"{what} holds no name of an exception class or code: {name[:40]!r}.",
        value.place,
        "Write such as `errors: [ConnectionError, TimeoutError]`.",
    )


def _list(value: Value, what: str, *, least: int = 1) -> tuple[Value, ...]:
    """Return the items of a list; a single value is a list of one."""
    items = value.items if isinstance(value, Sequence) else (value,)
    if len(items) < least:
        raise refuse(
            "text.value", f"{what} is empty.", value.place, "Leave it out for the default."
        )
    return items


def _shorten(value: Any) -> Any:
    if isinstance(value, list):
        return [_shorten(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
