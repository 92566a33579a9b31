"""One editor on a page, driven as a user does: by mouse and keys, found by what it says."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

# Places of all cards, and the same twenty frames later, so that an animation shows.
_PLACES = """element => new Promise(resolve => {
  const places = () => [...element.querySelectorAll('.react-flow__node')]
    .map(card => card.getBoundingClientRect()).map(box => [box.x, box.y, box.width]);
  const wait = left => left ? requestAnimationFrame(() => wait(left - 1)) : resolve(places());
  wait(20);
})"""


class Editor:
    """An editor.

    Args:
        page: The browser's page.
        around: An element that holds exactly this editor.
    """

    def __init__(self, page: Page, around: Locator) -> None:
        self.page = page
        self.root = around.get_by_label("Flow editor,")

    def wait(self) -> Editor:
        """Wait until the editor is there; a loaded machine takes its time to load a page."""
        expect(self.root.get_by_role("toolbar")).to_be_visible(timeout=30_000)
        return self

    def card(self, node_id: str) -> Locator:
        """A node's card."""
        return self.root.locator(f".react-flow__node[data-id='{node_id}']")

    def cards(self) -> Locator:
        """All cards."""
        return self.root.locator(".react-flow__node")

    def edges(self) -> Locator:
        """All edges."""
        return self.root.locator(".react-flow__edge")

    def edge(self, text: str) -> Locator:
        """An edge by its text, `a.x -> b.y`."""
        return self.root.locator(f".react-flow__edge[data-id='{text}']")

    def handle(self, node_id: str, direction: str, name: str) -> Locator:
        """A connector's handle."""
        return self.root.locator(
            f".react-flow__handle[data-nodeid='{node_id}'][data-handleid='{direction}.{name}']"
        )

    def bubble(self) -> Locator:
        """The words beside the pointer while an edge is made."""
        return self.root.locator(".dagy-bubble")

    def toast(self) -> Locator:
        """What was refused, and why."""
        return self.root.locator(".dagy-toast")

    def run_chip(self) -> Locator:
        """The state of the run shown."""
        return self.root.locator(".dagy-run-chip")

    def add_from_palette(self, node_type: str) -> None:
        """Find a type in the palette and click it."""
        self.root.get_by_label("Search nodes").fill(node_type)
        self.root.locator(f".dagy-entry[data-type='{node_type}']").click()

    def fit(self) -> None:
        """Show the whole flow."""
        self.root.get_by_role("button", name="Fit", exact=False).first.click()

    def press(self, name: str) -> None:
        """Click a button of the toolbar."""
        self.root.get_by_role("toolbar").get_by_role("button", name=name, exact=False).first.click()

    def settle(self) -> None:
        """Wait until nothing moves any more."""
        before: list[object] = []
        while True:
            now = self.root.evaluate(_PLACES)
            if now == before:
                return
            before = now

    def drag_to(self, start: Locator, end: Locator) -> None:
        """Take `start` and lead it over `end`, without letting go."""
        self.settle()
        x, y = _middle(start)
        to_x, to_y = _middle(end)
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move((x + to_x) / 2, (y + to_y) / 2, steps=8)
        self.page.mouse.move(to_x, to_y, steps=8)

    def drop(self) -> None:
        """Let go."""
        self.page.mouse.up()


def _middle(element: Locator) -> tuple[float, float]:
    dot = element.locator(".dagy-dot")
    box = (dot if dot.count() else element).first.bounding_box()
    assert box is not None, "the element has no box: it is not shown"
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
