"""What each level says about a run's backend in, one decision with its reason out. Pure.

The levels, the first that names a backend wins: the **call** (`flow.run(backend=…)`), the **deployment**, the
**flow** (`Flow(…, backend=…)`), the **rules** (in order, the first that matches), the **default**.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dagy_nb.abc import Capabilities
from dagy_nb.backends.estimate import Estimate, Figure, Needs, tell_number
from dagy_nb.backends.explanation import (
    BackendExplanation,
    CapabilityAnswer,
    Level,
    LevelAnswer,
    RuleAnswer,
)
from dagy_nb.backends.rules import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A backend as the router sees it.

    Attributes:
        capabilities: What it can do.
        missing: What has to be done before it can be used here; empty where nothing has.
    """

    capabilities: Capabilities
    missing: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was said on each level; empty where nothing was.

    Attributes:
        call: By this very call.
        deployment: By the deployment that this runs in.
        flow: By the flow.
        rules: In order.
        default: Where nothing else says anything.
        default_source: Where the default comes from.
    """

    call: str = ""
    deployment: str = ""
    flow: str = ""
    rules: Sequence[Rule] = ()
    default: str = "kernel"
    default_source: str = "default"


def route(
    wishes: Wishes, estimate: Estimate, needs: Needs, offers: Mapping[str, Offer]
) -> BackendExplanation:
    """Return which backend a run goes to, why, and whether it can go there."""
    answers = [match_rule(rule, estimate) for rule in wishes.rules]
    matched = next((each for each in answers if each.matched), None)
    said = (
        LevelAnswer(Level.CALL, wishes.call, "backend=… of this call"),
        LevelAnswer(Level.DEPLOYMENT, wishes.deployment, "DAGY_DEPLOYMENT_BACKEND"),
        LevelAnswer(Level.FLOW, wishes.flow, "the flow's own `backend`"),
        LevelAnswer(
            Level.RULES,
            matched.rule.backend if matched else "",
            f"{_quote(matched.rule)}: {matched.words}" if matched else "no rule matched",
        ),
        LevelAnswer(Level.DEFAULT, wishes.default, wishes.default_source),
    )
    chosen = next(each for each in said if each.backend)
    offer = offers.get(chosen.backend)
    return BackendExplanation(
        backend=chosen.backend,
        level=chosen.level,
        reason=_give_reason(chosen),
        levels=said,
        rules=tuple(answers),
        checks=() if offer is None else check_capabilities(offer, estimate, needs),
        estimate=estimate,
        known=tuple(offers),
    )


def match_rule(rule: Rule, estimate: Estimate) -> RuleAnswer:
    """Return whether a rule matches, and the words for it."""
    told = []
    for name, bounds in rule.when.list_bounds():
        figure: Figure = getattr(estimate, name)
        if figure.value is None:
            return RuleAnswer(rule, matched=False, words=f"{name} is {figure}")
        if not bounds.hold(figure.value):
            return RuleAnswer(
                rule, matched=False, words=f"{name} {tell_number(figure.value)} is not {bounds}"
            )
        told.append(f"{name} {tell_number(figure.value)} is {bounds}")
    return RuleAnswer(rule, matched=True, words=" and ".join(told) or "it asks nothing")


def check_capabilities(
    offer: Offer, estimate: Estimate, needs: Needs
) -> tuple[CapabilityAnswer, ...]:
    """Return one answer for each thing that the run asks of the backend."""
    can = offer.capabilities
    return (
        CapabilityAnswer(
            "available", ok=not offer.missing, words=offer.missing or "it can be used"
        ),
        _compare("max_seconds", estimate.seconds, can.max_seconds, "s"),
        _compare("max_memory_mb", estimate.memory_mb, can.max_memory_mb, "MB"),
        _check_names("cell_types", needs.cell_types, can.cell_types, "types defined in cells"),
        _check_names("hard_limits", needs.hard_limits, can.hard_limits, "nodes with hard limits"),
        CapabilityAnswer(
            "reuse",
            ok=can.reuse or not needs.reuse,
            words="reuse was asked for" if needs.reuse else "reuse was not asked for",
        ),
    )


def _compare(name: str, figure: Figure, most: float | None, unit: str) -> CapabilityAnswer:
    if most is None:
        return CapabilityAnswer(name, ok=True, words="it sets no bound")
    bound = f"{tell_number(most)} {unit}"
    if figure.value is None:
        return CapabilityAnswer(name, ok=True, words=f"at most {bound}; {figure}")
    ok = figure.value <= most
    sign = "≤" if ok else ">"
    return CapabilityAnswer(name, ok=ok, words=f"{figure} {sign} {bound}")


def _check_names(name: str, asked: Sequence[str], can: bool, what: str) -> CapabilityAnswer:
    if not asked:
        return CapabilityAnswer(name, ok=True, words=f"there are no {what}")
    shown = ", ".join(asked[:3]) + (f" and {len(asked) - 3} more" if len(asked) > 3 else "")
    return CapabilityAnswer(name, ok=can, words=f"{what}: {shown}")


def _give_reason(chosen: LevelAnswer) -> str:
    match chosen.level:
        case Level.CALL:
            return "The call asks for it."
        case Level.DEPLOYMENT:
            return "The deployment asks for it."
        case Level.FLOW:
            return "The flow asks for it."
        case Level.RULES:
            return f"{chosen.words[0].upper()}{chosen.words[1:]}."
        case Level.DEFAULT:
            return f"Nothing else names one: the default ({chosen.words})."


def _quote(rule: Rule) -> str:
    return rule.name if rule.name.startswith("rule ") else f"rule {rule.name}"
