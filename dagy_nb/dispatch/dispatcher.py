"""A browser's messages about one flow in, answers and news out (D6).

Three channels: edits with revisions, positions without, the state of the run shown one-way. Whoever
edits the draft (a browser, a cell, another thread), every browser hears of it. Handlers take a lock,
print nothing, and may be called from any thread; news of cells, runs and node types is gathered and
sent at most ten times a second, the last of it always.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagy_nb.dispatch.feed import Feed
from dagy_nb.dispatch.inside import look_inside
from dagy_nb.dispatch.pulse import Pulse
from dagy_nb.dispatch.route import look_at_route
from dagy_nb.dispatch.view import arrange_anew, follow_renames, look_at_draft, look_at_flow
from dagy_nb.errors import (
    CheckFailed,
    ConflictError,
    DagyError,
    FlowError,
    MessageError,
    StoreError,
    UnknownName,
)
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.protocol.draw import draw_diagnostic
from dagy_nb.protocol.forecast import draw_forecast
from dagy_nb.protocol.message import (
    ArrangeRequested,
    CancelRequested,
    EditRequested,
    Hello,
    InsideRequested,
    Looked,
    MoveRequested,
    Planned,
    PlanRequested,
    RedoRequested,
    Refused,
    Reply,
    Request,
    ResumeRequested,
    Routed,
    RouteRequested,
    RunRequested,
    UndoRequested,
    encode,
    read_id,
    read_request,
)
from dagy_nb.session.drawn import keep_draft
from dagy_nb.session.keeping import ask_keeping

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.handle import RunHandle

PACE = 0.1
KEEP_EVERY = 0.3
KEEP_AFTER = 0.1
PATIENCE = 5.0
_DRAWING = (EditRequested, UndoRequested, RedoRequested, MoveRequested, ArrangeRequested)
logger = logging.getLogger(__name__)


class Dispatcher:
    """Speaks with all browsers that show one flow, without keeping the flow alive.

    Args:
        flow: The draft.
        send: Sends one message, as plain JSON values, to all of them; called from any thread.
        every: Seconds between two gathered messages.

    Example:
        >>> dispatcher = Dispatcher(flow, sent.append)  # doctest: +SKIP
        >>> dispatcher.handle({"kind": "hello", "id": "a"})  # doctest: +SKIP
        >>> sent[-1]["kind"]  # doctest: +SKIP
        'snapshot'
    """

    def __init__(
        self, flow: Flow, send: Callable[[dict[str, Any]], None], *, every: float = PACE
    ) -> None:
        self._lock = threading.RLock()
        self._session = flow.session
        self._feed = Feed(flow, send)
        self._pulse = Pulse(self.flush, every=every)
        self._keeper = Pulse(self._keep, every=KEEP_EVERY, after=KEEP_AFTER)
        self._keeps = True
        self._kept_revision = flow.revision
        self._answering: int | None = None
        self._resting = self._closed = False
        self._leave_run: Callable[[], None] | None = None
        self._leave = (
            flow.subscribe(self._on_draft),
            flow.watch_runs(self._on_run),
            flow.session.registry.subscribe(self._on_types),
        )
        if flow.last_run is not None:
            self._watch(flow.last_run)

    def handle(self, content: object) -> None:
        """Take a message of a browser and answer it; whatever it holds, nothing is raised."""
        try:
            request = read_request(content)
        except MessageError as error:
            with self._lock:
                self._refuse(read_id(content), error)
            return
        # Not under the lock: to look at what is kept may take long, and news go on meanwhile.
        if _needs_kept(request):
            self._settle()
        if isinstance(request, PlanRequested | RouteRequested | InsideRequested):
            self._guard(request.id, lambda: self._tell(self._look(request)))
            return
        with self._lock:
            self._resting = False
            self._answering = threading.get_ident()
            try:
                self._guard(request.id, lambda: self._answer(request))
            finally:
                self._answering = None
        if isinstance(request, _DRAWING):
            self._keeper.ask()

    def snapshot(self) -> dict[str, Any]:
        """Return, as plain JSON values, all that a browser needs to begin; empty where all is gone."""
        with self._lock:
            try:
                return encode(self._feed.snapshot())
            except MessageError:
                return {}

    def flush(self) -> None:
        """Send what has changed since the last message."""
        with self._lock:
            if not (self._closed or self._resting):
                self._feed.flush()

    def rest(self) -> None:
        """Send nothing more until a browser asks: for a flow that another one took the place of."""
        with self._lock:
            self._resting = True

    def close(self) -> None:
        """Send nothing more and let go of flow, registry and run."""
        with self._lock:
            self._closed = True
            self._pulse.close()
            self._keeper.close()
            for leave in (*self._leave, self._leave_run):
                if leave is not None:
                    leave()

    def _guard(self, reply_to: str, act: Callable[[], None]) -> None:
        """Do something for a browser; it must hear of every failure, or it waits for ever."""
        try:
            act()
        except DagyError as error:
            self._refuse(reply_to, error)
        except Exception as error:
            logger.debug("message %s failed", reply_to, exc_info=True)
            self._refuse(reply_to, _explain(error))

    def _settle(self) -> None:
        """Wait for a run that has told its end, but still writes what it keeps."""
        try:
            last = self._feed.flow.last_run
        except MessageError:
            return
        if last is not None and last.state.is_final:
            last.settle(PATIENCE)

    def _answer(self, request: Request) -> None:
        if self._closed:
            return
        match request:
            case Hello():
                self._feed.send(self._feed.snapshot(request.id))
            case EditRequested():
                self._edit(request)
            case UndoRequested() | RedoRequested():
                self._step(request)
            case MoveRequested():
                known = {node.id for node in self._feed.flow.spec.nodes}
                found = {key: at for key, at in request.positions.items() if key in known}
                self._feed.place(found, request.id)
            case ArrangeRequested():
                self._feed.place(arrange_anew(look_at_flow(self._feed.flow)), request.id)
            case RunRequested():
                self._run(request)
            case ResumeRequested():
                self._resume(request)
            case CancelRequested():
                self._cancel(request)

    def _edit(self, request: EditRequested) -> None:
        flow = self._feed.flow
        renamed = follow_renames(request.edits, flow.draft.positions)
        try:
            flow.edit(
                request.edits,
                expected=request.base_revision,
                positions={**renamed, **request.positions},
            )
        except ConflictError as error:
            self._refuse_stale(request.id, error.reason)
            return
        self._feed.send_patch(request.id)

    def _step(self, request: UndoRequested | RedoRequested) -> None:
        flow = self._feed.flow
        done = flow.undo() if isinstance(request, UndoRequested) else flow.redo()
        if not done:
            raise FlowError(f"There is nothing to {request.kind}.", code="edit.no_history")
        self._feed.send_patch(request.id)

    def _run(self, request: RunRequested) -> None:
        flow = self._feed.flow
        if request.base_revision != flow.revision:
            words = f"The flow is at revision {flow.revision}"
            self._refuse_stale(request.id, f"{words}, you asked to run {request.base_revision}.")
            return
        keeping = ask_keeping(flow.spec, reuse=request.reuse, force=request.force)
        self._show(flow.start(request.parameters, keeping=keeping), request.id)

    def _resume(self, request: ResumeRequested) -> None:
        flow = self._feed.flow
        handle = flow.go_on(request.run_id, request.parameters, force=request.force)
        self._show(handle, request.id)

    def _show(self, handle: RunHandle, reply_to: str) -> None:
        self._feed.send_start(handle, reply_to)
        self._feed.send_patch("")

    def _look(self, request: PlanRequested | RouteRequested | InsideRequested) -> Reply:
        match request:
            case PlanRequested():
                return self._plan(request)
            case RouteRequested():
                return self._route(request)
            case InsideRequested():
                run, total = look_inside(self._session, request.run_id, request.node_id)
                return Looked(reply_to=request.id, run=run, total=total)

    def _plan(self, request: PlanRequested) -> Planned:
        spec, revision = look_at_draft(self._feed.flow)
        keeping = ask_keeping(spec, reuse=True, force=request.force)
        forecast = self._session.forecast(spec, request.parameters, keeping)
        return Planned(reply_to=request.id, forecast=draw_forecast(forecast, revision=revision))

    def _route(self, request: RouteRequested) -> Routed:
        spec, revision = look_at_draft(self._feed.flow)
        route = look_at_route(self._session, spec, revision=revision)
        return Routed(reply_to=request.id, route=route)

    def _tell(self, answer: Reply) -> None:
        """Send what was found without the lock."""
        with self._lock:
            if not self._closed:
                self._feed.send(answer)

    def _cancel(self, request: CancelRequested) -> None:
        if not self._session.cancel_here(request.run_id, request.node_id, by="editor"):
            raise UnknownName(
                f"This kernel has no run {request.run_id!r}.",
                code="unknown.run",
                suggestion="It has ended, or another process runs it.",
            )

    def _keep(self) -> None:
        """Keep what was drawn, so that it outlives the kernel; where that fails, say it once."""
        flow = self._feed.flow
        revision = flow.revision
        try:
            keep_draft(flow, is_new=revision != self._kept_revision)
        except StoreError as error:
            if self._keeps:
                self._refuse("", error)
            self._keeps = False
        else:
            self._keeps, self._kept_revision = True, revision

    def _on_draft(self) -> None:
        self._feed.note_draft()
        self._ask()

    def _on_types(self, _: object) -> None:
        self._feed.note_types()
        self._ask()

    def _on_run(self, handle: RunHandle) -> None:
        with self._lock:
            self._watch(handle)
        self._ask()

    def _ask(self) -> None:
        """Have the news sent soon, unless they are the answer that is being made right now."""
        if self._answering != threading.get_ident():
            self._pulse.ask()

    def _watch(self, handle: RunHandle) -> None:
        if self._leave_run is not None:
            self._leave_run()
        pulse = self._pulse
        self._feed.watch(handle)
        self._leave_run = handle.subscribe(lambda _: pulse.ask())

    def _refuse_stale(self, reply_to: str, reason: str) -> None:
        self._refuse(reply_to, MessageError(reason, code="message.stale"))
        self._feed.send(self._feed.snapshot(reply_to))

    def _refuse(self, reply_to: str, error: DagyError) -> None:
        message = error.reason
        found: tuple[object, ...] = ()
        if isinstance(error, CheckFailed):
            # The diagnostics say the rest, each at its place.
            message, found = message.splitlines()[0].rstrip(":") + ".", error.diagnostics
        refused = Refused(
            reply_to=reply_to,
            code=error.code,
            message=message,
            suggestion=error.suggestion,
            revision=self._feed.revision,
            diagnostics=tuple(draw_diagnostic(d) for d in found if isinstance(d, Diagnostic)),
        )
        self._tell(refused)


def _needs_kept(request: Request) -> bool:
    if isinstance(request, RunRequested):
        return request.reuse
    return isinstance(request, PlanRequested | ResumeRequested)


def _explain(error: Exception) -> MessageError:
    return MessageError(
        f"The kernel could not carry this out: {type(error).__name__}: {error}.",
        code="message.failed",
        suggestion="This is a fault of dagy_nb; run the cell again, and report it.",
    )
