"""Any text in, text that fits a width and is safe inside SVG out."""

from __future__ import annotations

import re
import unicodedata
from html import escape

# Parts of the font size, on the wide side: the widest font a reader may have (DejaVu, Verdana)
# decides whether a text stays on its card.
_NARROW = frozenset("iljI.,:;'|!()[]{}`ftr ")
_WIDE = frozenset("mwMW@%—…&")
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def clean(text: str) -> str:
    """Return text in one line, with nothing that XML forbids, escaped for text and attributes."""
    return escape(" ".join(_FORBIDDEN.sub("�", text).split()))


def brief(value: float) -> str:
    """Return a coordinate as text with at most two decimals: `12.5`, `300`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return about how many pixels a text is wide; rather too many than too few."""
    total = sum(_measure_letter(letter) for letter in text)
    return total * size * (1.08 if bold else 1.0)


def shorten(text: str, size: float, width: float, *, bold: bool = False) -> str:
    """Return the text, cut with `…` where it is wider than `width` pixels."""
    text = " ".join(text.split())
    if measure(text, size, bold=bold) <= width:
        return text
    room = width - measure("…", size, bold=bold)
    kept = 0
    for letter in text:
        room -= measure(letter, size, bold=bold)
        if room < 0:
            break
        kept += 1
    return text[:kept].rstrip() + "…" if kept else "…"


def _measure_letter(letter: str) -> float:
    if letter in _NARROW:
        return 0.38
    if letter in _WIDE:
        return 0.97
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF":
        return 1.05
    return 0.72 if letter.isupper() else 0.62
