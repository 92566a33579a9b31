"""A mistyped name and the known ones in, the nearest known names (and words for them) out."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHOWN = 12


def find_nearest(name: str, known: Iterable[str], *, limit: int = 3) -> tuple[str, ...]:
    """Return at most `limit` of the `known` names which look like `name`, the nearest first.

    Letter case does not count: `loadflights` finds `LoadFlights`.
    """
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.lower(), each)
    found = get_close_matches(name.lower(), folded, n=limit, cutoff=0.6)
    return tuple(folded[each] for each in found)


def suggest_names(name: str, known: Iterable[str], *, what: str = "names") -> str:
    """Return what to do about the unknown `name`, as a sentence.

    Example:
        >>> suggest_names("fligths", ["flights", "weather"])
        'Did you mean `flights`?'
        >>> suggest_names("x", ["flights", "weather"], what="inputs")
        'The inputs are: flights, weather.'
    """
    names = tuple(dict.fromkeys(known))
    near = find_nearest(name, names)
    if near:
        return f"Did you mean {' or '.join(f'`{each}`' for each in near)}?"
    if not names:
        return f"There are no {what}."
    shown = ", ".join(names[:_SHOWN])
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"The {what} are: {shown}{more}."
