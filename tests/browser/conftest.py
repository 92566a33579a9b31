"""A Chromium, a JupyterLab, a page."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.editor_page import bare, editor, harness
from tests.browser.lab import VIEWPORT, LabServer
from tests.chromium import FLAGS

__all__ = ["bare", "editor", "harness"]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    """A headless Chromium.

    Not for the whole session: playwright keeps an event loop running in this thread meanwhile, and
    other tests need it free.
    """
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab server over an empty folder."""
    folder = tmp_path_factory.mktemp("lab")
    root = folder / "notebooks"
    root.mkdir()
    server = LabServer(root, folder)
    server.start()
    yield server
    server.stop()


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note which tests failed, for what ends after them."""
    report = yield
    item.stash[FAILED] = report.failed
    return report


@pytest.fixture
def page(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A new page; after a failure `page.png` in the test's folder shows it."""
    context = browser.new_context(viewport=VIEWPORT)
    made = context.new_page()
    yield made
    if request.node.stash[FAILED]:
        made.screenshot(path=tmp_path / "page.png")
    context.close()
