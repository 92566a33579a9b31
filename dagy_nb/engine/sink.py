"""Parts of a value's content in, in an order that no other content has; one digest out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

DIGITS = 32


class NoDigest(Exception):
    """A value's content cannot be told apart from another's; the message says why, to go after `it`."""


class HoldsSecret(NoDigest):
    """A value is a secret, or holds one."""

    def __init__(self) -> None:
        super().__init__("holds a secret")


class Sink:
    """Takes a value apart into one digest.

    Args:
        folder: The run's artifact folder: files in it count by their place inside it.

    Attributes:
        files: Path → digest, of the files that count by their content.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._made = hashlib.sha256()
        self.folder = folder
        self.files: dict[str, str] = {}

    def tag(self, *words: str) -> None:
        """Take words, each with its length, so that no two lists of them look the same."""
        for word in words:
            data = word.encode("utf-8", "surrogatepass")
            self._made.update(b"t%d:" % len(data))
            self._made.update(data)

    def raw(self, data: Any) -> None:
        """Take the bytes of something that has a buffer in one piece."""
        with memoryview(data) as view:
            self._made.update(b"r%d:" % view.nbytes)
            self._made.update(view.cast("B") if view.nbytes else b"")

    def read(self) -> str:
        """Return the digest of all that was taken."""
        return self._made.hexdigest()[:DIGITS]
