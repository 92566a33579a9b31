"""A checkout in, a built front end out: the hook that hatchling calls before it packs.

An sdist carries the built files, so installing from it, or from a wheel, needs no Node.js.
`DAGY_SKIP_JS=1` leaves the front end as it is, for work on Python alone.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

TARGETS = ("dagy_nb/static/widget.js", "dagy_nb/static/widget.css")
OLDEST_NODE = (20, 19)
ADVICE = (
    "Install Node.js 20.19 or newer (npm comes with it) and repeat, install a released wheel, "
    "or set DAGY_SKIP_JS=1 to leave the editor out."
)


class FrontEndError(RuntimeError):
    """The front end cannot be built; the message says what to do."""


class FrontEndHook(BuildHookInterface[Any]):
    """Builds the widget's bundle once per build, from the exact packages of the lock file."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the front end unless it is asked not to be, or is already in an unpacked sdist."""
        root = Path(self.root)
        if os.environ.get("DAGY_SKIP_JS") == "1":
            self._warn_if_missing(root)
        elif not is_unpacked_sdist(root):
            build_front_end(root, production=version != "editable")

    def _warn_if_missing(self, root: Path) -> None:
        missing = find_missing(root)
        if missing:
            self.app.display_warning(f"DAGY_SKIP_JS=1: packed without {', '.join(missing)}")


def find_missing(root: Path) -> list[str]:
    """Return the built files that are not there."""
    return [target for target in TARGETS if not (root / target).is_file()]


def is_unpacked_sdist(root: Path) -> bool:
    """Say whether `root` is an sdist, which has everything built already."""
    return (root / "PKG-INFO").is_file() and not find_missing(root)


def build_front_end(root: Path, *, production: bool) -> None:
    """Install the locked packages where they changed, build, and check that the result is there.

    Raises:
        FrontEndError: Node.js is missing or old, a command failed, or a built file is missing.
    """
    folder = root / "labextension"
    npm = find_npm()
    install_packages(npm, folder)
    run([npm, "run", "build:prod" if production else "build"], folder)
    missing = find_missing(root)
    if missing:
        msg = f"The front end was built, but {', '.join(missing)} did not come of it."
        raise FrontEndError(msg)


def find_npm() -> str:
    """Return the path of npm, once a new enough Node.js stands beside it.

    Raises:
        FrontEndError: There is none, or it is too old.
    """
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        msg = f"Building dagy_nb from a checkout needs Node.js. {ADVICE}"
        raise FrontEndError(msg)
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=True)
    found = answer.stdout.strip()
    if read_node_version(found) < OLDEST_NODE:
        msg = f"Building dagy_nb needs Node.js 20.19 or newer, and {node} is {found}. {ADVICE}"
        raise FrontEndError(msg)
    return npm


def read_node_version(text: str) -> tuple[int, int]:
    """Return major and minor of what `node --version` prints.

    Example:
        >>> read_node_version("v20.20.2")
        (20, 20)
    """
    major, minor, *_ = text.removeprefix("v").split(".")
    return int(major), int(minor)


def install_packages(npm: str, folder: Path) -> None:
    """Run `npm ci`, unless `node_modules` already holds what the lock file says."""
    digest = hashlib.sha256((folder / "package-lock.json").read_bytes()).hexdigest()
    stamp = folder / "node_modules" / ".dagy-lock"
    if stamp.is_file() and stamp.read_text(encoding="ascii") == digest:
        return
    run([npm, "ci", "--no-audit", "--no-fund"], folder)
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(digest, encoding="ascii")


def run(command: list[str], folder: Path) -> None:
    """Run a command in `folder`, its output where the build's output goes.

    Raises:
        FrontEndError: It ended with another code than 0.
    """
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode != 0:
        shown = " ".join(["npm", *command[1:]])
        msg = f"`{shown}` failed in {folder} with exit code {done.returncode}; its words are above."
        raise FrontEndError(msg)
