"""Facts in, lines appended to this process's own segment out: no lock, no DuckDB, microseconds.

What `append` wrote survives the death of any process when it returns; with `durable` it survives a loss
of power. After a write that failed, the segment is left for a new one, so that half a line never spoils
the next.
"""

from __future__ import annotations

import os
import secrets
import threading
import time
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

from dagy_nb.store.encoding import write_fact
from dagy_nb.store.liveness import describe_self
from dagy_nb.store.segment import Segment, name_segment, sync_folder
from dagy_nb.store.trouble import explain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagy_nb.abc import Clock
    from dagy_nb.model.event import Event
    from dagy_nb.store.place import Place

ROTATE_AT = 8 * 1024 * 1024
LOOK_EVERY = 0.05


class Journal:
    """The writing end of the journal; any thread may use it, and a forked child begins its own.

    Args:
        place: The store's folder.
        clock: Where the time in a segment's name comes from.
        rotate_at: Size in bytes after which a new segment is begun.
        look_every: Seconds after which it looks again whether somebody removed its segment.

    Attributes:
        writer: The name of this process in the journal; another one after a fork.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        *,
        rotate_at: int = ROTATE_AT,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._place = place
        self._clock = clock
        self._rotate_at = rotate_at
        self._look_every = look_every
        self._last_time = 0
        self._begin()
        _open_journals.add(self)

    def append(self, events: Sequence[Event], *, durable: bool = False) -> None:
        """Write facts in order, in one go.

        Raises:
            StoreError: `store.unwritable`, `store.full`. Some of the facts may have been written.
        """
        lines = b"".join(map(write_fact, events))
        with self._lock:
            try:
                segment = self._take_segment()
                segment.write(lines)
                if durable:
                    self._sync(segment)
            except OSError as error:
                self._is_spoiled = True
                raise explain(error, self._place.folder) from error
            except BaseException:  # an interrupt may have cut a line
                self._is_spoiled = True
                raise

    def count_losses(self) -> int:
        """Return how often somebody removed this process's segment, and maybe all that is recorded."""
        with self._lock:
            if self._segment is not None and self._segment.is_removed():
                self._let_go()
                self._losses += 1
            return self._losses

    def close(self) -> None:
        """Let go of the segment; a later `append` begins a new one."""
        with self._lock:
            self._let_go()

    def begin_anew(self) -> None:
        """Forget the parent's segment in a forked child, without touching the parent's lock."""
        self._let_go()
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._segment: Segment | None = None
        self._is_spoiled = False
        self._is_named_safely = False
        self._looked_at = float("-inf")
        self._losses = 0
        self.writer = f"{os.getpid()}-{secrets.token_hex(4)}"

    def _take_segment(self) -> Segment:
        segment = self._segment
        if segment is None or self._is_spoiled or self._is_used_up(segment):
            # the new one is held before the old one is let go: the process never looks dead
            made = self._create()
            if segment is not None:  # a later `durable` is a promise for what came before, too
                with suppress(OSError):
                    segment.sync()
            self._let_go()
            self._segment = segment = made
        return segment

    def _is_used_up(self, segment: Segment) -> bool:
        if segment.size >= self._rotate_at:
            return True
        # Not each time: this call lets other threads run, and costs more than the write does.
        now = time.monotonic()
        if now - self._looked_at < self._look_every:
            return False
        self._looked_at = now
        is_removed = segment.is_removed()
        self._losses += is_removed
        return is_removed

    def _create(self) -> Segment:
        now = self._clock.now()
        self._last_time = max(int(now * 1e9), self._last_time + 1)
        self._is_named_safely = False
        return Segment.create(
            self._place.journal,
            name_segment(self._last_time, self.writer),
            origin=describe_self(),
            at=now,
        )

    def _sync(self, segment: Segment) -> None:
        segment.sync()
        if not self._is_named_safely:
            sync_folder(self._place.journal)
            self._is_named_safely = True

    def _let_go(self) -> None:
        if self._segment is not None:
            self._segment.close()
        self._segment = None
        self._is_spoiled = False


_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _begin_anew_after_fork() -> None:
    for journal in list(_open_journals):
        journal.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew_after_fork)
