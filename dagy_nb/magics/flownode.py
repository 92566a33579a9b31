"""A `%%flownode` cell in, a node type in the registry and new names in the notebook out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.display import display

from dagy_nb.magics.card import NodeCard
from dagy_nb.magics.cell import find_cell
from dagy_nb.magics.changes import tell_node_changes
from dagy_nb.magics.commands import FLOWNODE
from dagy_nb.magics.opened import list_opened
from dagy_nb.magics.outdated import remember_taken
from dagy_nb.magics.tracebacks import show_cleanly
from dagy_nb.model.diagnostic import Severity

if TYPE_CHECKING:
    from dagy_nb.magics.options import Words
    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.model.spec import NodeSpec
    from dagy_nb.nodes.cell import CompiledCell


_RETRY = {"retry_delay": "delay", "retry_on": "on"}


@magics_class
class NodeMagics(Magics):
    """What a user does with single nodes."""

    @cell_magic
    @show_cleanly
    def flownode(self, line: str, cell: str) -> None:
        """Define a node: a class below `FlowNode`, or a typed function.

        ```
        %%flownode [--timeout S] [--runner R] [--retries N] [--retry-delay S[,S…]] [--retry-on KIND]
                   [--memory-mb N]
        def late(flights: pd.DataFrame, minutes: float = 15) -> pd.DataFrame:
            return flights[flights.dep_delay > minutes]
        ```

        Parameters without a default are inputs, those with one are config, the return annotation is
        the output. The cell becomes a module of its own: it may use modules, importable objects,
        small constants and what other node cells define; other data of the notebook is refused by
        name. Running the cell again replaces the node type; flows keep their wires.
        """
        from dagy_nb.nodes.cell import compile_cell

        shell = self.shell
        assert shell is not None
        words = FLOWNODE.read(line)
        source = find_cell(shell, line, cell, gather_options(words))
        compiled = compile_cell(source, shell.user_ns)
        shell.push(dict(compiled.exports))
        remember_taken(shell, compiled)
        display(make_card(compiled))


def gather_options(words: Words) -> dict[str, Any]:
    """Return the class attributes that a line sets; those of `retry` become one."""
    options = dict(words.options)
    retry = {name: options.pop(key) for key, name in _RETRY.items() if key in options}
    return {**options, "retry": retry} if retry else options


def make_card(compiled: CompiledCell) -> NodeCard:
    """Return the card of what a cell has just defined."""
    from dagy_nb.nodes.registry import default_registry

    name = compiled.node.spec.type
    registry = default_registry()
    spec = registry.snapshot().specs[name]
    before = registry.previous(name)
    return NodeCard(
        spec=spec,
        notices=tuple(map(_tell_notice, compiled.notices)),
        changes=tuple(tell_node_changes(before[-1], spec)) if before else (),
        coded=compiled.node.traits.retry.code,
        broken=tuple(find_broken(spec)),
    )


def _tell_notice(notice: Diagnostic) -> str:
    # The card names the node, and that it is a note, beside it.
    where = f"line {notice.place.line}: " if notice.place.line is not None else ""
    return where + f"{notice.message} {notice.suggestion}".strip() + f" [{notice.code}]"


def find_broken(spec: NodeSpec) -> list[str]:
    """Return what of the open flows does not fit this definition of a node type."""
    told = []
    for name, flow in list_opened().items():
        ids = {node.id for node in flow.spec.nodes if node.type == spec.type}
        if not ids:
            continue
        for found in flow.check():
            ends = {each.split(".")[0].strip() for each in found.place.edge.split("->")}
            if found.severity is Severity.ERROR and ids & {found.place.node, *ends}:
                told.append(f"flow {name}: {found.message} {found.suggestion}".strip())
    return told
