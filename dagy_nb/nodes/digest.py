"""Texts in, one short hash out."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable


def digest(parts: Iterable[str]) -> str:
    """Return 16 hex digits for some texts, in order.

    Example:
        >>> digest(["ab", "c"]) == digest(["a", "bc"])
        False
    """
    made = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "big"))
        made.update(data)
    return made.hexdigest()[:16]
