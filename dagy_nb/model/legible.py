"""A text that may hold halves of characters in, one that can be written and sent out."""

from __future__ import annotations


def make_legible(text: str) -> str:
    r"""Return the text with lone surrogates escaped: no UTF-8, so no file and no browser takes them.

    Example:
        >>> make_legible("cut \ud83d")
        'cut \\ud83d'
    """
    if text.isascii():
        return text
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
