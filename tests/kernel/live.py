"""A folder in, a real Jupyter kernel in another process out, and what its cells give back."""

from __future__ import annotations

import os
import queue
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 90.0
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(kw_only=True)
class Executed:
    """What one cell gave back."""

    status: str = ""
    ename: str = ""
    evalue: str = ""
    traceback: str = ""
    stdout: str = ""
    stderr: str = ""
    displays: list[dict[str, Any]] = field(default_factory=list)
    updates: list[dict[str, Any]] = field(default_factory=list)
    latest: dict[str, dict[str, Any]] = field(default_factory=dict)
    result: str = ""
    paged: str = ""

    @property
    def shown(self) -> str:
        """The text of all displays, as they stand at the end."""
        return "\n".join(each["text/plain"] for each in self.latest.values())


class Kernel:
    """A kernel with one client."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.manager = KernelManager(kernel_name="python3", transport="ipc", ip=str(folder / "s"))
        kept = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("DAGY_", "PYTEST"))
        }
        paths = os.pathsep.join([str(ROOT), kept.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        self.manager.start_kernel(
            cwd=str(folder),
            env={
                **kept,
                "PYTHONPATH": paths,
                "DAGY_HOME": str(folder / ".dagy"),
                "IPYTHONDIR": str(folder / ".ipython"),
                **environment,
            },
        )
        self.client = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def send(self, code: str, *, cell_id: str = "") -> str:
        """Ask for a cell's execution and return at once."""
        if not cell_id:
            return self.client.execute(code, stop_on_error=False)
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code,
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": False,
            },
        )
        message["metadata"]["cellId"] = cell_id
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def collect(self, asked: str, *, until: Callable[[Executed], bool] | None = None) -> Executed:
        """Read what a cell gives, up to its end, or up to what the caller waits for."""
        got = Executed()
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != asked:
                continue
            if _take(message, got):
                return self._reply(asked, got)
            if until is not None and until(got):
                return got
        raise AssertionError(f"the cell did not end: {got}")

    def run(self, code: str, **options: str) -> Executed:
        """Run a cell to its end."""
        return self.collect(self.send(code, **options))

    def complete(self, code: str) -> list[str]:
        """Return what the kernel offers at the end of the code."""
        reply = self.client.complete(code, len(code), reply=True, timeout=PATIENCE)
        return reply["content"]["matches"]

    def interrupt(self) -> None:
        """Do what the stop button does."""
        self.manager.interrupt_kernel()

    def close(self) -> None:
        """End the kernel."""
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)

    def _reply(self, asked: str, got: Executed) -> Executed:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            reply = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"].get("msg_id") == asked:
                content = reply["content"]
                got.status = content["status"]
                got.ename, got.evalue = content.get("ename", ""), content.get("evalue", "")
                pages = [each["data"]["text/plain"] for each in content.get("payload", ())]
                got.paged = COLOURS.sub("", "\n".join(pages))
                return got
        raise AssertionError("no reply")


def _take(message: dict[str, Any], got: Executed) -> bool:
    """Add a message to what was got; return whether it is the last one."""
    content = message["content"]
    match message["msg_type"]:
        case "stream":
            stream = content["name"]
            setattr(got, stream, getattr(got, stream) + content["text"])
        case "display_data":
            got.displays.append(content["data"])
            place = content["transient"].get("display_id", f"display {len(got.displays)}")
            got.latest[place] = content["data"]
        case "update_display_data":
            got.updates.append(content["data"])
            if content["transient"]["display_id"] in got.latest:
                got.latest[content["transient"]["display_id"]] = content["data"]
        case "execute_result":
            got.result = content["data"]["text/plain"]
        case "error":
            got.traceback = COLOURS.sub("", "\n".join(content["traceback"]))
        case "status":
            return content["execution_state"] == "idle"
    return False
