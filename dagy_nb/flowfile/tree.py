"""Text in, a tree of YAML values out, each with its place; bounded in size, depth and number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.flowfile.values import refuse

if TYPE_CHECKING:
    from dagy_nb.flowfile.values import Value

MAX_TEXT = 2_000_000


def parse_text(text: str) -> Value | None:
    """Return the one document of a text as a tree; None where it holds nothing.

    Args:
        text: YAML.

    Raises:
        FlowTextError: `text.*`.
    """
    if len(text) > MAX_TEXT:
        raise refuse(
            "text.too_large",
            f"The text has {len(text):,} characters; {MAX_TEXT:,} are allowed.",
            suggestion="Put data into files, and large graphs into several flows.",
        )
    # The parser takes longer to import than all the rest of this package; flows made by code need none.
    from dagy_nb.flowfile.reader import read_tree

    return read_tree(text)
