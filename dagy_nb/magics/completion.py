"""Text up to the cursor in, what can follow it out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from IPython.core.completer import SimpleCompletion, SimpleMatcherResult, context_matcher

from dagy_nb.magics.commands import FLOW_CELL, FLOW_COMMANDS, FLOWNODE, RUNS
from dagy_nb.magics.opened import list_names, list_opened
from dagy_nb.magics.options import Usage

_LINE = re.compile(r"\s*(?:\w+\s*=\s*)?(%%flownode|%%flow|%flow|%runs)\s+(.*)\Z", re.DOTALL)
_TYPE = re.compile(r"\btype:\s*(\w*)\Z")


@context_matcher(identifier="dagy_nb")
def complete_magics(context: Any) -> SimpleMatcherResult:
    """Offer commands, options, flows, parameters, node types and connectors in our magics."""
    fragment, offers = find_offers(
        context.full_text, context.cursor_line, context.text_until_cursor
    )
    return {
        "completions": [SimpleCompletion(text, type="magic") for text in offers],
        "matched_fragment": fragment,
        "suppress": bool(offers),
        "ordered": True,
    }


def find_offers(text: str, line: int, before: str) -> tuple[str, list[str]]:
    """Return the unfinished word before the cursor and what can stand in its place.

    Args:
        text: The whole cell.
        line: The cursor's line, from 0.
        before: That line up to the cursor.
    """
    found = _LINE.match(before)
    if found is not None:
        words = re.split(r"\s+", found[2])
        fragment = words[-1]
        return fragment, _starting(fragment, _offer(found[1], words[:-1], fragment))
    if line > 0 and re.match(r"\s*%%flow\b", text):
        return _complete_text(before)
    return "", []


def _offer(magic: str, words: Sequence[str], fragment: str) -> Iterable[str]:
    if magic == "%flow":
        if not words:
            return FLOW_COMMANDS
        usage = FLOW_COMMANDS.get(words[0])
        return _offer_rest(usage, words[1:], fragment) if usage is not None else ()
    usages = {"%%flownode": FLOWNODE, "%%flow": FLOW_CELL, "%runs": RUNS}
    return _offer_rest(usages[magic], words, fragment)


def _offer_rest(usage: Usage, words: Sequence[str], fragment: str) -> Iterable[str]:
    option = usage.find(words[-1]) if words else None
    if option is not None and option.value:
        return _offer_value(option.key, option.choices, words)
    if fragment.startswith("-"):
        return [each.name for each in usage.options]
    taken = [each for each in words if not each.startswith("-")]
    names = list_names() if usage.names and not taken and usage is not RUNS else []
    return [*names, *(each.name for each in usage.options)]


def _offer_value(key: str, choices: Sequence[str], words: Sequence[str]) -> Iterable[str]:
    if key == "flow":
        return list_names()
    if key == "backend":
        return _backends()
    if key == "parameter":
        return [f"{name}=" for name in _parameters(words[0])]
    if key == "force":
        return _nodes(words[0])
    return choices


def _complete_text(before: str) -> tuple[str, list[str]]:
    wanted = _TYPE.search(before)
    if wanted is not None:
        return wanted[1], _starting(wanted[1], sorted(_specs()))
    return "", []


def _starting(fragment: str, offers: Iterable[str]) -> list[str]:
    return [each for each in offers if each.startswith(fragment) and each != fragment]


def _parameters(flow: str) -> list[str]:
    opened = list_opened().get(flow)
    return [each.name for each in opened.spec.parameters] if opened is not None else []


def _nodes(flow: str) -> list[str]:
    opened = list_opened().get(flow)
    return [each.id for each in opened.spec.nodes] if opened is not None else []


def _backends() -> Iterable[str]:
    from dagy_nb.session.current import current_session

    return current_session().routing.backends.offers()


def _specs() -> Iterable[str]:
    from dagy_nb.session.current import current_session

    return current_session().registry.snapshot().specs
