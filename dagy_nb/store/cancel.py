"""Other processes' segments in, what they asked to cancel out: cheap enough to ask often.

Only what is new in a segment is read; one that did not grow costs one `stat` and a look at its lock, one
whose process died nothing. Only lines that can hold a request are decoded.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError
from dagy_nb.model.event import CancelRequested
from dagy_nb.store.line import parse_body, read_body
from dagy_nb.store.liveness import is_held
from dagy_nb.store.segment import writer_of
from dagy_nb.store.tail import list_segments

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from dagy_nb.store.place import Place

_MARK = CancelRequested.kind.encode()
_COARSE = 2.0


class CancelRequests:
    """Watches the journal for requests to cancel; any thread may use it.

    What stood in the journal before the watch began is left to the caller: a run that this process
    starts cannot have been cancelled before.

    Args:
        place: The store's folder.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._asked: dict[str, list[str]] = {}
        self._positions: dict[str, int] = {}
        with suppress(StoreError):  # whoever reads records will hear of it
            self._positions = {name: self._size(name) for name in list_segments(place)}
        self._ended: set[str] = set()
        self._names: list[str] = []
        self._changed = self._listed = 0.0

    def asked(self, run_id: str, *, own_writer: str) -> list[str]:
        """Return the nodes that were asked to be cancelled; an empty name stands for the run."""
        with self._lock:
            for name in self._list_open():
                if writer_of(name) != own_writer:
                    self._read_on(name)
            return list(self._asked.get(run_id, ()))

    def _list_open(self) -> list[str]:
        """Return the segments that may still grow; lists the folder only where it changed.

        The time of a folder's change is coarse, so a listing is trusted only if it was made a good
        while after that time.
        """
        try:
            changed = self._place.journal.stat().st_mtime
        except OSError:
            return []
        now = time.time()
        if changed != self._changed or not self._listed - changed > _COARSE:
            self._names = list_segments(self._place)
            self._changed, self._listed = changed, now
        self._names = [name for name in self._names if name not in self._ended]
        return self._names

    def _read_on(self, name: str) -> None:
        path = self._place.journal / name
        position = self._positions.get(name, 0)
        if self._size(name) > position:
            self._positions[name] = position + self._read_lines(path, position)
        elif not is_held(path):
            self._ended.add(name)

    def _read_lines(self, path: Path, position: int) -> int:
        with suppress(OSError), path.open("rb") as file:
            file.seek(position)
            chunk = file.read()
            whole = chunk.rfind(b"\n") + 1
            if _MARK in chunk:
                self._keep_requests(chunk[:whole].split(b"\n"))
            return whole
        return 0

    def _keep_requests(self, lines: Sequence[bytes]) -> None:
        for line in lines:
            body = read_body(line) if _MARK in line else None
            if body is None:
                continue
            data = parse_body(body)
            if data.get("kind") == CancelRequested.kind:
                asked = self._asked.setdefault(str(data.get("run_id", "")), [])
                asked.append(str(data.get("node_id", "")))

    def _size(self, name: str) -> int:
        try:
            return (self._place.journal / name).stat().st_size
        except OSError:
            return 0
