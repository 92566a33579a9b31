"""Rules as data in (a YAML text or plain values), checked and ordered rules out.

```yaml
rules:                                   # the first one that matches counts
  - name: small
    when: {nodes: {le: 20}, seconds: {le: 60}}
    backend: kernel
  - name: large
    when: {memory_mb: {gt: 8000}}
    backend: dask
```

A bound is `le` (≤), `lt` (<), `ge` (≥) or `gt` (>). What is not known of a flow matches no bound.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, FiniteFloat, ValidationError, field_validator, model_validator

from dagy_nb.backends.estimate import tell_number
from dagy_nb.errors import FlowTextError, SettingError
from dagy_nb.flowfile.tree import parse_text
from dagy_nb.flowfile.values import plain
from dagy_nb.model.frozen import FrozenModel

MEASURES = ("nodes", "memory_mb", "seconds")
MAX_RULES = 1_000
_SIGNS = {"gt": ">", "ge": "≥", "lt": "<", "le": "≤"}
_EXAMPLE = "Write `rules: [{name: large, when: {memory_mb: {gt: 8000}}, backend: dask}]`."
Number = Annotated[FiniteFloat, Field(strict=True)]
"""No texts, and no yes or no."""


class Bounds(FrozenModel):
    """Between which numbers a measure must be; at least one bound, at most one on each side."""

    le: Number | None = None
    lt: Number | None = None
    ge: Number | None = None
    gt: Number | None = None

    @model_validator(mode="after")
    def _refuse_nonsense(self) -> Bounds:
        if not self._given():
            msg = "a bound is missing: le, lt, ge or gt"
            raise ValueError(msg)
        if None not in (self.le, self.lt) or None not in (self.ge, self.gt):
            msg = f"{self} bounds one side twice"
            raise ValueError(msg)
        high = self.lt if self.le is None else self.le
        low = self.gt if self.ge is None else self.ge
        if high is not None and low is not None:
            both_included = self.le is not None and self.ge is not None
            if low > high or (low == high and not both_included):
                msg = f"no number is {self}"
                raise ValueError(msg)
        return self

    def hold(self, value: float) -> bool:
        """Say whether a number is within the bounds."""
        return (
            (self.le is None or value <= self.le)
            and (self.lt is None or value < self.lt)
            and (self.ge is None or value >= self.ge)
            and (self.gt is None or value > self.gt)
        )

    def _given(self) -> list[tuple[str, float]]:
        pairs = [(sign, getattr(self, name)) for name, sign in _SIGNS.items()]
        return [(sign, value) for sign, value in pairs if value is not None]

    def __str__(self) -> str:
        return " and ".join(f"{sign} {tell_number(value)}" for sign, value in self._given())


class When(FrozenModel):
    """What a rule asks of a flow; all of it must hold, and nothing asked holds always.

    Attributes:
        nodes: How many nodes the flow has.
        memory_mb: The largest memory limit of its nodes, in megabytes.
        seconds: How long it takes.
    """

    nodes: Bounds | None = None
    memory_mb: Bounds | None = None
    seconds: Bounds | None = None

    def list_bounds(self) -> list[tuple[str, Bounds]]:
        """Return measure and bounds of everything that is asked."""
        pairs = [(name, getattr(self, name)) for name in MEASURES]
        return [(name, bounds) for name, bounds in pairs if bounds is not None]


class Rule(FrozenModel):
    """Which backend flows of a kind go to.

    Attributes:
        backend: The backend's name.
        when: What kind.
        name: For explanations; made from its place where it is empty.
    """

    backend: str
    when: When = When()
    name: str = ""

    @field_validator("backend")
    @classmethod
    def _refuse_empty(cls, value: str) -> str:
        if not value.strip():
            msg = "a backend's name is missing"
            raise ValueError(msg)
        return value


def read_rules(given: object, source: str = "rules") -> tuple[Rule, ...]:
    """Return rules from plain values: a list of mappings or rules, or a mapping with `rules`.

    Args:
        given: The values.
        source: Where they came from, for messages.

    Raises:
        SettingError: `setting.rules`, naming the rule and the field.

    Example:
        >>> read_rules([{"backend": "dask", "when": {"nodes": {"gt": 100}}}])[0].name
        'rule 1'
    """
    if isinstance(given, Mapping):
        unknown = sorted(str(key) for key in given if key != "rules")
        if unknown:
            raise _refuse(source, f"has no field {unknown[0]!r}")
        given = given.get("rules")
    if given is None:
        return ()
    if isinstance(given, str | bytes) or not isinstance(given, Sequence):
        raise _refuse(source, f"must be a list of rules, not {given!r:.60}")
    if len(given) > MAX_RULES:
        raise _refuse(source, f"holds {len(given):,} rules; {MAX_RULES:,} are allowed")
    rules = tuple(_read_rule(each, number, source) for number, each in enumerate(given, 1))
    _refuse_twins(rules, source)
    return rules


def load_rules(path: Path) -> tuple[Rule, ...]:
    """Return the rules of a YAML file; nothing of it is executed.

    Raises:
        SettingError: `setting.rules`, naming the file and, where it is no YAML, line and column.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _refuse(str(path), f"cannot be read: {error}") from error
    try:
        tree = parse_text(text)
    except FlowTextError as error:
        raise _refuse(str(path), f"is not understood: {error.reason}") from error
    return read_rules(None if tree is None else plain(tree), str(path))


def _read_rule(given: Any, number: int, source: str) -> Rule:
    try:
        rule = Rule.model_validate(given)
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(part) for part in ("", *problem["loc"]))
        words = str(problem["msg"]).removeprefix("Value error, ")
        raise _refuse(source, f"has a rule that is wrong: rule {number}{path}: {words}") from None
    return rule if rule.name else rule.model_copy(update={"name": f"rule {number}"})


def _refuse_twins(rules: tuple[Rule, ...], source: str) -> None:
    names = [rule.name for rule in rules]
    twins = [name for name in names if names.count(name) > 1]
    if twins:
        raise _refuse(source, f"has two rules named {twins[0]!r}")


def _refuse(source: str, words: str) -> SettingError:
    return SettingError(f"{source} {words}.", code="setting.rules", suggestion=_EXAMPLE)
