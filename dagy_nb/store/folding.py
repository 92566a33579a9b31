"""The journal in, base and copies brought up to date out: by whoever holds the fold lock.

Folding also says what nobody else can say: it ends the runs of dead processes and numbers the flow
versions that merely ran. Both are appended to the journal first and folded like any other fact, so that
folding everything anew gives the same tables.
"""

from __future__ import annotations

import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError
from dagy_nb.store.crash import end_crashed_run, is_open
from dagy_nb.store.fold import RunFold
from dagy_nb.store.packs import pack_segments, remove_old_packs, remove_packed
from dagy_nb.store.publish import is_due, is_up_to_date, publish, sweep_logs
from dagy_nb.store.tail import Tail
from dagy_nb.store.trouble import explain
from dagy_nb.store.versions import VersionFold, number_content

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from dagy_nb.model.event import Event
    from dagy_nb.store.base import Base
    from dagy_nb.store.journal import Journal
    from dagy_nb.store.place import Place
    from dagy_nb.store.scan import SegmentState

_log = logging.getLogger(__name__)

_ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldReport:
    """What a fold did.

    Attributes:
        facts: How many facts were folded.
        damages: How many lines could not be read.
        is_caught_up: Nothing was left in the journal.
        is_published: The copies are as new as the base.
        versions: All flow versions, without their specs.
    """

    facts: int
    damages: int
    is_caught_up: bool
    is_published: bool
    versions: VersionFold


@contextmanager
def hold_fold_lock(place: Place, *, wait: float) -> Iterator[bool]:
    """Hold the lock under which the base changes; gives False where it was not free in time.

    Raises:
        StoreError: `store.unwritable`, `store.full`.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(place.lock, thread_local=False)
    try:
        place.folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=wait, poll_interval=0.02)
    except Timeout:
        yield False
        return
    except OSError as error:
        raise explain(error, place.folder) from error
    try:
        yield True
    finally:
        lock.release()


def fold_journal(
    place: Place,
    journal: Journal,
    *,
    publish_now: bool = False,
    keep_days: float | None = None,
    on_step: Callable[[str], None] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> FoldReport:
    """Fold what is new in the journal; only under the fold lock.

    Args:
        place: The store's folder.
        journal: Where the facts go that the fold itself finds.
        publish_now: Publish without waiting for the pause between two copies.
        keep_days: How long old parts of the journal are kept; None for ever.
        on_step: Called with the name of each step that a crash may interrupt.
        should_stop: Asked between transactions.

    Raises:
        StoreError: `store.newer`, `store.full`, `store.unwritable`, `store.fold_failed`.
    """
    from dagy_nb.store.base import ignore_step

    step = on_step or ignore_step
    sweep_logs(place)
    fold = _fold_repairing(place, journal, step, should_stop)
    due = not should_stop() and (publish_now or is_due(place, time.time()))
    is_published = publish(place, step) if due else is_up_to_date(place)
    if is_published and not should_stop():
        tidy_journal(place, fold.list_finished(), keep_days, step)
    return FoldReport(
        facts=fold.facts,
        damages=fold.damages,
        is_caught_up=fold.is_caught_up,
        is_published=is_published,
        versions=fold.versions,
    )


def tidy_journal(
    place: Place,
    finished: Sequence[SegmentState],
    keep_days: float | None,
    on_step: Callable[[str], None],
) -> None:
    """Pack old segments, and remove packs where that is asked for; what is published stays.

    Args:
        place: The store's folder.
        finished: The segments that are over and are folded and published whole.
        keep_days: How long packs are kept; None for ever.
        on_step: Called with the name of each step that a crash may interrupt.
    """
    remove_packed(place, (state.name for state in finished if state.pack))
    pack_segments(place, (state.name for state in finished if not state.pack), on_step)
    if keep_days is not None:
        remove_old_packs(place, days=keep_days)


def list_crash_facts(
    runs: RunFold, states: Mapping[str, SegmentState], living: Collection[str]
) -> list[Event]:
    """Return the facts that end the open runs of dead processes."""
    facts: list[Event] = []
    for run in runs.known_runs():
        if run.writer not in living and is_open(run):
            written = [state for state in states.values() if state.writer == run.writer]
            facts += end_crashed_run(run, written)
    return facts


class _Fold:
    """One turn of folding, with the base open."""

    def __init__(
        self, place: Place, base: Base, journal: Journal, on_step: Callable[[str], None]
    ) -> None:
        self._base = base
        self._journal = journal
        self._on_step = on_step
        self._tail = Tail(place, base.archive.states(), base.archive.packs())
        self.versions = VersionFold()
        self.facts = 0
        self.damages = 0
        self.is_caught_up = False

    def list_finished(self) -> list[SegmentState]:
        """Return the segments that are over and were folded whole."""
        return [state for state in self._tail.states.values() if state.is_complete]

    def run(self, should_stop: Callable[[], bool]) -> None:
        for _ in range(_ROUNDS):
            self._catch_up(should_stop)
            if not self.is_caught_up or not self._say_the_unsaid():
                return

    def _catch_up(self, should_stop: Callable[[], bool]) -> None:
        self.is_caught_up = False
        while not self.is_caught_up and not should_stop():
            batch = self._tail.read()
            if batch:
                self._base.fold(batch)
                self.facts += len(batch.facts)
                self.damages += len(batch.damages)
            self.is_caught_up = self._tail.is_caught_up

    def _say_the_unsaid(self) -> bool:
        """Append the facts that only a fold can know; returns whether there were any."""
        self.versions = VersionFold()
        self._base.archive.seed_versions(self.versions)
        facts: list[Event] = [*number_content(self.versions), *self._find_crashes()]
        if facts:
            try:
                self._journal.append(facts, durable=True)
            except StoreError as error:  # the next fold says it
                _log.warning("%s", error)
                return False
            self._on_step("said")
        return bool(facts)

    def _find_crashes(self) -> list[Event]:
        living = self._tail.living_writers()
        owners = self._base.archive.open_runs()
        dead = [run_id for run_id, writer in owners.items() if writer not in living]
        runs = RunFold()
        self._base.archive.seed_runs(runs, dead)
        return list_crash_facts(runs, self._tail.states, living)


def _fold_repairing(
    place: Place, journal: Journal, step: Callable[[str], None], should_stop: Callable[[], bool]
) -> _Fold:
    """Fold; where the base turns out to be damaged on the way, make it anew and fold again."""
    import duckdb

    from dagy_nb.store.base import Base, set_aside
    from dagy_nb.store.database import Damaged, Held, judge

    for attempt in (1, 2):
        try:
            base = Base(place, on_step=step)
        except OSError as error:
            raise explain(error, place.folder) from error
        except (Damaged, Held) as error:
            raise _tell_failure(place, error) from error
        except duckdb.Error as error:
            found = judge(error, place.base)
            raise (
                found if isinstance(found, StoreError) else _tell_failure(place, error)
            ) from error
        try:
            fold = _Fold(place, base, journal, step)
            fold.run(should_stop)
            base.close()
        except duckdb.Error as error:
            whole = base.is_whole()
            base.abandon()
            found = judge(error, place.base)
            if not isinstance(found, Damaged):
                raise found from error
            if whole or attempt == 2:
                raise _tell_failure(place, error) from error
            set_aside(place, place.base)
        except OSError as error:
            base.abandon()
            raise explain(error, place.folder) from error
        except BaseException:
            base.abandon()
            raise
        else:
            return fold
    raise AssertionError("unreachable")


def _tell_failure(place: Place, error: Exception) -> StoreError:
    return StoreError(
        f"The records in {place.folder} cannot be folded ({error}).",
        code="store.fold_failed",
        suggestion="Everything recorded is safe in the journal; please report this.",
    )
