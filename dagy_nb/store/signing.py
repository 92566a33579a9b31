"""A folder in, the signatures that only this user's own processes can make out."""

from __future__ import annotations

import hashlib
import hmac
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError

if TYPE_CHECKING:
    from pathlib import Path

LENGTH = 32


class Signer:
    """Signs what this store writes, so that nothing else is ever unpickled.

    Args:
        path: Where the key is; made on first use, readable by its owner only.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key = b""

    def sign(self, *parts: str | bytes | memoryview) -> str:
        """Return the signature of some parts, in order.

        Raises:
            StoreError: `outputs.unwritable` where there is no key and none can be made.
        """
        made = hmac.new(self._key or self._find_key(), digestmod=hashlib.sha256)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            made.update(b"%d:" % len(data))
            made.update(data)
        return made.hexdigest()

    def is_own(self, signature: str, *parts: str | bytes | memoryview) -> bool:
        """Say whether this store made a signature for these parts."""
        given = signature.encode("utf-8", "replace")
        return hmac.compare_digest(given, self.sign(*parts).encode())

    def refresh(self) -> None:
        """Look for the key anew: somebody may have removed it with all that it signed."""
        self._key = b""

    def _find_key(self) -> bytes:
        try:
            key = _read(self._path) or _make(self._path)
        except OSError as error:
            raise StoreError(
                f"The key of the kept outputs cannot be read or made: {error}.",
                code="outputs.unwritable",
                suggestion=f"Look at the rights of {self._path.parent}.",
            ) from error
        self._key = key
        return key


def _read(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        key = path.read_bytes()
        if len(key) == LENGTH:
            return key
        path.unlink(missing_ok=True)  # half of a key signs nothing; what it signed is lost
    return b""


def _make(path: Path) -> bytes:
    """Make the key; of several processes that try at once, one succeeds and all use its key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(descriptor, os.urandom(LENGTH))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    with suppress(FileExistsError):
        os.link(fresh, path)
    fresh.unlink()
    return path.read_bytes()
