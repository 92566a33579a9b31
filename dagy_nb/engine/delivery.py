"""Facts in, to the store first and then to every subscriber out; neither can harm the run."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable

from dagy_nb.model.event import Event

_LOG = logging.getLogger(__name__)
MAX_UNRECORDED = 10_000

Record = Callable[[tuple[Event, ...]], None]
Subscriber = Callable[[Event], None]


class Delivery:
    """Passes the facts of one run on.

    What the store could not take is offered again with the next facts, in order, up to `MAX_UNRECORDED`.

    Attributes:
        error: Why the store did not take the last facts, or None.
        pending: What was taken and has not gone on.
        add: Takes a fact; it goes on with the next `flush`.
    """

    def __init__(self, run_id: str, record: Record, subscribers: Iterable[Subscriber]) -> None:
        self.error: Exception | None = None
        self._run_id = run_id
        self._record = record
        self._subscribers: tuple[Subscriber, ...] = tuple(subscribers)
        self._lock = threading.Lock()
        self.pending: list[Event] = []
        self.add: Callable[[Event], None] = self.pending.append
        self._unrecorded: tuple[Event, ...] = ()
        self._has_warned = False

    def flush(self) -> None:
        """Pass on what was taken."""
        if not self.pending:
            return
        events = tuple(self.pending)
        self.pending.clear()
        self._write(events)
        for subscriber in self._subscribers:
            self._tell(subscriber, events)

    def subscribe(self, subscriber: Subscriber) -> Callable[[], None]:
        """Tell `subscriber` every fact from now on; return what ends that."""
        with self._lock:
            self._subscribers = (*self._subscribers, subscriber)
        return lambda: self._forget(subscriber)

    def _write(self, events: tuple[Event, ...]) -> None:
        offered = (*self._unrecorded, *events)
        try:
            self._record(offered)
        except Exception as error:  # noqa: BLE001 - any store may be plugged in; nodes go on without
            self.error = error
            self._unrecorded = offered[-MAX_UNRECORDED:]
            self._warn(error)
        except BaseException:  # an interrupt: whether they were written is not known
            self._unrecorded = offered
            raise
        else:
            self.error = None
            self._unrecorded = ()

    def _warn(self, error: Exception) -> None:
        if not self._has_warned:
            self._has_warned = True
            _LOG.warning("Run %s goes on, but cannot be recorded: %s", self._run_id, error)

    def _tell(self, subscriber: Subscriber, events: tuple[Event, ...]) -> None:
        try:
            for event in events:
                subscriber(event)
        except Exception:  # noqa: BLE001 - one bad subscriber must not end the run
            _LOG.exception("A subscriber of run %s failed and hears no more.", self._run_id)
            self._forget(subscriber)

    def _forget(self, subscriber: Subscriber) -> None:
        with self._lock:
            self._subscribers = tuple(each for each in self._subscribers if each != subscriber)
