"""An IPython shell in, flows that show themselves in it out.

A flow is displayed as two outputs: its editor, and below it its static picture. Where the editor runs,
its style sheet hides the picture; everywhere else (GitHub, PDF, a notebook without its kernel) there is
the picture. They are two, since Jupyter shows the first kind of an output that it knows, even where the
widget's model is gone; and since replacing an output builds its view anew, which would throw away
what the user is just doing in the editor. With `DAGY_STATIC=1`, or without the built front end, there is the
picture alone.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import DagyError

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow
    from dagy_nb.widget.picture import StaticPicture

_KEPT = "_dagy_nb_display"


class FlowDisplay:
    """Shows flows in one IPython shell and keeps their static pictures fresh.

    Args:
        ip: The shell.
    """

    def __init__(self, ip: Any) -> None:
        self._ip = ip
        self._lock = threading.Lock()
        self._pictures: weakref.WeakKeyDictionary[Flow, StaticPicture] = weakref.WeakKeyDictionary()

    def show(self, flow: Flow) -> None:
        """Display a flow at the end of a cell, or where `display` is called."""
        if not flow.session.settings.static:
            self._show_editor(flow)
        self._find_picture(flow).show()

    def refresh(self, *_: object) -> None:
        """Replace the pictures that no longer show what is there; called after each cell."""
        with self._lock:
            pictures = list(self._pictures.values())
        for picture in pictures:
            picture.refresh()

    def _show_editor(self, flow: Flow) -> None:
        # Late, here and below: whoever imports us in a kernel may never show a flow.
        from dagy_nb.widget.editor import VIEW_MIME, open_editor

        try:
            editor = open_editor(flow)
        except DagyError as error:
            self._publish({"text/plain": f"{flow!r}\n{error}"})
            return
        view = {"version_major": 2, "version_minor": 0, "model_id": editor.model_id}
        self._publish({"text/plain": repr(flow), VIEW_MIME: view})

    def _find_picture(self, flow: Flow) -> StaticPicture:
        from dagy_nb.widget.picture import StaticPicture

        with self._lock:
            picture = self._pictures.get(flow)
            if picture is None:
                picture = StaticPicture(flow, self._publish, is_live=_ask_editor(flow))
                self._pictures[flow] = picture
                weakref.finalize(flow, picture.close).atexit = False
        return picture

    def _publish(self, data: dict[str, Any], display_id: str = "", update: bool = False) -> None:
        transient = {"display_id": display_id} if display_id else {}
        self._ip.display_pub.publish(data=data, metadata={}, transient=transient, update=update)


def _ask_editor(flow: Flow) -> Callable[[], bool]:
    """Return what tells whether a browser has the flow's editor."""
    if flow.session.settings.static:
        return lambda: False
    from dagy_nb.widget.editor import find_editor

    reference = weakref.ref(flow)

    def is_live() -> bool:
        shown = reference()
        editor = find_editor(shown) if shown is not None else None
        return editor is not None and editor.is_heard

    return is_live


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
