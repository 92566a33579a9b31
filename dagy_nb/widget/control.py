"""A browser's comm in, cancelled runs out, also while a cell keeps the main thread busy.

The browser opens the comm, so the kernel hears it on a subshell (ipykernel 7). There it stays only as
long as the kernel never sends on it from the main thread; so an answer to `ping` comes from another
thread or not at all, and that answer tells the browser that Cancel gets through at any time.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from dagy_nb.errors import UnknownName

TARGET = "dagy.control"
MAX_ID = 100


def register_control(kernel: Any) -> None:
    """Let browsers open the control comm; twice is as good as once."""
    kernel.comm_manager.register_target(TARGET, open_control)


def open_control(comm: Any, _: object) -> None:
    """Listen to a comm that a browser opened."""

    def take(message: dict[str, Any]) -> None:
        answer = handle_control(message.get("content", {}).get("data"))
        if answer and threading.current_thread() is not threading.main_thread():
            comm.send(answer)

    comm.on_msg(take)


def handle_control(data: object) -> dict[str, Any]:
    """Do what a browser asks and return the answer, empty where there is none.

    Args:
        data: `{"cancel": run_id, "node_id": ""}` or `{"ping": anything}`; all else is passed over.
    """
    if not isinstance(data, dict):
        return {}
    if "ping" in data:
        return {"pong": _shorten(data["ping"])}
    run_id, node_id = _shorten(data.get("cancel")), _shorten(data.get("node_id"))
    if run_id:
        _cancel(run_id, node_id)
    return {}


def _cancel(run_id: str, node_id: str) -> None:
    # Late, since every kernel that imports us registers this comm.
    from dagy_nb.session.current import current_session

    with suppress(UnknownName):  # the answer to the widget's own message says so
        current_session().cancel_here(run_id, node_id, by="control")


def _shorten(value: object) -> str:
    return value if isinstance(value, str) and len(value) <= MAX_ID else ""
