"""Two data types in, a verdict with its reason out: the one compatibility matrix (D5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache


class DataType(StrEnum):
    """What a connector carries."""

    ANY = "ANY"
    TEXT = "TEXT"
    INTEGER = "INTEGER"
    NUMBER = "NUMBER"
    BOOLEAN = "BOOLEAN"
    DATETIME = "DATETIME"
    JSON = "JSON"
    LIST = "LIST"
    TABLE = "TABLE"
    ARRAY = "ARRAY"
    FILE = "FILE"
    BINARY = "BINARY"
    OBJECT = "OBJECT"
    SIGNAL = "SIGNAL"
    ERROR = "ERROR"


class Verdict(StrEnum):
    """Whether a value of one type may enter a connector of another."""

    OK = "ok"
    UNKNOWN = "unknown"
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compatibility:
    """A verdict with its words.

    Attributes:
        verdict: `ok`, `unknown` (checked at run time) or `no`.
        code: Stable code, `types.*`.
        reason: One sentence, the same in Python and in the browser.
        suggestion: What to do where the verdict is `no`; else empty.
    """

    verdict: Verdict
    code: str
    reason: str
    suggestion: str = ""


LOSSLESS: dict[DataType, frozenset[DataType]] = {
    DataType.INTEGER: frozenset({DataType.NUMBER, DataType.JSON}),
    DataType.TEXT: frozenset({DataType.JSON}),
    DataType.NUMBER: frozenset({DataType.JSON}),
    DataType.BOOLEAN: frozenset({DataType.JSON}),
    DataType.LIST: frozenset({DataType.JSON}),
}

_CONVERSIONS: dict[tuple[DataType, DataType], str] = {
    (DataType.TABLE, DataType.JSON): "a node that turns the table into records",
    (DataType.TABLE, DataType.LIST): "a node that takes one column as a list",
    (DataType.TABLE, DataType.ARRAY): "a node that takes the numeric columns as an array",
    (DataType.ARRAY, DataType.TABLE): "a node that names the array's columns",
    (DataType.ARRAY, DataType.LIST): "a node that calls `tolist()`",
    (DataType.LIST, DataType.ARRAY): "a node that builds the array",
    (DataType.LIST, DataType.TABLE): "a node that builds the table from the records",
    (DataType.JSON, DataType.TABLE): "a node that builds the table from the records",
    (DataType.NUMBER, DataType.INTEGER): "a node that rounds",
    (DataType.FILE, DataType.TEXT): "a node that reads the file as text",
    (DataType.FILE, DataType.TABLE): "a node that reads the file as a table",
    (DataType.FILE, DataType.BINARY): "a node that reads the file's bytes",
    (DataType.TEXT, DataType.DATETIME): "a node that parses the text as a date",
    (DataType.ERROR, DataType.JSON): "a node with an ERROR input that returns what you need of it",
}


@cache
def compare_types(source: DataType, target: DataType) -> Compatibility:
    """Say whether an output of type `source` fits an input of type `target`.

    Example:
        >>> compare_types(DataType.INTEGER, DataType.NUMBER).verdict
        <Verdict.OK: 'ok'>
    """
    if source is target:
        return _ok("types.same", f"Both are {source}.")
    if DataType.ERROR in (source, target):
        return _refuse_error(source, target)
    if target is DataType.SIGNAL:
        return _ok("types.signal", f"SIGNAL only waits; the {source} value is dropped.")
    if source is DataType.SIGNAL:
        return _no(
            "types.no_value",
            f"SIGNAL carries no value, {target} needs one.",
            f"Connect an output that carries {target}, or let the input accept SIGNAL.",
        )
    if target is DataType.ANY:
        return _ok("types.any", f"ANY accepts {source}.")
    if source is DataType.ANY:
        return Compatibility(
            verdict=Verdict.UNKNOWN,
            code="types.unknown",
            reason=f"ANY may or may not hold {target}; each value is checked at run time.",
        )
    if target in LOSSLESS.get(source, ()):
        return _ok("types.lossless", f"Every {source} is also {target}.")
    return _no(
        "types.mismatch", f"{source} does not become {target} by itself.", _advise(source, target)
    )


def compare_accepted(sources: Sequence[DataType], targets: Sequence[DataType]) -> Compatibility:
    """Say whether an output that may carry any of `sources` fits an input that accepts `targets`.

    Each source type takes the best target. The edge is `ok` if all source types fit, `no` if none
    does, and `unknown` if it depends on the value.
    """
    best = [_best(source, targets) for source in sources]
    if all(each.verdict is Verdict.OK for each in best):
        return best[0]
    if all(each.verdict is Verdict.NO for each in best):
        return best[0]
    if len(best) == 1:
        return best[0]
    names = " or ".join(sources)
    return Compatibility(
        verdict=Verdict.UNKNOWN,
        code="types.depends",
        reason=f"{names} fits {' or '.join(targets)} only for some values; "
        "each value is checked at run time.",
    )


def choose_target(source: DataType, targets: Sequence[DataType]) -> DataType | None:
    """Return the first of `targets` that accepts `source` with verdict ok, else unknown, else None."""
    for wanted in (Verdict.OK, Verdict.UNKNOWN):
        for target in targets:
            if compare_types(source, target).verdict is wanted:
                return target
    return None


_RANK = {Verdict.OK: 0, Verdict.UNKNOWN: 1, Verdict.NO: 2}


def _best(source: DataType, targets: Sequence[DataType]) -> Compatibility:
    answers = [compare_types(source, target) for target in targets]
    return min(answers, key=lambda answer: _RANK[answer.verdict])


def _ok(code: str, reason: str) -> Compatibility:
    return Compatibility(verdict=Verdict.OK, code=code, reason=reason)


def _no(code: str, reason: str, suggestion: str) -> Compatibility:
    return Compatibility(verdict=Verdict.NO, code=code, reason=reason, suggestion=suggestion)


def _refuse_error(source: DataType, target: DataType) -> Compatibility:
    if source is DataType.ERROR:
        return _no(
            "types.error_output",
            f"An ERROR output connects only to an ERROR input, not to {target}.",
            f"Put in {_CONVERSIONS[(DataType.ERROR, DataType.JSON)]}.",
        )
    return _no(
        "types.error_input",
        f"An ERROR input takes only ERROR outputs, not {source}.",
        "Connect the node's error output.",
    )


def _advise(source: DataType, target: DataType) -> str:
    bridge = _CONVERSIONS.get((source, target), f"a node from {source} to {target}")
    return f"Put {bridge} between them."
