"""What the browsers were shown and what is there now in, the messages between the two out.

Whoever calls holds the dispatcher's lock; only the `note_…` methods may be called without it.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.dispatch.view import look_at_flow, look_at_palette, look_at_run, pin_nodes
from dagy_nb.errors import MessageError
from dagy_nb.protocol.message import (
    Moved,
    PaletteChanged,
    Reply,
    Snapshot,
    StatusChanged,
    encode,
)
from dagy_nb.protocol.patch import diff_flow
from dagy_nb.protocol.status import diff_run

if TYPE_CHECKING:
    from dagy_nb.model.flow import Position
    from dagy_nb.protocol.picture import FlowPicture, RunPicture
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.handle import RunHandle


class Feed:
    """Knows what all browsers of one flow have, and sends what they lack.

    It does not keep the flow alive.

    Args:
        flow: The draft.
        send: Sends one message, as plain JSON values, to all browsers.
    """

    def __init__(self, flow: Flow, send: Callable[[dict[str, Any]], None]) -> None:
        self._ref = weakref.ref(flow)
        self._session = flow.session
        self._deliver = send
        self._flow_changed = threading.Event()
        self._palette_changed = threading.Event()
        self._shown: FlowPicture | None = None
        self._run_shown: RunPicture | None = None
        self._handle: RunHandle | None = None

    @property
    def flow(self) -> Flow:
        """The draft.

        Raises:
            MessageError: `message.closed` where nobody holds it any more.
        """
        flow = self._ref()
        if flow is None:
            raise MessageError(
                "The kernel does not hold this flow any more.",
                code="message.closed",
                suggestion="Run the cell that makes the flow again.",
            )
        return flow

    @property
    def revision(self) -> int:
        """The draft's revision, 0 where it is gone."""
        flow = self._ref()
        return 0 if flow is None else flow.revision

    def note_draft(self) -> None:
        """Remember that the draft is another one."""
        self._flow_changed.set()

    def note_types(self) -> None:
        """Remember that node types are others: the same flow may look different then."""
        self._palette_changed.set()
        self._flow_changed.set()

    def watch(self, handle: RunHandle) -> None:
        """Show this run from now on."""
        self._handle, self._run_shown = handle, None
        self._flow_changed.set()

    def send(self, message: Reply) -> None:
        """Send a message as it is."""
        self._deliver(encode(message))

    def flush(self) -> None:
        """Send all that is new; nothing before the first snapshot."""
        if self._shown is None:
            return
        if self._palette_changed.is_set():
            self._palette_changed.clear()
            self.send(PaletteChanged(palette=look_at_palette(self._session)))
        if self._flow_changed.is_set():
            self.send_patch("")
        self._send_status()

    def snapshot(self, reply_to: str = "") -> Snapshot:
        """Return all there is; the other browsers hear first what they do not know yet."""
        self.flush()
        self._flow_changed.clear()
        self._palette_changed.clear()
        self._shown = self._draw()
        if self._handle is not None:
            self._run_shown = look_at_run(self._session, self._handle)
        return Snapshot(
            flow=self._shown,
            palette=look_at_palette(self._session),
            run=self._run_shown,
            reply_to=reply_to,
        )

    def send_patch(self, reply_to: str) -> None:
        """Send how the flow looks now, in answer to a request or (empty) as news, if there is any."""
        self._flow_changed.clear()
        before, self._shown = self._shown, self._draw()
        if before is None:
            self.send(self.snapshot(reply_to))
        elif reply_to or before != self._shown:
            self.send(diff_flow(before, self._shown, reply_to))

    def send_start(self, handle: RunHandle, reply_to: str) -> None:
        """Send the first picture of a run that a browser asked for."""
        self._run_shown = look_at_run(self._session, handle)
        self.send(StatusChanged(run=self._run_shown, whole=True, reply_to=reply_to))

    def place(self, positions: Mapping[str, Position], origin: str) -> None:
        """Put nodes elsewhere and tell every browser."""
        self.flow.draft.move(positions)
        if self._shown is not None:
            nodes = tuple(
                node.model_copy(update={"x": positions[node.id].x, "y": positions[node.id].y})
                if node.id in positions
                else node
                for node in self._shown.nodes
            )
            self._shown = self._shown.model_copy(update={"nodes": nodes})
        self.send(Moved(positions=dict(positions), origin=origin))

    def _draw(self) -> FlowPicture:
        flow = self.flow
        picture = look_at_flow(flow, self._handle)
        pin_nodes(flow, picture)
        return picture

    def _send_status(self) -> None:
        if self._handle is None:
            return
        now = look_at_run(self._session, self._handle)
        news = diff_run(self._run_shown, now)
        if news is not None:
            self._run_shown = now
            self.send(news)
