"""When this process folds: when it is asked to, when it reads, and a while after a run ended.

Nobody is in charge. Whoever gets the lock folds for all, and whoever does not get it goes on without.

A fold in the background works in Python for 50 µs a fact. A run beside it has to wait up to 5 ms for the
interpreter at each write. So such a fold waits until this process records nothing for a moment, and ends
early where that begins again; only what has waited for very long is folded all the same.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError
from dagy_nb.store.background import FoldSoon
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.live import remove_snapshot
from dagy_nb.store.publish import pause_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from dagy_nb.store.folding import FoldReport
    from dagy_nb.store.journal import Journal
    from dagy_nb.store.live import Live
    from dagy_nb.store.place import Place

_log = logging.getLogger(__name__)

FOLD_EVERY = 2.0
MANY_FACTS = 5000
QUIET = 0.5
LONGEST_WAIT = 60.0


class FoldDuty:
    """Folds a store's journal at the right moments.

    Args:
        place: The store's folder.
        journal: Where the facts go that a fold finds.
        live: The records this process reads, which know whether the snapshot is damaged.
        delay: Seconds from the end of a run to a fold in the background; None folds none there.
        keep_days: How long old parts of the journal are kept; None for ever.
    """

    def __init__(
        self,
        place: Place,
        journal: Journal,
        live: Live,
        *,
        delay: float | None,
        keep_days: float | None = None,
    ) -> None:
        self._place = place
        self._journal = journal
        self._live = live
        self._keep_days = keep_days
        self._last = float("-inf")
        self._unfolded = 0
        self._recorded_at = float("-inf")
        self._waits_since: float | None = None
        self._quiet = QUIET if delay is None else min(QUIET, delay)
        self._soon = None if delay is None else FoldSoon(self._fold_in_background, delay=delay)

    def fold(
        self,
        *,
        wait: float,
        publish: bool = False,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> FoldReport | None:
        """Fold what is new; gives None where there is nothing yet, or the lock was not free in time.

        Raises:
            StoreError: It cannot be folded here.
        """
        if not self._place.journal.is_dir():
            return None
        self._last = time.monotonic()
        with hold_fold_lock(self._place, wait=wait) as held:
            if not held:
                return None
            if self._live.is_snapshot_damaged:
                remove_snapshot(self._place)
            return fold_journal(
                self._place,
                self._journal,
                publish_now=publish,
                keep_days=self._keep_days,
                should_stop=should_stop,
            )

    def try_fold(self) -> None:
        """Fold if it can be done now; reading works without."""
        try:
            self.fold(wait=0.0)
        except StoreError as error:
            _log.info("%s", error)

    def fold_now_and_then(self) -> None:
        """Fold for a reader who asks often, where there is something new."""
        is_new = self._live.backlog() or self._live.is_snapshot_damaged
        if is_new and time.monotonic() - self._last >= FOLD_EVERY:
            self.try_fold()

    def count(self, facts: int, *, run_ended: bool) -> None:
        """Count recorded facts: after the end of a run, or very many of them, fold soon."""
        self._recorded_at = time.monotonic()
        self._unfolded += facts
        if run_ended or self._unfolded >= MANY_FACTS:
            self._unfolded = 0
            if self._soon is not None:
                self._soon.wake()

    def stop(self) -> None:
        """Let a fold that is under way come to its end, and fold no more in the background."""
        if self._soon is not None:
            self._soon.stop()

    def _fold_in_background(self, should_stop: Callable[[], bool]) -> float | None:
        began = time.monotonic()
        if self._waits_since is None:
            self._waits_since = began
        is_overdue = began - self._waits_since >= LONGEST_WAIT
        if not is_overdue and began - self._recorded_at < self._quiet:
            return self._quiet
        report = self.fold(
            wait=0.0,
            should_stop=lambda: should_stop() or (self._recorded_at > began and not is_overdue),
        )
        if report is not None and report.is_caught_up:
            self._waits_since = None
        if report is None:
            return FOLD_EVERY if self._place.journal.is_dir() else None
        if report.is_published:
            return None
        return pause_of(self._place.base.stat().st_size)
