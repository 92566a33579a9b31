"""A kernel's name in, its started process out, and its certain end: no process of it is left."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager

SHUTDOWN_WAIT = 2.0


class _ThisPython(KernelSpecManager):
    """Knows one kernel: the Python of this process."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        """Return it, whatever the name."""
        from ipykernel.kernelspec import RESOURCES, get_kernel_dict

        return KernelSpec(resource_dir=RESOURCES, **get_kernel_dict())


class PrivateKernel:
    """A kernel that talks over sockets in a private folder, where no other run can collide with it.

    Args:
        name: The kernel's name.
        env: The whole environment of its process.
        cwd: Its working directory; None for ours.
        this_python: Run this process's Python, whatever is installed under the name.
    """

    def __init__(
        self, name: str, *, env: Mapping[str, str], cwd: Path | None, this_python: bool = False
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dagy-", dir=_short_folder()))
        self.manager = AsyncKernelManager(kernel_name=name)
        if this_python:
            self.manager.kernel_spec_manager = _ThisPython()
        self.manager.shutdown_wait_time = SHUTDOWN_WAIT
        if sys.platform != "win32":
            self.manager.transport = "ipc"
            self.manager.connection_file = str(self.folder / "k.json")
        self.options: dict[str, Any] = {"env": dict(env), "cwd": str(cwd) if cwd else None}
        self._process: psutil.Process | None = None
        self._group: int | None = None

    def note_process(self) -> None:
        """Remember the process that was started."""
        provisioner: Any = self.manager.provisioner
        group = getattr(provisioner, "pgid", None)
        # A provisioner of somebody else may start it in our own group, which must live on.
        own = os.getpgrp() if hasattr(os, "getpgrp") else None
        self._group = None if group == own else group
        with suppress(psutil.Error):
            self._process = psutil.Process(provisioner.pid)

    @property
    def exit_code(self) -> int | None:
        """How the process ended, where that is known."""
        process: Any = getattr(self.manager.provisioner, "process", None)
        code = None if process is None else process.poll()
        return code if isinstance(code, int) else None

    @property
    def is_dead(self) -> bool:
        """Whether the process has ended."""
        return self.exit_code is not None

    def kill(self, family: list[psutil.Process] | None = None) -> None:
        """End the process, its group and everything it started, at once.

        Args:
            family: What `list_family` said while the process was there; looked up by default.
        """
        family = self.list_family() if family is None else family
        if self._group is not None and hasattr(os, "killpg"):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._group, signal.SIGKILL)
        for each in family:
            with suppress(psutil.Error):
                each.kill()

    def list_family(self) -> list[psutil.Process]:
        """Return the process and everything it started that still runs."""
        if self._process is None:
            return []
        try:
            return [self._process, *self._process.children(recursive=True)]
        except psutil.Error:
            return []

    def remove_folder(self) -> None:
        """Remove the private folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _short_folder() -> str | None:
    """Return a folder whose name leaves room: a socket's path has 107 bytes at most."""
    return "/tmp" if len(tempfile.gettempdir()) > 40 and Path("/tmp").is_dir() else None  # noqa: S108
