"""A flow and a way to publish in, its static picture in a notebook out, which follows the flow.

It is replaced after each cell in which the flow or its last run changed, and, where a browser edits
between cells, a moment after the last change. While a run is going on it waits for the end.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagy_nb.dispatch.pulse import Pulse
from dagy_nb.model.event import Event, RunEnded
from dagy_nb.widget.bundle import Bundle, make_bundle

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.handle import RunHandle

DELAY = 2.0
Publish = Callable[[dict[str, Any], str, bool], None]


class StaticPicture:
    """The static pictures of one flow, wherever it was displayed; does not keep the flow alive.

    Args:
        flow: The flow.
        publish: Takes MIME type → data, the display id, and whether to replace what has this id.
        is_live: Whether somebody may change the flow between cells, so that waiting for the end of a
            cell is not enough.
        delay: Seconds from a change between cells to the new picture.
    """

    def __init__(
        self,
        flow: Flow,
        publish: Publish,
        *,
        is_live: Callable[[], bool],
        delay: float = DELAY,
    ) -> None:
        self._ref = weakref.ref(flow)
        self._publish = publish
        self._is_live = is_live
        self._display_id = f"dagy-{uuid.uuid4().hex}"
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._drawn = ""
        self._pulse = Pulse(self.refresh, every=delay, after=delay)
        self._leave = (
            flow.subscribe(self._note),
            flow.watch_runs(self._on_run),
            flow.session.registry.subscribe(lambda _: self._note()),
        )
        if flow.last_run is not None:
            self._on_run(flow.last_run)

    def show(self) -> None:
        """Publish the picture in a new place."""
        flow = self._ref()
        if flow is None:
            return
        with self._lock:
            self._changed.clear()
            self._put(make_bundle(flow), update=False)

    def refresh(self) -> None:
        """Replace the published pictures, if there is another one to show."""
        flow = self._ref()
        if flow is None or not self._changed.is_set() or _is_running(flow):
            return
        with self._lock:
            self._changed.clear()
            bundle = make_bundle(flow)
            if bundle["image/svg+xml"] != self._drawn:
                self._put(bundle, update=True)

    def close(self) -> None:
        """Follow the flow no more."""
        self._pulse.close()
        for leave in self._leave:
            leave()

    def _put(self, bundle: Bundle, *, update: bool) -> None:
        self._drawn = bundle["image/svg+xml"]
        self._publish(bundle, self._display_id, update)

    def _on_run(self, handle: RunHandle) -> None:
        handle.subscribe(self._on_event)
        self._note()  # it may have ended before

    def _on_event(self, event: Event) -> None:
        if isinstance(event, RunEnded):
            self._note()

    def _note(self) -> None:
        self._changed.set()
        if self._is_live():
            self._pulse.ask()


def _is_running(flow: Flow) -> bool:
    handle = flow.last_run
    return handle is not None and not handle.done
