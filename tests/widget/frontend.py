"""A kernel in, a front end out that speaks comms with it as JupyterLab does."""

from __future__ import annotations

import queue
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.kernel.live import PATIENCE, Kernel

WIDGET = "jupyter.widget"
VIEW_MIME = "application/vnd.jupyter.widget-view+json"


class FrontEnd:
    """Keeps every message of the kernel, and finds in them what a test looks for."""

    def __init__(self, kernel: Kernel) -> None:
        self.client = kernel.client
        self.messages: list[dict[str, Any]] = []

    def run(self, code: str) -> list[dict[str, Any]]:
        """Run a cell to its end and return what came meanwhile; the cell must not fail."""
        began = len(self.messages)
        asked = self.begin(code)
        self.wait(lambda: self.is_idle(asked))
        came = self.messages[began:]
        errors = [m["content"]["traceback"] for m in came if m["msg_type"] == "error"]
        assert not errors, "\n".join(errors[0])
        return came

    def begin(self, code: str) -> str:
        """Ask for a cell's execution and return at once."""
        return self.client.execute(code)

    def is_idle(self, asked: str) -> bool:
        """Whether a cell has ended."""
        return any(
            m["msg_type"] == "status"
            and m["parent_header"].get("msg_id") == asked
            and m["content"]["execution_state"] == "idle"
            for m in self.messages
        )

    def wait(self, condition: Callable[[], object], patience: float = PATIENCE) -> None:
        """Read messages until a condition holds."""
        ends = time.monotonic() + patience
        while not condition():
            assert time.monotonic() < ends, [m["msg_type"] for m in self.messages[-20:]]
            try:
                self.messages.append(self.client.get_iopub_msg(timeout=0.2))
            except queue.Empty:
                continue

    def add_subshell(self) -> str:
        """Make a subshell, where JupyterLab puts its comm messages; skip where there are none."""
        info = self.client.kernel_info(reply=True, timeout=PATIENCE)["content"]
        if "kernel subshells" not in info.get("supported_features", ()):
            pytest.skip("This ipykernel has no subshells, so nothing gets through a busy cell.")
        message = self.client.session.msg("create_subshell_request", {})
        self.client.control_channel.send(message)
        reply = self.client.control_channel.get_msg(timeout=PATIENCE)
        return reply["content"]["subshell_id"]

    def open_comm(self, target: str, *, subshell: str | None = None) -> str:
        """Open a comm from this side."""
        comm_id = uuid.uuid4().hex
        content = {"comm_id": comm_id, "target_name": target, "data": {}}
        self._send("comm_open", content, subshell)
        return comm_id

    def say(self, comm_id: str, data: object, *, subshell: str | None = None) -> str:
        """Send data on a comm."""
        return self._send("comm_msg", {"comm_id": comm_id, "data": data}, subshell)

    def ask(self, comm_id: str, kind: str, *, subshell: str | None = None, **fields: Any) -> str:
        """Send one of our requests to a widget and return its id."""
        request_id = f"{kind}-{uuid.uuid4().hex[:8]}"
        content = {"kind": kind, "id": request_id, **fields}
        self.say(comm_id, {"method": "custom", "content": content}, subshell=subshell)
        return request_id

    def answer(self, comm_id: str, request_id: str) -> dict[str, Any]:
        """Wait for the answer to a request."""

        def find() -> list[dict[str, Any]]:
            return [
                each
                for each in self.heard(comm_id)
                if request_id in (each.get("reply_to"), each.get("origin"))
            ]

        self.wait(find)
        return find()[0]

    def heard(self, comm_id: str) -> list[dict[str, Any]]:
        """Return our own messages that a widget got."""
        return [data["content"] for data in self.said(comm_id) if data.get("method") == "custom"]

    def said(self, comm_id: str) -> list[dict[str, Any]]:
        """Return the data of all messages on a comm."""
        return [
            m["content"]["data"]
            for m in self.messages
            if m["msg_type"] == "comm_msg" and m["content"]["comm_id"] == comm_id
        ]

    def opened(self, target: str = WIDGET) -> dict[str, dict[str, Any]]:
        """Return comm id → state of the editors that the kernel opened."""
        return {
            m["content"]["comm_id"]: m["content"]["data"]["state"]
            for m in self.messages
            if m["msg_type"] == "comm_open"
            and m["content"]["target_name"] == target
            and "snapshot" in m["content"]["data"]["state"]
        }

    def _send(self, kind: str, content: dict[str, Any], subshell: str | None) -> str:
        message = self.client.session.msg(kind, content, metadata={"version": "1.0.0"})
        if subshell is not None:
            message["header"]["subshell_id"] = subshell
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]


def displays(messages: list[dict[str, Any]], kind: str = "display_data") -> list[dict[str, Any]]:
    """Return the data of what was displayed."""
    return [m["content"]["data"] for m in messages if m["msg_type"] == kind]
