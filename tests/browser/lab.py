"""A folder of notebooks in, a real JupyterLab in a real Chromium out."""

from __future__ import annotations

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, ViewportSize, expect

OPTIONS = (
    "--no-browser",
    "--ip=127.0.0.1",
    "--port-retries=0",
    "--allow-root",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
)
VIEWPORT = ViewportSize(width=1400, height=1000)
FIND = """
const find = (path) => [...window.jupyterapp.shell.widgets('main')]
  .find((widget) => widget.context && widget.context.path === path);
"""


def poll(ask: Callable[[], Any], *, seconds: float = 30, what: str = "") -> Any:
    """Ask until the answer is true, and return it."""
    ends = time.monotonic() + seconds
    pause = threading.Event()
    while time.monotonic() < ends:
        answer = ask()
        if answer:
            return answer
        pause.wait(0.05)
    raise AssertionError(f"not within {seconds} s: {what or ask}")


class LabServer:
    """A JupyterLab server of its own, with all its settings under `folder`.

    Args:
        root: The folder of notebooks.
        folder: Where configuration, data and log go.
    """

    def __init__(self, root: Path, folder: Path) -> None:
        self.root = root
        self.folder = folder
        self.token = secrets.token_hex(8)
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        number = _free_number()
        self.url = f"http://127.0.0.1:{number}"
        self._write_settings()
        with (self.folder / "lab.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "jupyterlab",
                    *OPTIONS,
                    f"--port={number}",
                    f"--IdentityProvider.token={self.token}",
                    f"--ServerApp.root_dir={self.root}",
                ],
                env=self._environment(),
                cwd=self.root,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        poll(self._answers, seconds=60, what="JupyterLab answers")

    def stop(self) -> None:
        """End the server and its kernels."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGINT)
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(5)

    def request(self, path: str, method: str = "GET") -> Any:
        """Ask the server's own API, as a client with the token does."""
        asked = urllib.request.Request(
            f"{self.url}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def close_kernels(self) -> None:
        """End all kernels."""
        for session in self.request("sessions"):
            self.request(f"sessions/{session['id']}", "DELETE")

    def _answers(self) -> bool:
        assert self._process is not None
        if self._process.poll() is not None:
            raise AssertionError((self.folder / "lab.log").read_text())
        try:
            return bool(self.request("status"))
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        names = {
            "JUPYTER_CONFIG_DIR": "config",
            "JUPYTER_DATA_DIR": "data",
            "JUPYTER_RUNTIME_DIR": "runtime",
            "IPYTHONDIR": "ipython",
            "JUPYTERLAB_SETTINGS_DIR": "settings",
            "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
            "DAGY_HOME": "dagy",
        }
        places = {name: str(self.folder / part) for name, part in names.items()}
        return {**os.environ, **places, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}

    def _write_settings(self) -> None:
        place = self.folder / "settings" / "@jupyterlab" / "apputils-extension"
        place.mkdir(parents=True)
        (place / "notification.jupyterlab-settings").write_text(
            json.dumps({"fetchNews": "false", "checkForUpdates": False})
        )


class LabNotebook:
    """One notebook open in JupyterLab.

    Args:
        page: The browser's page.
        server: Where JupyterLab runs.
        path: The notebook, relative to the server's root.
    """

    def __init__(self, page: Page, server: LabServer, path: str) -> None:
        self.page = page
        self.server = server
        self.path = path

    def open(self) -> LabNotebook:
        """Open the notebook in a workspace of its own, and wait for its kernel."""
        space = secrets.token_hex(4)
        self.page.goto(
            f"{self.server.url}/lab/workspaces/{space}/tree/{self.path}?token={self.server.token}"
        )
        self._wait_for_kernel()
        return self

    def open_beside(self, path: str) -> LabNotebook:
        """Open another notebook in the same page, beside this one."""
        self.page.evaluate(
            "(path) => { void window.jupyterapp.commands.execute("
            "'docmanager:open', {path, options: {mode: 'split-right'}}) }",
            path,
        )
        other = LabNotebook(self.page, self.server, path)
        other._wait_for_kernel()
        return other

    def reload(self) -> None:
        """Reload the page, as F5 does."""
        self.page.reload()
        self._wait_for_kernel()

    def restart(self) -> None:
        """Restart the kernel, as the button does once it was confirmed."""
        self._ask("void w.sessionContext.session.kernel.restart()")

    def set_source(self, index: int, text: str) -> None:
        """Put another text into a cell."""
        self._ask("w.content.widgets[arg.index].model.sharedModel.setSource(arg.text)", index, text)

    def start_cell(self, index: int) -> None:
        """Run a cell and return at once."""
        self._ask(
            "window.jupyterapp.shell.activateById(w.id); w.content.activeCellIndex = arg.index;"
            " void window.jupyterapp.commands.execute('notebook:run-cell')",
            index,
        )

    def run_cell(self, index: int, seconds: float = 60) -> list[dict[str, Any]]:
        """Run a cell, wait for its end and return its outputs."""
        self._ask("w.content.widgets[arg.index].model.executionCount = null", index)
        self.start_cell(index)
        poll(
            lambda: not self.is_busy(index) and self.execution_count(index) is not None,
            seconds=seconds,
            what=f"cell {index} of {self.path} ends",
        )
        return self.outputs(index)

    def is_busy(self, index: int) -> bool:
        """Whether a cell runs or waits for its turn."""
        prompt = self._ask(
            "return w.content.widgets[arg.index].inputArea.promptNode.textContent", index
        )
        return "*" in str(prompt)

    def execution_count(self, index: int) -> int | None:
        """The number of a cell's last execution."""
        count = self._ask("return w.content.widgets[arg.index].model.executionCount", index)
        return None if count is None else int(count)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """A cell's outputs, as they will be saved."""
        found = self._ask("return w.content.widgets[arg.index].model.outputs.toJSON()", index)
        return list(found)

    def text(self, index: int) -> str:
        """All text that a cell put out."""
        parts = []
        for output in self.outputs(index):
            content = output.get("text") or output.get("data", {}).get("text/plain", "")
            content = content or "\n".join(output.get("traceback", ()))
            parts.append(content if isinstance(content, str) else "".join(content))
        return "\n".join(parts)

    def cell(self, index: int) -> Locator:
        """A cell's element, scrolled into view."""
        self._ask("void w.content.scrollToItem(arg.index, 'start')", index)
        panel = self._ask("return w.id")
        found = self.page.locator(f"[id='{panel}'] .jp-Cell[data-windowed-list-index='{index}']")
        expect(found).to_be_visible()
        return found

    def save(self) -> dict[str, Any]:
        """Save the notebook and return what stands in the file."""
        self._ask("return w.context.save()")
        saved = json.loads((self.server.root / self.path).read_text())
        return dict(saved)

    def set_theme(self, name: str) -> None:
        """Take `JupyterLab Light` or `JupyterLab Dark`."""
        self.page.evaluate(
            "(theme) => { void window.jupyterapp.commands.execute('apputils:change-theme', {theme}) }",
            name,
        )
        light = "true" if "Light" in name else "false"
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)

    def _wait_for_kernel(self) -> None:
        self.page.wait_for_function(
            "(path) => {" + FIND + " if (!window.jupyterapp) return false;"
            " const w = find(path); if (!w || !w.context.isReady || !w.content.widgets.length)"
            " return false;"
            " const session = w.sessionContext.session;"
            " return w.sessionContext.isReady && session && session.kernel"
            " && session.kernel.connectionStatus === 'connected'; }",
            arg=self.path,
            timeout=60_000,
        )
        self._ask("return w.sessionContext.session.kernel.info.then(() => true)")

    def _ask(self, body: str, index: int = -1, text: str = "") -> Any:
        return self.page.evaluate(
            "(arg) => {" + FIND + " const w = find(arg.path); " + body + "}",
            {"path": self.path, "index": index, "text": text},
        )


def write_notebook(path: Path, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    content = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}
        },
        "cells": [
            {
                "cell_type": "code",
                "id": f"c{index}",
                "metadata": {},
                "execution_count": None,
                "outputs": [],
                "source": source,
            }
            for index, source in enumerate(cells)
        ],
    }
    path.write_text(json.dumps(content))


def _free_number() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
