"""A flow in, findings about its size out: bounds that keep editor, records and text usable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagy_nb.checks.codes import find
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.flow import FlowSpec, NodeEntry

MAX_EDGES = 100_000
MAX_PARAMETERS = 1_000
MAX_CONFIG = 200_000
MAX_DEPTH = 50


def check_limits(flow: FlowSpec) -> Iterator[Diagnostic]:
    """Yield what is too large in a flow."""
    if len(flow.edges) > MAX_EDGES:
        yield find(
            "limit.edges",
            f"The flow has {len(flow.edges):,} edges; {MAX_EDGES:,} are allowed.",
            "Collect values in one node and pass them on together.",
        )
    if len(flow.parameters) > MAX_PARAMETERS:
        yield find(
            "limit.parameters",
            f"The flow has {len(flow.parameters):,} parameters; {MAX_PARAMETERS:,} are allowed.",
            "Put them into one parameter of type object.",
        )
    for node in flow.nodes:
        if node.config:
            yield from _check_config(node)


def _check_config(node: NodeEntry) -> Iterator[Diagnostic]:
    walk = _Walk()
    walk.measure(node.config, "", 0)
    if walk.too_deep:
        yield find(
            "limit.config_depth",
            f"The config is nested more than {MAX_DEPTH} levels deep.",
            "Flatten it, or let a node build it.",
            node=node.id,
            field=walk.too_deep,
        )
    if walk.size > MAX_CONFIG:
        yield find(
            "limit.config_size",
            f"The config holds more than {MAX_CONFIG:,} characters; every record repeats them.",
            "Put data into a file, or let a node load it.",
            node=node.id,
        )
    if walk.odd:
        path, kind = walk.odd
        yield find(
            "config.not_plain",
            f"{path} is a {kind}, which flow text and records cannot hold as it is.",
            "Use text, numbers, true or false, lists and mappings; lead other values in by an edge.",
            node=node.id,
            field=path,
        )


class _Walk:
    """Adds up the size of a config, and keeps the first place that is too deep or not plain."""

    def __init__(self) -> None:
        self.size = 0
        self.too_deep = ""
        self.odd: tuple[str, str] | None = None

    def measure(self, value: Any, path: str, depth: int) -> None:
        if depth > MAX_DEPTH:
            self.too_deep = self.too_deep or path
        elif isinstance(value, str):
            self.size += len(value)
        elif value is None or isinstance(value, bool | int | float):
            self.size += 8
        elif isinstance(value, Mapping):
            for key, item in value.items():
                self.size += len(str(key))
                self.measure(item, f"{path}.{key}" if path else str(key), depth + 1)
        elif isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
            for index, item in enumerate(value):
                self.measure(item, f"{path}.{index}", depth + 1)
        else:
            self.odd = self.odd or (path, type(value).__name__)
