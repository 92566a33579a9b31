"""A flow in, the widget that edits it in a notebook out.

The widget is a wire: it carries the dispatcher's messages. All its views are one model, which holds
two values: `instance`, its own name, and `snapshot`, with which a view begins. The snapshot is made
when it is asked for (a new view of a reloaded page, another browser) and never sent on an edit. It
lacks what the user's data show (previews, logs, errors): a browser gets those as answer to `hello`,
and a tool that stores widget states in a notebook gets them never.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from dagy_nb.dispatch import Dispatcher
from dagy_nb.widget.assets import read_asset
from dagy_nb.widget.bundle import make_bundle

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow

# The static picture is the output that follows the editor's own; on paper it stays.
HIDE_PICTURE = """
@media screen {
  .jp-OutputArea-child:has(.dagy-editor)
    + .jp-OutputArea-child:has(.jp-RenderedSVG, .jp-RenderedImage) {
    display: none;
  }
}
"""
VIEW_MIME = "application/vnd.jupyter.widget-view+json"
# Of a node's status, what tells of the user's data.
_TELLING = {
    "error": "",
    "traceback": "",
    "suggestion": "",
    "message": "",
    "why_detail": "",
    "previews": {},
    "log_tail": [],
}


class FlowEditor(anywidget.AnyWidget):
    """The graph editor of one flow, as `open_editor` makes it; does not keep the flow alive.

    Args:
        flow: The draft that it edits.

    Raises:
        DagyError: `dagy.not_built`.
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    snapshot = traitlets.Dict().tag(sync=True)
    instance = traitlets.Unicode().tag(sync=True)

    def __init__(self, flow: Flow) -> None:
        self._name = flow.name
        self._flow = weakref.ref(flow)
        self._heard = threading.Event()
        # First of all: the state which opens the comm holds the snapshot.
        self._dispatcher = Dispatcher(flow, self.send)
        super().__init__(
            _esm=read_asset("widget.js"),
            _css=read_asset("widget.css") + HIDE_PICTURE,
            instance=uuid.uuid4().hex,
        )
        self.on_msg(self._take)

    @property
    def is_heard(self) -> bool:
        """Whether a browser has ever spoken: then there is somebody who sees the widget itself."""
        return self._heard.is_set()

    @property
    def is_open(self) -> bool:
        """Whether it can still speak with a browser."""
        return self.comm is not None

    def rest(self) -> None:
        """Send nothing more until a browser asks."""
        self._dispatcher.rest()

    def get_state(
        self, key: str | Iterable[str] | None = None, drop_defaults: bool = False
    ) -> dict[str, Any]:
        """Return the synchronised state, with the snapshot of this moment.

        Without defaults is how a state is put into a file: there it has no snapshot.
        """
        state: dict[str, Any] = super().get_state(key=key, drop_defaults=drop_defaults)
        if drop_defaults:
            state.pop("snapshot", None)
        elif "snapshot" in state:
            state["snapshot"] = _hold_back(self._dispatcher.snapshot())
        return state

    def close(self) -> None:
        """Let go of the flow and of every view."""
        self._dispatcher.close()
        super().close()

    def _take(self, _: object, content: object, __: object) -> None:
        self._heard.set()
        self._dispatcher.handle(content)

    def _repr_mimebundle_(self, **_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        flow = self._flow()
        bundle = make_bundle(flow) if flow is not None else {}
        view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
        return {**bundle, "text/plain": repr(self), VIEW_MIME: view}, {}

    def __repr__(self) -> str:
        # The same in every run, so that a notebook's text outputs can be compared.
        return f"<FlowEditor {self._name}>"


class _Shelf:
    """The one editor of each flow in this kernel.

    It must be one per kernel, since a second model of a flow would be a second truth; keys are weak, so
    it keeps no flow alive; the lock, because cells and handlers run in several threads.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.editors: weakref.WeakKeyDictionary[Flow, FlowEditor] = weakref.WeakKeyDictionary()


_SHELF = _Shelf()


def open_editor(flow: Flow) -> FlowEditor:
    """Return the editor of a flow, made on first use; another one after it was closed.

    Editors of flows whose place in the session this one took rest until their browser asks.

    Raises:
        DagyError: `dagy.not_built`.
    """
    with _SHELF.lock:
        editor = _SHELF.editors.get(flow)
        if editor is None or not editor.is_open:
            editor = _SHELF.editors[flow] = FlowEditor(flow)
            weakref.finalize(flow, _close, weakref.ref(editor)).atexit = False
        for other, its_editor in _SHELF.editors.items():
            if other is not flow and other.name == flow.name and not _is_current(other):
                its_editor.rest()
    return editor


def find_editor(flow: Flow) -> FlowEditor | None:
    """Return the open editor of a flow, if it has one."""
    with _SHELF.lock:
        editor = _SHELF.editors.get(flow)
    return editor if editor is not None and editor.is_open else None


def _is_current(flow: Flow) -> bool:
    return flow.session.flows.get(flow.name) is flow


def _close(reference: weakref.ref[FlowEditor]) -> None:
    editor = reference()
    if editor is not None:
        editor.close()


def _hold_back(snapshot: dict[str, Any]) -> dict[str, Any]:
    run = snapshot.get("run")
    if not run:
        return snapshot
    nodes = {node: {**status, **_TELLING} for node, status in run["nodes"].items()}
    return {**snapshot, "run": {**run, "error": "", "nodes": nodes}}
