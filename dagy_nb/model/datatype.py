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

_VALUES = frozenset(DataType) - {DataType.SIGNAL, DataType.ERROR}
_SCALARS = frozenset({DataType.TEXT, DataType.INTEGER, DataType.NUMBER, DataType.BOOLEAN})
_READABLE = frozenset({DataType.FILE, DataType.BINARY})

CONVERTIBLE: dict[DataType, frozenset[DataType]] = {
    DataType.TEXT: _VALUES,
    DataType.OBJECT: _VALUES,
    DataType.INTEGER: _SCALARS | {DataType.DATETIME, DataType.JSON},
    DataType.NUMBER: _SCALARS | {DataType.DATETIME, DataType.JSON},
    DataType.BOOLEAN: _SCALARS | {DataType.JSON},
    DataType.DATETIME: frozenset({DataType.TEXT, DataType.INTEGER, DataType.NUMBER, DataType.JSON}),
    DataType.JSON: _READABLE | {DataType.TABLE, DataType.ARRAY, DataType.DATETIME},
    DataType.LIST: _READABLE | {DataType.TABLE, DataType.ARRAY, DataType.TEXT, DataType.JSON},
    DataType.TABLE: frozenset(
        {DataType.LIST, DataType.JSON, DataType.ARRAY, DataType.FILE, DataType.TEXT}
    ),
    DataType.ARRAY: frozenset(
        {DataType.LIST, DataType.TABLE, DataType.BINARY, DataType.JSON, DataType.INTEGER}
        | {DataType.NUMBER, DataType.BOOLEAN}
    ),
    DataType.FILE: frozenset({DataType.TEXT, DataType.JSON}),
    DataType.BINARY: frozenset({DataType.TEXT, DataType.FILE, DataType.JSON}),
}
"""Target → from which types the built-in node Convert makes it, of values that can become that."""

_ASKED: dict[tuple[DataType, DataType], str] = {
    (DataType.NUMBER, DataType.INTEGER): "`rounding` says what becomes of fractions",
    (DataType.TABLE, DataType.LIST): "`column` takes only one column",
    (DataType.TABLE, DataType.ARRAY): "`column` takes only one column",
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
            "Put a Catch node between them: it tells the error as JSON.",
        )
    return _no(
        "types.error_input",
        f"An ERROR input takes only ERROR outputs, not {source}.",
        "Connect the node's error output.",
    )


def _advise(source: DataType, target: DataType) -> str:
    if source not in CONVERTIBLE.get(target, ()):
        return f"Put a node of your own between them, from {source} to {target}."
    asked = _ASKED.get((source, target), "")
    return f"Put a Convert node with `to: {target}` between them{asked and f'; {asked}'}."
