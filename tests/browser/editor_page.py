"""A bare page in, an editor to drive by mouse and keys out: the shipped bundle, a kernel played by the page."""

from __future__ import annotations

import mimetypes
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route

from dagy_nb.model.flow import Position
from tests.browser.example import draw_snapshot, make_flow

ROOT = Path(__file__).parents[2]
PLACE = "http://editor.test/"
# Ten frames without a change of the view.
STILL = """view => new Promise(resolve => {
  let last = '', still = 0;
  const look = () => {
    still = view.style.transform === last ? still + 1 : 0;
    last = view.style.transform;
    if (still < 10) requestAnimationFrame(look);
    else resolve(last);
  };
  look();
})"""


def build_harness(folder: Path) -> None:
    """Put the page, the shipped bundle and the played kernel into `folder`."""
    node = shutil.which("node")
    missing = [
        name
        for name, there in {
            "node": node is not None,
            "labextension/node_modules": (ROOT / "labextension" / "node_modules").is_dir(),
            "dagy_nb/static/widget.js": (ROOT / "dagy_nb" / "static" / "widget.js").is_file(),
        }.items()
        if not there
    ]
    if missing or node is None:
        pytest.fail(
            f"Missing {', '.join(missing)}: run `python -m pip install -e .` first.", pytrace=False
        )
    subprocess.run([node, "labextension/ui-tests/build.mjs", str(folder)], cwd=ROOT, check=True)


def open_harness(page: Page, folder: Path) -> None:
    """Show the page; its files come from `folder`, nothing from a network."""

    def serve(route: Route) -> None:
        path = folder / (urlsplit(route.request.url).path.lstrip("/") or "index.html")
        if path.is_file():
            kind = mimetypes.guess_type(path.name)[0] or "text/plain"
            route.fulfill(body=path.read_bytes(), content_type=kind)
        else:
            route.fulfill(status=404)

    page.route("**/*", serve)
    page.goto(PLACE)
    page.wait_for_function("window.dagy !== undefined")


class EditorPage:
    """One editor on the page.

    Args:
        page: The page of `open_harness`.
        name: Id of the element it is in: `first` or `second`.
    """

    def __init__(self, page: Page, name: str = "first") -> None:
        self.page = page
        self.name = name
        self.root = page.locator(f"#{name} .dagy-editor")

    def mount(self, snapshot: Mapping[str, Any]) -> EditorPage:
        """Draw the snapshot and wait until its kernel has answered."""
        self.page.evaluate(
            "([name, snapshot]) => window.dagy.mount(name, snapshot)", [self.name, snapshot]
        )
        self.root.locator(".react-flow__node, .dagy-empty").first.wait_for()
        self.page.wait_for_function(f"window.dagy.model('{self.name}').kernel.heard.length > 0")
        self.settle()
        return self

    def settle(self) -> None:
        """Wait until the view stands still: it is fitted after the first drawing."""
        self.root.locator(".react-flow__viewport").evaluate(STILL)

    def kernel(self, call: str, *values: Any) -> Any:
        """Call the played kernel, as in `kernel("tell", "RUNNING", {...})`."""
        return self.page.evaluate(
            f"values => window.dagy.model('{self.name}').kernel.{call}(...values)", list(values)
        )

    def heard(self, kind: str) -> list[dict[str, Any]]:
        """What the kernel heard of this kind."""
        heard = self.page.evaluate(f"window.dagy.model('{self.name}').kernel.heard")
        return [each for each in heard if each["kind"] == kind]

    def wait_heard(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the kernel has heard that many of this kind."""
        self.page.wait_for_function(
            "([name, kind, count]) =>"
            " window.dagy.model(name).kernel.heard.filter(each => each.kind === kind).length >= count",
            arg=[self.name, kind, count],
        )
        return self.heard(kind)

    def edges(self) -> set[str]:
        """The ids of the edges drawn."""
        return {
            each.get_attribute("data-id") or ""
            for each in self.root.locator(".react-flow__edge").all()
        }

    def card(self, node: str) -> Locator:
        """A node's card."""
        return self.root.locator(f'.react-flow__node[data-id="{node}"]')

    def cards(self) -> set[str]:
        """The ids of the nodes drawn."""
        return {
            each.get_attribute("data-id") or ""
            for each in self.root.locator(".react-flow__node").all()
        }

    def connector(self, end: str) -> Locator:
        """A connector, by `node.>output` or `node.<input`."""
        node, name = end.split(".")
        direction = {">": "output", "<": "input"}[name[0]]
        return self.root.locator(f'[data-nodeid="{node}"][data-handleid="{direction}.{name[1:]}"]')

    def hold(self, end: str, target: Locator) -> None:
        """Drag from a connector to the middle of something, and keep the button down."""
        self.settle()
        x, y = self.middle(self.connector(end))
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + 8, y + 6, steps=3)
        self.page.mouse.move(*self.middle(target), steps=6)

    def drag(self, end: str, target: Locator) -> None:
        """Drag from a connector to the middle of something, and let go."""
        self.hold(end, target)
        self.page.mouse.up()

    @property
    def bubble(self) -> Locator:
        """The words beside the pointer."""
        return self.root.locator(".dagy-bubble")

    @property
    def toast(self) -> Locator:
        """What was refused."""
        return self.root.locator(".dagy-toast")

    @staticmethod
    def middle(target: Locator) -> tuple[float, float]:
        """The middle of something on the page."""
        box = target.bounding_box()
        assert box is not None, "it is not on the page"
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.fixture(scope="session")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the page."""
    folder = tmp_path_factory.mktemp("harness")
    build_harness(folder)
    return folder


@pytest.fixture
def bare(page: Page, harness: Path) -> Iterator[Page]:
    """The page, without an editor yet; an error in it fails the test."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    open_harness(page, harness)
    yield page
    assert errors == []


PLACES = {
    "flights": Position(x=0, y=0),
    "clean": Position(x=330, y=0),
    "report": Position(x=660, y=0),
    "model": Position(x=660, y=220),
}
OPEN = make_flow(
    {
        "flights": "LoadFlights",
        "clean": "CleanFlights",
        "report": "DelayByCarrier",
        "model": "LeastSquares",
    },
    ("flights.table -> clean.flights",),
)


@pytest.fixture
def editor(bare: Page) -> EditorPage:
    """An editor with four nodes and one edge."""
    return EditorPage(bare).mount(draw_snapshot(OPEN, positions=PLACES))
