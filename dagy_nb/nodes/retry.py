"""A class's `retry` in, how its attempts are made out: data, and the class's own code where it has some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from dagy_nb.errors import DefinitionError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.retry import RetrySpec

if TYPE_CHECKING:
    from dagy_nb.model.event import ErrorFact


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How a node is tried again; how often stands in `retries`.

    Attributes:
        delay: Seconds before the next attempt; several are taken in order, the last one again and again.
            Or a callable which takes the number of the attempt that failed, from 1, and returns seconds.
        backoff: Each further wait is the one before times this; only with one `delay`.
        max_delay: No wait is longer than this, in seconds.
        jitter: Each wait is made longer or shorter by up to this share of it, by chance.
        on: After what: `raised`, `timed_out`, `crashed`, or several of them.
        errors: Which exceptions: their classes or names, or those of their bases, or error codes. Empty
            means all.
        when: A callable which takes the error and the number of the attempt, and says whether another
            attempt is worth it. It is asked last, in the run's own thread, and must answer at once.

    Raises:
        DefinitionError: `node.retry`, naming the field.

    Example:
        ```python
        class Fetch(FlowNode):
            retries = 4
            retry = Retry(delay=lambda attempt: 2**attempt, jitter=0.2, errors=(ConnectionError,))
        ```
    """

    delay: float | Sequence[float] | Callable[[int], float] = 0.0
    backoff: float = 1.0
    max_delay: float = 3_600.0
    jitter: float = 0.0
    on: str | Sequence[str] = ("raised",)
    errors: str | type[BaseException] | Sequence[str | type[BaseException]] = ()
    when: Callable[[ErrorFact, int], bool] | None = None

    def __post_init__(self) -> None:
        if self.when is not None and not callable(self.when):
            raise _refuse(f"when: {self.when!r} cannot be called")
        if callable(self.delay) and self.backoff != 1:
            raise _refuse("backoff: it goes with one `delay`, not with a callable")
        _ = self.spec

    @property
    def spec(self) -> RetrySpec:
        """What of it can be said as data."""
        try:
            return RetrySpec.model_validate(
                {
                    "delay": 0.0 if callable(self.delay) else _listed(self.delay),
                    "backoff": self.backoff,
                    "max_delay": self.max_delay,
                    "jitter": self.jitter,
                    "on": _several(self.on),
                    "errors": [_name(each) for each in _several(self.errors)],
                }
            )
        except ValidationError as error:
            raise _refuse(_tell(error)) from None

    @property
    def code(self) -> tuple[str, ...]:
        """Which of its fields are callables."""
        return tuple(name for name in ("delay", "when") if callable(getattr(self, name)))


def read_retry(value: object) -> Retry:
    """Return what a `retry` says: a `Retry`, a mapping of its fields, a `RetrySpec`, or None for the default.

    Raises:
        DefinitionError: `node.retry`.
    """
    match value:
        case Retry():
            return value
        case None:
            return AT_ONCE
        case RetrySpec():
            return Retry(**{name: getattr(value, name) for name in RetrySpec.model_fields})
        case Mapping():
            return _read_mapping(value)
    raise _refuse(f"it is {value!r}")


def combine_retry(first: object, second: object) -> object:
    """Return `first` with the fields put over it that the mapping `second` names; else `second`.

    Raises:
        DefinitionError: `node.retry`.
    """
    if not isinstance(second, Mapping):
        return second
    before = read_retry(first)
    return _read_mapping(
        {**{each.name: getattr(before, each.name) for each in fields(Retry)}, **second}
    )


def _read_mapping(value: Mapping[Any, Any]) -> Retry:
    known = [each.name for each in fields(Retry)]
    for name in value:
        if name not in known:
            hint = suggest_names(str(name), known, what="fields")
            raise _refuse(f"there is no field {name!r}", hint)
    return Retry(**value)


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else value


def _several(value: Any) -> list[Any]:
    is_one = isinstance(value, str | type) or not isinstance(value, Sequence | set | frozenset)
    return [value] if is_one else list(value)


def _name(error: object) -> object:
    return error.__name__ if isinstance(error, type) else error


def _tell(error: ValidationError) -> str:
    problem = error.errors(include_input=False, include_url=False)[0]
    path = str(problem["loc"][0]) if problem["loc"] else ""
    words = str(problem["msg"]).removeprefix("Value error, ")
    return f"{path}: {words}" if path else words


def _refuse(why: str, suggestion: str = "") -> DefinitionError:
    return DefinitionError(
        f"A node cannot be tried again so: {why}.",
        code="node.retry",
        suggestion=suggestion
        or 'Write such as Retry(delay=(1, 5, 30), on=("raised", "timed_out")).',
    )


AT_ONCE = Retry()
"""What a class says that says nothing."""
