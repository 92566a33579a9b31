"""A user's words in, the parts of a flow out, or an error in the user's words."""

from __future__ import annotations

import re
from typing import Any

from dagy_nb.errors import ConnectionRefused, FlowError
from dagy_nb.model.flow import EdgeSpec, FailurePolicy, FlowSpec, NodeEntry

OPTIONS = frozenset({"label", "timeout", "runner", "retries", "disabled"})


def make_id(type_name: str, flow: FlowSpec) -> str:
    """Return an id for a new node: `load_flights`, then `load_flights_2`."""
    base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type_name).lower()
    taken = {node.id for node in flow.nodes}
    candidates = (base, *(f"{base}_{number}" for number in range(2, len(taken) + 3)))
    return next(each for each in candidates if each not in taken)


def build_spec(**fields: Any) -> FlowSpec:
    """Return the flow these fields describe, or raise FlowError."""
    try:
        return FlowSpec(**{**fields, "failure_policy": FailurePolicy(fields["failure_policy"])})
    except ValueError as error:
        raise FlowError(f"The flow {fields['name']!r} is not described rightly: {error}") from error


def build_entry(**fields: Any) -> NodeEntry:
    """Return the node these fields describe.

    Raises:
        FlowError: `flow.node_invalid`.
    """
    try:
        return NodeEntry(**fields)
    except ValueError as error:
        raise FlowError(
            f"The node {fields['id']!r} is not described rightly: {error}", code="flow.node_invalid"
        ) from error


def parse_edge(text: str) -> EdgeSpec:
    """Return the edge that a text names.

    Raises:
        ConnectionRefused: `edge.syntax`.
    """
    try:
        return EdgeSpec.parse(text)
    except ValueError as error:
        raise ConnectionRefused(
            f"{text!r} is no edge.",
            code="edge.syntax",
            suggestion='Write flow.connect("node.output", "node.input").',
        ) from error
