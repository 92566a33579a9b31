"""The machine in, the path of a Chromium out; or the words for a test that has to do without.

`tests/conftest.py` takes `require_chromium` and the fixture `chromium` from here.
"""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ADVICE = (
    "No Chromium: install Debian's package chromium, or run `python -m playwright install chromium`, "
    "or name one in DAGY_CHROMIUM."
)
# Quiet in a closed network, at home in a container, the same on every machine.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
)


@cache
def find_chromium() -> str | None:
    """Return the path of a Chromium: the named one, the system's, or playwright's own."""
    named = os.environ.get("DAGY_CHROMIUM")
    if named:
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    return _find_of_playwright()


def _find_of_playwright() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).is_file() else None


def require_chromium(item: pytest.Item) -> None:
    """Skip a test marked `browser` where there is no Chromium; fail it where one is demanded."""
    if item.get_closest_marker("browser") is None or find_chromium() is not None:
        return
    if os.environ.get("DAGY_REQUIRE_BROWSER") == "1":
        pytest.fail(ADVICE, pytrace=False)
    pytest.skip(ADVICE)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium, for `playwright.chromium.launch(executable_path=…, args=FLAGS)`."""
    path = find_chromium()
    if path is None:
        pytest.skip(ADVICE)
    return path
