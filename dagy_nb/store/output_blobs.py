"""Bytes of kept values in, signed files under a folder out; each is checked before anybody reads it."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dagy_nb.model.kept import KeptValue
    from dagy_nb.store.signing import Signer

MARK = b"dagy1 "
_HEAD = len(MARK) + 64 + 1


class Blobs:
    """Files of values, named by their content.

    Args:
        folder: Where they are; made by the first one.
        signer: Who signs them.
    """

    def __init__(self, folder: Path, signer: Signer) -> None:
        self.folder = folder
        self._signer = signer

    def path(self, blob: str) -> Path:
        """Return where a value is."""
        return self.folder / blob[:2] / blob

    def write(self, value: KeptValue, data: bytes | memoryview) -> int:
        """Write a value if it is not there, whole; return when its file was written, in nanoseconds.

        Raises:
            OSError: It cannot be written.
        """
        path = self.path(value.blob)
        if self._has(value):
            with suppress(OSError):
                self._touch(path)
                return path.stat().st_mtime_ns
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}-{os.getpid()}-{os.urandom(4).hex()}")
        signature = self._signer.sign(value.blob, value.form, data)
        try:
            with fresh.open("xb") as file:
                file.write(MARK + signature.encode() + b"\n")
                file.write(data)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
        return path.stat().st_mtime_ns

    def _has(self, value: KeptValue) -> bool:
        """Say whether a value is there already, whole."""
        try:
            is_there = self.path(value.blob).stat().st_size == _HEAD + value.size
            return is_there and bool(self.read(value))
        except (OSError, StoreError):
            return False

    def find(self, value: KeptValue) -> str:
        """Return why a value cannot be read, or an empty text; what was found is not evicted soon."""
        path = self.path(value.blob)
        try:
            found = path.stat()
            self._touch(path)
        except OSError:
            return "its kept outputs are gone"
        if found.st_size == _HEAD + value.size and found.st_mtime_ns == value.stamp:
            return ""
        try:
            self.read(value)
        except StoreError:
            return "its kept outputs are damaged"
        return ""

    def read(self, value: KeptValue) -> memoryview:
        """Return the bytes of a value, checked to be those that were written; others are removed.

        Raises:
            StoreError: `outputs.gone`, `outputs.damaged`.
        """
        path = self.path(value.blob)
        try:
            whole = memoryview(path.read_bytes())
        except OSError as error:
            raise StoreError(
                f"A kept value is gone: {error}.",
                code="outputs.gone",
                suggestion="Run the flow again: the node will run.",
            ) from error
        data = whole[_HEAD:]
        if not self._is_own(bytes(whole[:_HEAD]), value, data):
            with suppress(OSError):
                path.unlink()
            raise StoreError(
                f"A kept value was damaged, or was not written here: {path}.",
                code="outputs.damaged",
                suggestion="Run the flow again: the file is removed, so the node will run.",
            )
        return data

    def _is_own(self, head: bytes, value: KeptValue, data: memoryview) -> bool:
        signature = head[len(MARK) : -1].decode("ascii", "replace")
        return (
            len(head) == _HEAD
            and head.startswith(MARK)
            and self._signer.is_own(signature, value.blob, value.form, data)
        )

    def walk(self) -> Iterator[Path]:
        """Yield the files of all values."""
        with suppress(OSError):
            for part in os.scandir(self.folder):
                if part.is_dir():
                    yield from (self.folder / part.name / each.name for each in os.scandir(part))

    def _touch(self, path: Path) -> None:
        """Note when a value was looked at; when it was written stays as it is."""
        os.utime(path, ns=(time.time_ns(), path.stat().st_mtime_ns))


def touched_at(path: Path) -> float:
    """Return when a value was last looked at, in seconds since the epoch."""
    return path.stat().st_atime
