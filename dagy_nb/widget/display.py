"""An IPython shell in, flows that show themselves in it out.

A flow is displayed as its editor beside its static picture, in one output: who can run the widget
shows it, all others (GitHub, PDF, a notebook without kernel) the picture. With `DAGY_STATIC=1`, without
a kernel or without the built front end there is the picture alone.

After a cell in which a run ended the picture is replaced by one with its states, so a saved notebook
carries them. Not so while a browser shows the widget: to replace an output makes Jupyter build the
view anew, which would throw away what the user is just doing there.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow
    from dagy_nb.widget.editor import FlowEditor

_KEPT = "_dagy_nb_display"


@dataclass(slots=True)
class _Shown:
    """What stands in the notebook for one flow."""

    display_id: str
    run_id: str = ""


class FlowDisplay:
    """Shows flows in one IPython shell and keeps their static pictures fresh.

    Args:
        ip: The shell.
    """

    def __init__(self, ip: Any) -> None:
        self._ip = ip
        self._lock = threading.Lock()
        self._shown: weakref.WeakKeyDictionary[Flow, _Shown] = weakref.WeakKeyDictionary()

    def show(self, flow: Flow) -> None:
        """Display a flow at the end of a cell, or where `display` is called."""
        with self._lock:
            shown = self._shown.setdefault(flow, _Shown(f"dagy-{uuid.uuid4().hex}"))
            shown.run_id = _name_ended_run(flow)
        self._publish(flow, shown.display_id, update=False)

    def refresh(self, *_: object) -> None:
        """Replace the pictures of flows with a run that has ended since; after each cell."""
        with self._lock:
            due = [
                (flow, shown.display_id)
                for flow, shown in self._shown.items()
                if self._take_ended_run(flow, shown)
            ]
        for flow, display_id in due:
            self._publish(flow, display_id, update=True)

    def _take_ended_run(self, flow: Flow, shown: _Shown) -> bool:
        ended = _name_ended_run(flow)
        if not ended or ended == shown.run_id:
            return False
        shown.run_id = ended
        from dagy_nb.widget.editor import find_editor

        editor = find_editor(flow)
        return editor is None or not editor.is_heard

    def _publish(self, flow: Flow, display_id: str, *, update: bool) -> None:
        from dagy_nb.widget.bundle import make_bundle

        bundle = make_bundle(flow)
        static = flow.session.settings.static
        editor = None if static else _open_or_tell(flow, bundle)
        if editor is not None:
            from dagy_nb.widget.editor import VIEW_MIME

            view = {"version_major": 2, "version_minor": 0, "model_id": editor.model_id}
            bundle[VIEW_MIME] = view
        self._ip.display_pub.publish(
            data=bundle, metadata={}, transient={"display_id": display_id}, update=update
        )


def install_display(ip: Any) -> None:
    """Let flows show themselves in a shell; twice is as good as once.

    A shell without a kernel is a terminal: there a flow's `repr` is all that can be shown.
    """
    kernel = getattr(ip, "kernel", None)
    if kernel is None or hasattr(ip, _KEPT):
        return
    display = FlowDisplay(ip)
    # By name: to load a flow's room before there is a flow would cost every import.
    formatter = ip.display_formatter.ipython_display_formatter
    formatter.for_type_by_name("dagy_nb.session.flow", "Flow", display.show)
    ip.events.register("post_run_cell", display.refresh)
    setattr(ip, _KEPT, display)
    from dagy_nb.widget.control import register_control

    register_control(kernel)


def _open_or_tell(flow: Flow, bundle: dict[str, Any]) -> FlowEditor | None:
    """Return the editor; without the built front end say so in the text, and let the picture do."""
    from dagy_nb.errors import DagyError
    from dagy_nb.widget.editor import open_editor

    try:
        return open_editor(flow)
    except DagyError as error:
        bundle["text/plain"] = f"{flow!r}\n{error}"
        return None


def _name_ended_run(flow: Flow) -> str:
    handle = flow.last_run
    return handle.run_id if handle is not None and handle.done else ""
