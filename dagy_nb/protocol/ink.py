"""Names of data types, categories and states in, colours for light and dark out.

Each colour stands at least 3 : 1 against the card it is drawn on, texts 4.5 : 1. Colour never speaks
alone: states have a symbol and a word, types their name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Theme = Literal["light", "dark", "auto"]


@dataclass(frozen=True, slots=True)
class Ink:
    """One colour for light and one for dark."""

    light: str
    dark: str


SURFACES: Mapping[str, Ink] = {
    "canvas": Ink("#f6f7f9", "#12161c"),
    "rim": Ink("#dde1e7", "#2b323c"),
    "card": Ink("#ffffff", "#1d232c"),
    "border": Ink("#c9d0d9", "#3d4754"),
    "rule": Ink("#e9ecf0", "#2d3540"),
    "text": Ink("#1b2430", "#e8ecf2"),
    "quiet": Ink("#596575", "#a0abba"),
    "shade": Ink("#1b2430", "#000000"),
}

TYPE_INKS: Mapping[str, Ink] = {
    "ANY": Ink("#6b7685", "#9aa6b5"),
    "TEXT": Ink("#b3540a", "#f0a35e"),
    "INTEGER": Ink("#1f6fd1", "#6cb0ff"),
    "NUMBER": Ink("#0f7f9f", "#4fc4e0"),
    "BOOLEAN": Ink("#a8388f", "#ee86d6"),
    "DATETIME": Ink("#7350dc", "#ad98ff"),
    "JSON": Ink("#866a00", "#dcbc4a"),
    "LIST": Ink("#567300", "#a9cf4d"),
    "TABLE": Ink("#0b8457", "#3ecf96"),
    "ARRAY": Ink("#c2397a", "#ff86b7"),
    "FILE": Ink("#8b5a2b", "#d0a070"),
    "BINARY": Ink("#4d5c9e", "#93a4ec"),
    "OBJECT": Ink("#6f5b8f", "#b8a3dc"),
    "SIGNAL": Ink("#3c4654", "#d4dae2"),
    "ERROR": Ink("#cf2233", "#ff7b85"),
}

PLAIN_CATEGORY = Ink("#6b7685", "#9aa6b5")
CATEGORY_INKS: tuple[Ink, ...] = (
    Ink("#2f6bd8", "#6f9dff"),
    Ink("#0b8a6a", "#39c9a0"),
    Ink("#b0611a", "#e7a45f"),
    Ink("#8a4fc9", "#bd93f5"),
    Ink("#c03a66", "#f584a8"),
    Ink("#3d7f16", "#8fcf62"),
    Ink("#0e7f9e", "#4ec3e2"),
    Ink("#7a6a12", "#d2bd4d"),
)

TONE_INKS: Mapping[str, Ink] = {
    "waiting": Ink("#596575", "#a0abba"),
    "running": Ink("#0a66d0", "#62acff"),
    "retrying": Ink("#9a6200", "#e8b04d"),
    "good": Ink("#1a7a38", "#4fc870"),
    "bad": Ink("#c62231", "#ff7b80"),
    "stopped": Ink("#8a5a00", "#e0ad4a"),
    "skipped": Ink("#596575", "#a0abba"),
    "warning": Ink("#9a6200", "#e8b04d"),
}


def choose_category(category: str) -> int | None:
    """Return the number of a category's colour, None for the plain one of `General` and missing types.

    The same name has the same colour everywhere (FNV-1a over its lower-case UTF-8 bytes, modulo 8).
    """
    name = category.strip().lower()
    if name in ("", "general"):
        return None
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value % len(CATEGORY_INKS)


def write_rules(theme: Theme) -> str:
    """Return the style sheet of a picture; without variables, which few renderers know."""
    if theme == "auto":
        return f"{_rules('light')}@media (prefers-color-scheme:dark){{{_rules('dark')}}}"
    return _rules(theme)


def _rules(theme: Literal["light", "dark"]) -> str:
    def pick(ink: Ink) -> str:
        return ink.light if theme == "light" else ink.dark

    named = {
        **SURFACES,
        **{f"type-{name.lower()}": ink for name, ink in TYPE_INKS.items()},
        **{f"category-{number}": ink for number, ink in enumerate(CATEGORY_INKS)},
        "category": PLAIN_CATEGORY,
        **TONE_INKS,
    }
    return "".join(
        f".dagy-f-{name}{{fill:{pick(ink)}}}.dagy-s-{name}{{stroke:{pick(ink)}}}"
        for name, ink in named.items()
    )
