"""The text of a condition in, whether it holds for given values out: CEL, compiled, checked and bounded.

CEL (Common Expression Language) is a small language without loops or assignment, made to be embedded:
`value.size() > 3 && params.month in [1, 2]`. The parser and the interpreter are a library's. Here stand what
a condition may name, which errors it gives, and how much it may cost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from dagy_nb.errors import FlowError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.nodes.glimpse import count_items

MAX_LENGTH = 2_000
"""Characters of a condition."""
MAX_STEPS = 1_000_000
"""How many items `all`, `exists`, `map` and `filter` may look at, those inside each other multiplied:
about a second's work, which nothing could end."""

_FUNCTIONS = frozenset(
    [
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bytes",
        "timestamp",
        "duration",
        "type",
        "dyn",
        "bool",
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
        "max",
        "min",
    ]
)
_TYPES = frozenset(
    ["int", "uint", "double", "string", "bytes", "bool", "list", "map", "null_type", "type"]
)
_MACRO = re.compile(r"\.\s*(all|exists|exists_one|map|filter)\s*\(\s*([A-Za-z_]\w*)\s*,")
_TEXT = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_PLACE = re.compile(r"<input>:(\d+):(\d+): (?:Syntax error: )?([^\n]*)")
_UNDEFINED = re.compile(r"Undefined variable or function: '([^']*)'")


class Condition:
    """A compiled condition.

    Args:
        text: The expression.
        names: Variables that it may use.
        functions: Functions that it may call besides those of the language.

    Raises:
        FlowError: `expression.syntax` with line and column, `expression.unknown_name`,
            `expression.too_large`.

    Example:
        >>> Condition("value > 3", names={"value"}).decide({"value": 5})
        True
    """

    def __init__(
        self,
        text: str,
        *,
        names: frozenset[str] | set[str],
        functions: Mapping[str, Callable[..., Any]] | None = None,
    ) -> None:
        self.text = text
        self._functions = dict(functions or {})
        self._program = _compile(text)
        bare = _TEXT.sub("''", text)
        loops = _MACRO.findall(bare)
        self._loops = [name for _, name in loops]
        self._mentions = sum(
            len(re.findall(rf"(?<![\w.]){each}\b", bare))
            for each in names
            if each not in self._loops
        )
        # The library copies what `map` and `filter` have made so far with each item.
        self._power = sum(2 if macro in {"map", "filter"} else 1 for macro, _ in loops)
        self._check_names(names)
        # The answer itself never comes back: a list of lists could be far larger than what went in.
        self._choice = _compile(f"({text}\n) ? true : false")
        self._is_truth = _compile(f"type({text}\n) == bool")

    def asks_for(self, variable: str) -> bool:
        """Whether the condition names this variable."""
        return variable in self._program.references()["variables"]

    def decide(self, values: Mapping[str, Any]) -> bool:
        """Return whether the condition holds.

        Args:
            values: Variable → plain value, as `dagy_nb.nodes.glimpse` makes it.

        Raises:
            FlowError: `expression.not_boolean`, `expression.type`, `expression.missing`,
                `expression.arithmetic`, `expression.unknown_name`, `expression.too_large`,
                `expression.failed`.
        """
        self._refuse_cost(values)
        return self._evaluate(self._choice, values)

    def _evaluate(self, program: Any, values: Mapping[str, Any]) -> bool:
        failures: list[Exception] = []
        try:
            return bool(program.execute({**values, **self._wrap_functions(failures)}))
        except KeyError as error:
            raise self._refuse(
                f"asks for the field {error.args[0]!r}, which is not there",
                "missing",
                "Ask first, such as `has(value.field) && value.field > 3`.",
            ) from None
        except IndexError as error:
            raise self._refuse(f"fails: {error}", "missing", "Ask for its size first.") from None
        except TypeError:
            if program is self._choice and not self._evaluate(self._is_truth, values):
                raise self._refuse(
                    "gives something else than true or false",
                    "not_boolean",
                    "Compare it with something, such as `value > 3`.",
                ) from None
            raise self._refuse(
                "does something with types that do not fit each other",
                "type",
                "Convert one side: int(x), double(x), string(x), timestamp(x).",
            ) from None
        except ArithmeticError as error:
            raise self._refuse(f"fails: {error}", "arithmetic") from None
        except (RuntimeError, ValueError) as error:
            raise self._explain(failures[0] if failures else error) from None

    def _wrap_functions(self, failures: list[Exception]) -> dict[str, Callable[..., Any]]:
        """Return the functions; what one raises is kept, since the library only passes on its text."""

        def wrap(function: Callable[..., Any]) -> Callable[..., Any]:
            def call(*values: Any) -> Any:
                try:
                    return function(*values)
                except Exception as error:
                    failures.append(error)
                    raise

            return call

        return {name: wrap(function) for name, function in self._functions.items()}

    def _explain(self, error: Exception) -> FlowError:
        name = _UNDEFINED.match(str(error))
        if name:
            return self._refuse(
                f"names `{name[1]}`, which there is not for this value",
                "unknown_name",
                "`rows` and `columns` are there for tables; `rows` for lists too.",
            )
        return self._refuse(f"fails: {error}".rstrip("."), "failed")

    def _check_names(self, names: frozenset[str] | set[str]) -> None:
        used = self._program.references()
        known = names | _TYPES | set(self._loops)
        functions = _FUNCTIONS | self._functions.keys()
        for name in used["variables"]:
            if name not in known:
                raise self._unknown(name, sorted(names), "variables")
        for name in used["functions"]:
            if name not in functions and name.isidentifier() and not name.startswith("_"):
                raise self._unknown(name, sorted(functions), "functions")

    def _unknown(self, name: str, known: list[str], what: str) -> FlowError:
        found = re.search(
            rf"\b{re.escape(name)}\b", _TEXT.sub(lambda t: " " * len(t[0]), self.text)
        )
        where = f" (column {found.start() + 1})" if found else ""
        own = sorted(self._functions) if what == "functions" else known
        return self._refuse(
            f"names `{name}`{where}, which is none of the {what}",
            "unknown_name",
            suggest_names(name, known, what=what) or f"There are: {', '.join(own)}.",
        )

    def _refuse_cost(self, values: Mapping[str, Any]) -> None:
        if not self._loops:
            return
        longest = max([*(count_items(each) for each in values.values()), len(self.text) // 2, 1])
        # A variable beside those that are gone over may be looked at whole for each item.
        power = self._power + (self._mentions > len(self._loops))
        if longest**power > MAX_STEPS:
            raise self._refuse(
                f"would look at {longest:,} items {power} times over",
                "too_large",
                "Do it in a node of your own.",
            )

    def _refuse(self, what: str, code: str, suggestion: str = "") -> FlowError:
        return refuse(self.text, what, code, suggestion)


def refuse(text: str, what: str, code: str, suggestion: str = "") -> FlowError:
    """Return the error that says what is wrong with a condition."""
    return FlowError(
        f"The condition {_show(text)} {what}.", code=f"expression.{code}", suggestion=suggestion
    )


@lru_cache(maxsize=256)
def _compile(text: str) -> Any:
    # Late: the package takes a tenth of a second, and most flows have no condition.
    import cel

    if len(text) > MAX_LENGTH + 50:
        raise refuse(text, f"has {len(text):,} characters; {MAX_LENGTH:,} are allowed", "too_large")
    try:
        return cel.compile(text)
    except ValueError as error:
        line, column, words = _read_place(str(error))
        raise refuse(
            text,
            f"cannot be read: line {line}, column {column}: {words}",
            "syntax",
            "Write it in CEL, such as `value > 3 && params.month == 1`.",
        ) from None


def _read_place(message: str) -> tuple[int, int, str]:
    found = _PLACE.search(message)
    if found is None:
        return 1, 1, message.splitlines()[0][:200]
    words = found[3].partition(" expecting ")[0]
    return int(found[1]), int(found[2]), words.replace("'<EOF>'", "the end")


def _show(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
