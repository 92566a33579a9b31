"""What node cells took from the notebook in, a note where a later cell gives it another meaning out.

A node keeps the functions, classes and constants of the notebook as they were when its own cell ran. Who
mends a helper in another cell would else wonder why the flow gives the old result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from IPython.display import display

from dagy_nb.protocol.tables import Table

if TYPE_CHECKING:
    from dagy_nb.nodes.bundle import CellBundle
    from dagy_nb.nodes.cell import CompiledCell

_KEPT = "_dagy_nb_taken"


class Taken:
    """What the cell of one node took from the notebook.

    Args:
        bundle: The cell's.
        namespace: The notebook's, as it was then.
    """

    def __init__(self, bundle: CellBundle, namespace: Mapping[str, Any]) -> None:
        self._bundle = bundle
        self._values = {
            name: namespace[name] for name in set(_list_taken(bundle)) if name in namespace
        }

    def find_changed(self, namespace: Mapping[str, Any]) -> list[str]:
        """Return the names that the cell uses and that stand for something else now, once for each change."""
        now = {name: namespace.get(name) for name in self._values}
        if all(now[name] is value for name, value in self._values.items()):
            return []
        self._values = now
        return _compare(self._bundle, namespace)


def watch_taken(shell: Any) -> Callable[[Any], None]:
    """Tell after each cell which nodes go on with what it has changed; return the callback."""

    def tell(_: Any) -> None:
        lines = [
            f"Node {node} goes on with {' and '.join(f'`{each}`' for each in changed)} as it was: "
            "run its cell again to take the new one."
            for node, taken in _taken_in(shell).items()
            if (changed := taken.find_changed(shell.user_ns))
        ]
        if lines:
            display(Table(columns=(), note="\n".join(lines)))

    shell.events.register("post_run_cell", tell)
    return tell


def remember_taken(shell: Any, compiled: CompiledCell) -> None:
    """Note what a cell that has just defined a node took from the notebook."""
    bundle = compiled.module.__name__.bundle  # type: ignore[attr-defined]
    _taken_in(shell)[compiled.node.spec.type] = Taken(bundle, shell.user_ns)


def _taken_in(shell: Any) -> dict[str, Taken]:
    found: dict[str, Taken] = vars(shell).setdefault(_KEPT, {})
    return found


def _list_taken(bundle: CellBundle) -> Iterator[str]:
    """Yield the names that stand for the notebook's own, those of its functions and classes too."""
    from dagy_nb.nodes.bundle import Constant, DefinedObject

    for name, binding in bundle.bindings:
        if isinstance(binding, Constant | DefinedObject):
            yield name
        if isinstance(binding, DefinedObject):
            yield from _list_taken(binding.bundle)


def _compare(bundle: CellBundle, namespace: Mapping[str, Any]) -> list[str]:
    from dagy_nb.nodes.capture import capture
    from dagy_nb.nodes.fingerprint import fingerprint_binding
    from dagy_nb.nodes.names import find_names
    from dagy_nb.nodes.source import parse_quietly

    before = dict(bundle.bindings)
    now = capture(find_names(parse_quietly(bundle.statements[0].text)), namespace)
    if now.refused:
        return list(dict.fromkeys(each.user or each.name for each in now.refused))
    return [
        name
        for name, binding in now.bindings.items()
        if name in before and fingerprint_binding(binding) != fingerprint_binding(before[name])
    ]
