"""A magic's line in, its words and options out: one table for reading, completion and help."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from dagy_nb.errors import UsageError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.retry import MAX_WAIT, RetryKind
from dagy_nb.model.spec import RunnerName
from dagy_nb.model.state import RunState

MAX_RETRIES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a magic.

    Attributes:
        name: As it is written, `--timeout`.
        about: One line of help.
        value: What stands after it, `S`; empty for a flag.
        read: Text → value; raises ValueError with what it may be.
        short: Another spelling, `-p`.
        many: Whether it may stand several times; its value is a tuple then.
        choices: What completion offers after it.
    """

    name: str
    about: str
    value: str = ""
    read: Callable[[str], Any] = str
    short: str = ""
    many: bool = False
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The option's name as a Python name."""
        return self.name.lstrip("-").replace("-", "_")

    def __str__(self) -> str:
        text = f"{self.short or self.name} {self.value}".strip()
        return f"[{text}]{'…' if self.many else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stood on a line.

    Attributes:
        names: The words that are no options, in order.
        options: Option key → value, only those that were written.
    """

    names: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """Return an option's value, or the default where it was not written."""
        return self.options.get(key, default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """How a magic, or one command of it, is written.

    Attributes:
        command: `%flow run`.
        about: One line of help.
        names: The words it takes, `("NAME",)`; one in brackets may be left out.
        options: Its options.
    """

    command: str
    about: str
    names: tuple[str, ...] = ()
    options: tuple[Option, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.command, *self.names, *map(str, self.options)))

    def find(self, text: str) -> Option | None:
        """Return the option that is written so, or None."""
        return next((each for each in self.options if text in (each.name, each.short)), None)

    def read(self, line: str) -> Words:
        """Read the rest of a magic's line.

        Raises:
            UsageError: `usage.quotes`, `usage.unknown_option`, `usage.option_value`,
                `usage.repeated`, `usage.missing`, `usage.extra`.
        """
        names: list[str] = []
        options: dict[str, Any] = {}
        words = split_line(line)
        while words:
            word = words.pop(0)
            if word.startswith("-") and len(word) > 1:
                self._take(word, words, options)
            else:
                names.append(word)
        self._count(names)
        return Words(names=tuple(names), options=options)

    def refuse(self, reason: str, code: str, *, first: str = "") -> UsageError:
        """Return the error that shows how it is written."""
        return UsageError(reason, code=f"usage.{code}", suggestion=f"{first} Write: {self}".strip())

    def _take(self, word: str, rest: list[str], options: dict[str, Any]) -> None:
        name, equals, value = word.partition("=")
        option = self.find(name)
        if option is None:
            near = suggest_names(name, [each.name for each in self.options], what="options")
            raise self.refuse(f"{self.command} has no option {name}.", "unknown_option", first=near)
        if option.key in options and not option.many:
            raise self.refuse(f"{option.name} stands twice.", "repeated")
        if not option.value:
            if equals:
                raise self.refuse(f"{option.name} takes no value.", "option_value")
            options[option.key] = True
            return
        if not equals and not rest:
            raise self.refuse(f"{option.name} needs a value ({option.value}).", "option_value")
        read = self._convert(option, value if equals else rest.pop(0))
        options[option.key] = (*options.get(option.key, ()), read) if option.many else read

    def _convert(self, option: Option, text: str) -> Any:
        try:
            return option.read(text)
        except ValueError as error:
            told = f"{option.name} {text}: {error}"
            told = told if told.endswith("?") else f"{told}."
            raise self.refuse(told, "option_value") from None

    def _count(self, names: Sequence[str]) -> None:
        needed = [each for each in self.names if not each.startswith("[")]
        if len(names) < len(needed):
            raise self.refuse(f"{self.command} needs {needed[len(names)]}.", "missing")
        if len(names) > len(self.names):
            extra = " ".join(names[len(self.names) :])
            raise self.refuse(f"{self.command} does not take {extra!r}.", "extra")


def split_line(line: str) -> list[str]:
    """Split a line as a shell does, up to a comment.

    Raises:
        UsageError: `usage.quotes` where a quote is not closed.
    """
    words = shlex.shlex(line, posix=True)
    words.whitespace_split = True
    words.commenters = ""  # shlex would cut `a#b`, too
    try:
        return list(takewhile(lambda word: not word.startswith("#"), words))
    except ValueError as error:
        raise UsageError(
            f"{line!r}: {str(error).lower()}.", code="usage.quotes", suggestion="Close the quote."
        ) from None


def read_seconds(text: str) -> float:
    """Read a number of seconds; 0 means no limit."""
    value = _read_number(text)
    if not 0 <= value < float("inf"):
        raise ValueError("write a number of seconds, or 0 for no limit")
    return value


def read_retries(text: str) -> int:
    """Read a number of further attempts."""
    if not text.isdecimal() or int(text) > MAX_RETRIES:
        raise ValueError(f"write a whole number from 0 to {MAX_RETRIES}")
    return int(text)


def read_delays(text: str) -> float | tuple[float, ...]:
    """Read `5`, or `1,5,30`: seconds before each further attempt."""
    try:
        delays = tuple(float(each) for each in text.split(","))
    except ValueError:
        delays = (-1.0,)
    if not all(0 <= each <= MAX_WAIT for each in delays):
        raise ValueError("write seconds from 0 on, such as 5, or 1,5,30")
    return delays[0] if len(delays) == 1 else delays


def read_kinds(text: str) -> tuple[str, ...]:
    """Read `raised,timed_out`: after what a node is tried again."""
    for each in text.split(","):
        if each not in list(RetryKind):
            raise ValueError(suggest_names(each, list(RetryKind), what="kinds").rstrip("."))
    return tuple(text.split(","))


def read_megabytes(text: str) -> float:
    """Read a number of megabytes above 0."""
    value = _read_number(text)
    if not 0 < value < float("inf"):
        raise ValueError("write a number of megabytes above 0")
    return value


def read_count(text: str) -> int:
    """Read a number of rows, as many as a page of runs may have."""
    if not text.isdecimal() or not 1 <= int(text) <= 1_000:
        raise ValueError("write a whole number from 1 to 1000")
    return int(text)


def read_version(text: str) -> int:
    """Read the number of a version."""
    if not text.isdecimal() or int(text) < 1:
        raise ValueError("write a whole number, 1 or more")
    return int(text)


def read_runner(text: str) -> str:
    """Read a runner's name."""
    if text not in list(RunnerName):
        raise ValueError(suggest_names(text, list(RunnerName), what="runners").rstrip("."))
    return text


def read_state(text: str) -> str:
    """Read the name of a run's state."""
    if text not in list(RunState):
        raise ValueError(suggest_names(text, list(RunState), what="states").rstrip("."))
    return text


def read_assignment(text: str) -> tuple[str, str]:
    """Read `month=2` as a name and the text of its value."""
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise ValueError("write NAME=VALUE, such as month=2")
    return name, value


TIMEOUT = Option(
    name="--timeout", value="S", read=read_seconds, about="limit in seconds, 0 for none"
)
RUNNER = Option(
    name="--runner",
    value="R",
    read=read_runner,
    about=f"where bodies run: {', '.join(RunnerName)}",
    choices=tuple(RunnerName),
)


def _read_number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
