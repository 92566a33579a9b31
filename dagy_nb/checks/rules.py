"""The words of the structural rules, one table for Python and the browser.

A rule's texts have named places in braces. These are filled in:

| place | means |
| --- | --- |
| `source`, `output` | node id and connector the edge leads from |
| `target`, `input` | node id and connector the edge leads to |
| `edge` | the edge as text, `a.x -> b.y` |
| `node`, `connector` | the end in question, where one end is wrong |
| `kind` | `input` or `output`: what `connector` should be |
| `type` | the node type of `node` |
| `hint` | nearest known names, as a sentence |
| `taken_by` | the edge that is already there (`edge.input_taken`, `edge.output_taken`) |
| `path` | the cycle's nodes, `a → b → a` (`edge.cycle`) |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rule:
    """The words of one rule, with named places in braces."""

    message: str
    suggestion: str = ""

    def fill(self, **places: str) -> tuple[str, str]:
        """Return message and suggestion with the places filled in."""
        return self.message.format_map(places), self.suggestion.format_map(places)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "edge.unknown_node": Rule("There is no node {node}.", "{hint}"),
        "edge.unknown_connector": Rule("{node} ({type}) has no {kind} {connector}.", "{hint}"),
        "edge.undefined_type": Rule(
            "The node type {type} of {node} is not defined here; the edge is checked when it is.",
            "Run the cell that defines {type}.",
        ),
        "edge.direction": Rule(
            "{node}.{connector} is no {kind}; edges lead from an output to an input.",
            "Lead the edge from an output (right side) to an input (left side).",
        ),
        "edge.self_loop": Rule(
            "{source} cannot feed itself.",
            "Put another node between, or connect the input to an earlier node.",
        ),
        "edge.duplicate": Rule("{edge} is already there.", "One edge is enough."),
        "edge.input_taken": Rule(
            "{target}.{input} takes one edge and has {taken_by}.",
            "Remove that edge first, or declare the input with cardinality `many`.",
        ),
        "edge.output_taken": Rule(
            "{source}.{output} takes one edge and has {taken_by}.",
            "Remove that edge first, or declare the output with cardinality `many`.",
        ),
        "edge.cycle": Rule(
            "This closes a cycle: {path}.",
            "Remove one edge of the cycle; a flow runs from its sources to its ends once.",
        ),
    }
)
