"""What the router found in, words for a person or the error that refuses a run out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from dagy_nb.backends.estimate import Estimate
from dagy_nb.backends.rules import Rule
from dagy_nb.errors import BackendError, DagyError, UnknownName
from dagy_nb.model.nearest import suggest_names


class Level(StrEnum):
    """Who may name a run's backend, the strongest first."""

    CALL = "call"
    DEPLOYMENT = "deployment"
    FLOW = "flow"
    RULES = "rules"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class LevelAnswer:
    """What one level says; `backend` is empty where it says nothing."""

    level: Level
    backend: str
    words: str


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """Whether a rule matched, and why or why not."""

    rule: Rule
    matched: bool
    words: str


@dataclass(frozen=True, slots=True)
class CapabilityAnswer:
    """Whether the chosen backend can do one thing that the run asks."""

    name: str
    ok: bool
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendExplanation:
    """Where a run would go, and why.

    Attributes:
        backend: The chosen backend.
        level: Which level chose it.
        reason: Why, in one sentence; recorded on the run.
        levels: What each level says.
        rules: Which rule matched, and why the others did not.
        checks: Whether the backend can do what the run asks.
        estimate: The figures that the rules looked at.
        known: Names of all backends.

    Example:
        >>> flow.explain_backend()  # doctest: +SKIP
        backend kernel: Nothing else names one: the default (default).
    """

    backend: str
    level: Level
    reason: str
    levels: tuple[LevelAnswer, ...]
    rules: tuple[RuleAnswer, ...]
    checks: tuple[CapabilityAnswer, ...]
    estimate: Estimate
    known: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether the run can go there."""
        return self.problem is None

    @property
    def problem(self) -> DagyError | None:
        """The error that keeps the run from going there, or None.

        It is an `UnknownName` with `unknown.backend`, or a `BackendError` with `backend.unavailable` or
        `backend.unfit`.
        """
        if self.backend not in self.known:
            return UnknownName(
                f"There is no backend {self.backend!r}{self._tell_who()}.",
                code="unknown.backend",
                suggestion=suggest_names(self.backend, self.known, what="backends"),
            )
        failed = [each for each in self.checks if not each.ok]
        if not failed:
            return None
        if failed[0].name == "available":
            return BackendError(
                f"The backend {self.backend} cannot be used here{self._tell_who()}.",
                code="backend.unavailable",
                suggestion=failed[0].words,
            )
        told = "; ".join(f"{each.name}: {each.words}" for each in failed)
        return BackendError(
            f"The backend {self.backend} cannot run this{self._tell_who()}: {told}.",
            code="backend.unfit",
            suggestion="Name another one with backend=…, or change the rule. "
            "flow.explain_backend() shows all answers.",
        )

    def _tell_who(self) -> str:
        if self.level is Level.RULES:
            rule = next(each.rule for each in self.rules if each.matched)
            return f" (rule {rule.name!r} chose it)"
        return "" if self.level is Level.CALL else f" (the {self.level} chose it)"

    def __repr__(self) -> str:
        lines = [f"backend {self.backend}: {self.reason}"]
        lines += [_tell_level(each, chosen=each.level is self.level) for each in self.levels]
        if self.rules:
            lines.append("rules, the first that matches counts:")
            lines += [_tell_rule(each) for each in self.rules]
        lines.append("what is known of the run:")
        lines += [
            f"    {name:<12} {getattr(self.estimate, name)}"
            for name in ("nodes", "memory_mb", "seconds")
        ]
        if self.checks:
            lines.append(f"what {self.backend} can do:")
            lines += [f"  {'✓' if e.ok else '✗'} {e.name:<14} {e.words}" for e in self.checks]
        problem = self.problem
        if problem is not None:
            lines.append(f"It cannot run so: {problem}")
        return "\n".join(lines)


def _tell_level(answer: LevelAnswer, *, chosen: bool) -> str:
    mark = "→" if chosen else " "
    words = f"{answer.backend} ({answer.words})" if answer.backend else "–"
    if not answer.backend and answer.level is Level.RULES:
        words = f"– ({answer.words})"
    return f"  {mark} {answer.level:<12} {words}"


def _tell_rule(answer: RuleAnswer) -> str:
    mark = "✓" if answer.matched else "✗"
    return f"  {mark} {answer.rule.name} → {answer.rule.backend}: {answer.words}"
