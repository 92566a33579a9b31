"""A flow in, findings about open required inputs out, each with outputs that would fit."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator

from dagy_nb.checks.codes import find
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.checks.shape import order_nodes
from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.datatype import DataType, Verdict, compare_accepted
from dagy_nb.model.diagnostic import Diagnostic

_OFFERED = 3
_MAX_KINDS = 50


def check_inputs(outline: FlowOutline) -> Iterator[Diagnostic]:
    """Yield a finding for each required input that no edge leads into.

    An input with an edge that does not fit is left to the check of edges.
    """
    offers: _Offers | None = None
    required: dict[str, list[ConnectorSpec]] = {}
    for node in outline.flow.nodes:
        connectors = required.get(node.type)
        if connectors is None:
            spec = outline.specs.get(node.type)
            connectors = [each for each in spec.inputs if each.is_required] if spec else []
            required[node.type] = connectors
        for connector in connectors:
            if (node.id, connector.name) in outline.into:
                continue
            offers = offers or _Offers(outline)
            yield find(
                "input.missing",
                f"Nothing leads into the required input {node.id}.{connector.name}.",
                _advise(connector, offers.choose(node.id, connector)),
                node=node.id,
                connector=connector.name,
            )


def _advise(connector: ConnectorSpec, ends: list[str]) -> str:
    if ends:
        return f"Connect {' or '.join(ends)} to it."
    return f"Connect an output that carries {' or '.join(connector.data_types)}."


class _Offers:
    """The outputs of a flow by what they carry, in an order in which no edge leads back.

    Nodes that nothing leads into stand before all others: no edge into another node makes a circle.
    """

    def __init__(self, outline: FlowOutline) -> None:
        order = sorted(order_nodes(outline.successors), key=outline.fed.__contains__)
        self._place = {name: index for index, name in enumerate(order)}
        self._starts = sum(name not in outline.fed for name in order)
        self._by_types: dict[tuple[DataType, ...], list[tuple[int, str]]] = {}
        for index, name in enumerate(order):
            spec = outline.spec(name)
            for output in spec.outputs if spec else ():
                if len(self._by_types) < _MAX_KINDS or output.data_types in self._by_types:
                    ends = self._by_types.setdefault(output.data_types, [])
                    ends.append((index, f"{name}.{output.name}"))

    def choose(self, node_id: str, connector: ConnectorSpec) -> list[str]:
        """Return a few outputs of earlier nodes that fit this input, the nearest first."""
        here = self._place.get(node_id, 0)
        before = max(here, self._starts)
        found: list[tuple[int, str]] = []
        for types, ends in self._by_types.items():
            if compare_accepted(types, connector.data_types).verdict is Verdict.OK:
                upto = bisect_left(ends, (before, ""))
                near = ends[max(0, upto - 2 * _OFFERED) : upto]
                found += [each for each in near if each[0] != here]
        return [end for _, end in sorted(found, reverse=True)[:_OFFERED]]
