"""Facts in, records out: the store of a folder, shared by any number of processes."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from dagy_nb.errors import StoreError
from dagy_nb.model.event import RunEnded, RunQueued
from dagy_nb.store.cancel import CancelRequests
from dagy_nb.store.duty import FOLD_EVERY, FoldDuty
from dagy_nb.store.folding import fold_journal, hold_fold_lock
from dagy_nb.store.journal import Journal
from dagy_nb.store.live import Live, duckdb_errors
from dagy_nb.store.paging import RunChoice, merge_requests
from dagy_nb.store.place import Place
from dagy_nb.store.reading import Reading
from dagy_nb.store.versions import decide_publish, find_version, list_versions

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import duckdb

    from dagy_nb.abc import Clock, Page
    from dagy_nb.model.event import Event
    from dagy_nb.model.flow import FlowSpec, FlowVersion
    from dagy_nb.model.record import LogRecord, RunRecord

_T = TypeVar("_T")

_log = logging.getLogger(__name__)

PATIENCE = 30.0


class JournalStore:
    """The store of a folder.

    Recording writes to this process's own journal segment and waits for nobody. Reading shows what every
    process recorded until that moment. Any thread may use it; a forked child may go on with it.

    Args:
        folder: Where everything is; made by the first fact.
        clock: Where the times of publishing come from.
        fold_after: Seconds after the end of a run when its facts are folded, in the background, unless
            somebody else did; None leaves folding to those who read.
        keep_days: How many days the packed parts of the journal are kept; None for ever.
    """

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        *,
        fold_after: float | None = FOLD_EVERY,
        keep_days: float | None = None,
    ) -> None:
        self.place = Place(Path(folder).absolute())
        self._clock = clock
        self._journal = Journal(self.place, clock)
        self._fold_after, self._keep_days = fold_after, keep_days
        self._begin()

    def append(self, *events: Event, durable: bool = False) -> None:
        """Write facts; see `dagy_nb.abc.Store.append`.

        The facts of one call are written in one go; with the end of a run among them, they and all
        before them survive a loss of power too. After an error some of them may have been written.

        Raises:
            StoreError: `store.unwritable`, `store.full`; the next call tries anew.
        """
        if not events:
            return
        self._check_process()
        ended = False
        for event in events:
            if type(event) is RunQueued:
                self._watch_run(event.run_id)
            elif type(event) is RunEnded:
                ended = True
        self._journal.append(events, durable=durable or ended)
        self._duty.count(len(events), run_ended=ended)

    def count_losses(self) -> int:
        """Return how often somebody removed what this process had recorded."""
        return self._journal.count_losses()

    def run(self, run_id: str) -> RunRecord:
        """Return one run with its node runs; see `dagy_nb.abc.Store.run`."""
        return self._read(lambda reading: reading.run(run_id))

    def runs(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        flow: str | None = None,
        state: str | None = None,
        kind: str | None = None,
        parent: str | None = None,
        nested: bool = False,
    ) -> Page:
        """Return runs without their nodes, newest first; see `dagy_nb.abc.Store.runs`."""
        self._refresh()
        self._duty.fold_now_and_then()
        choice = RunChoice(flow=flow, state=state, kind=kind, parent=parent, nested=nested)
        return self._read(lambda reading: reading.runs(limit=limit, cursor=cursor, choice=choice))

    def logs(
        self, run_id: str, node_id: str | None = None, *, last: int | None = None
    ) -> list[LogRecord]:
        """Return the log lines of a run in the order they were written."""
        return self._read(lambda reading: reading.logs(run_id, node_id, last))

    def publish_flow(
        self,
        spec: FlowSpec,
        *,
        node_versions: Mapping[str, str],
        expected: int | None = None,
        author: str = "",
        reason: str = "",
    ) -> FlowVersion:
        """Make an immutable version; see `dagy_nb.abc.Store.publish_flow`.

        Holds the lock of the folder while it compares and writes, so of several processes that publish on
        the same version exactly one succeeds.

        Raises:
            ConflictError: Another version came first.
            StoreError: `store.busy` where the lock was not free in half a minute; or the record cannot
                be written.
        """
        with hold_fold_lock(self.place, wait=PATIENCE) as held:
            if not held:
                raise self._tell_busy()
            report = fold_journal(self.place, self._journal)
            fact = decide_publish(
                report.versions,
                spec,
                at=self._clock.now(),
                node_versions=node_versions,
                expected=expected,
                author=author,
                reason=reason,
            )
            self._journal.append([fact], durable=True)
        report.versions.apply(fact)
        return find_version(report.versions, spec.name, fact.version)

    def flow_version(self, flow: str, version: int | None = None) -> FlowVersion:
        """Return one version of a flow, what was published last by default.

        A flow that was never published has its newest version that ran.
        """
        return self._read(lambda reading: find_version(reading.versions(), flow, version))

    def flow_versions(self, flow: str | None = None) -> list[FlowVersion]:
        """Return the versions of one flow, newest first, or the head of every flow."""
        return self._read(lambda reading: list_versions(reading.versions(), flow))

    def cancel_requested(self, run_id: str) -> Sequence[str] | None:
        """Return what other processes asked to cancel; see `dagy_nb.abc.Store.cancel_requested`.

        Cheap enough to be asked several times a second.
        """
        self._check_process()
        if (
            self._requests is None or run_id not in self._own_runs
        ):  # it may have been asked long ago
            return merge_requests(self._read(lambda reading: reading.cancel_requests(run_id)))
        return merge_requests(self._requests.asked(run_id, own_writer=self._journal.writer))

    def connect(self) -> duckdb.DuckDBPyConnection:
        """Return a new DuckDB connection over all records, fresh to the last line.

        Tables: `runs`, `node_runs`, `attempts` (each try of a node), `cell_runs`, `logs`, `events` (all
        facts but log lines), `flow_versions`, `node_versions`, `audit`, and of the store itself
        `segments` and `damage` (lines of the journal that could not be read). Times are naive UTC
        timestamps.

        The connection is in memory, over the last published snapshot and what was appended since. It shows
        the moment it was made: ask for a new one to see more. It holds no lock, so it may stay open
        as long as you like, and what you create in it is yours alone and ends with it.

        Raises:
            StoreError: The folder cannot be read.
        """
        self._check_process()
        self._duty.try_fold()
        try:
            return self._connect()
        except duckdb_errors() as error:
            self._repair_snapshot(error)
            return self._connect()

    def fold(self, *, wait: float = 0.0, publish: bool = True) -> bool:
        """Fold what is new into the tables and publish `runs.duckdb`.

        Args:
            wait: How many seconds to wait for another process that folds.
            publish: Publish at once, without the pause that spares the disk.

        Returns:
            Whether everything new was folded; False where somebody else is folding.

        Raises:
            StoreError: It cannot be folded here; everything recorded is safe in the journal.
        """
        self._check_process()
        report = self._duty.fold(wait=wait, publish=publish)
        return report is not None and report.is_caught_up

    def close(self) -> None:
        """Let go of everything; what was appended is written already."""
        self._duty.stop()
        self._live.close()
        self._journal.close()

    def _begin(self) -> None:
        """Begin with nothing known, in a new process."""
        self._writer = self._journal.writer
        self._live = Live(self.place)
        self._requests: CancelRequests | None = None
        self._own_runs: set[str] = set()
        self._duty = FoldDuty(
            self.place,
            self._journal,
            self._live,
            delay=self._fold_after,
            keep_days=self._keep_days,
        )

    def _watch_run(self, run_id: str) -> None:
        """Listen for requests to cancel a run that is about to begin here."""
        if self._requests is None:
            self._requests = CancelRequests(self.place)
        self._own_runs.add(run_id)

    def _check_process(self) -> None:
        # A forked child has another writer; what the parent has open is the parent's.
        if self._writer is not self._journal.writer:
            self._inherited = self._live
            self._begin()

    def _read(self, ask: Callable[[Reading], _T]) -> _T:
        """Answer a question; where the snapshot turns out to be damaged, once more without it."""
        self._check_process()
        try:
            return self._ask(ask)
        except duckdb_errors() as error:
            self._repair_snapshot(error)
            return self._ask(ask)

    def _refresh(self) -> None:
        self._read(lambda _: None)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        from dagy_nb.store.view import connect_live

        live = Live(self.place)
        live.refresh(number=True)  # what no fold has numbered yet; this view is never read on
        if live.is_snapshot_damaged:
            self._live.distrust_snapshot()  # so that the next fold replaces it
        return connect_live(live)

    def _repair_snapshot(self, error: Exception) -> None:
        """Replace the snapshot, which turned out to be damaged while it was read."""
        _log.warning("%s cannot be read: %s", self.place.snap, error)
        self._live.distrust_snapshot()
        self._duty.try_fold()

    def _ask(self, ask: Callable[[Reading], _T]) -> _T:
        with self._live.lock:
            self._live.refresh()
            return ask(Reading(self._live))

    def _tell_busy(self) -> StoreError:
        return StoreError(
            f"Another process has been folding the records in {self.place.folder} for too long.",
            code="store.busy",
            suggestion="Try again; if that does not help, look for a process that hangs.",
        )
