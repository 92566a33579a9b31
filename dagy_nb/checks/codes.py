"""The table of all findings: code, severity and meaning; and the one way to make a finding.

Refusals of edges keep the words of `dagy_nb.checks.rules` and of the type matrix.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dagy_nb.model.diagnostic import Diagnostic, Place, Severity

_E, _W = Severity.ERROR, Severity.WARNING

CODES: Mapping[str, tuple[Severity, str]] = MappingProxyType(
    {
        "flow.nothing_to_run": (_E, "no node, or none that is enabled"),
        "node.unknown_type": (_E, "the node's type is not defined here"),
        "node.unavailable": (_E, "the node's type cannot run here: an extra is missing"),
        "node.unknown_runner": (_E, "the node asks for a runner that is not here"),
        "input.missing": (_E, "nothing leads into a required input"),
        "edge.unknown_node": (_E, "an end names a node that is not in the flow"),
        "edge.unknown_connector": (_E, "an end names a connector that its node does not have"),
        "edge.direction": (_E, "an edge leads out of an input, or into an output"),
        "edge.self_loop": (_E, "a node feeds itself"),
        "edge.input_taken": (_E, "an input has more edges than it takes"),
        "edge.output_taken": (_E, "an output has more edges than it takes"),
        "edge.cycle": (_E, "edges lead in a circle; the path is named"),
        "types.mismatch": (_E, "the types of an edge's ends do not fit"),
        "types.no_value": (_E, "a SIGNAL leads into an input that needs a value"),
        "types.error_output": (_E, "an ERROR output leads into another input"),
        "types.error_input": (_E, "another output leads into an ERROR input"),
        "config.unknown_field": (_E, "a config field that the node does not have"),
        "config.missing": (_E, "a required config field has no value"),
        "config.invalid": (_E, "a config value does not fit"),
        "config.not_plain": (_W, "a config value that flow text cannot hold"),
        "secret.in_text": (_W, "a secret stands in a config"),
        "secret.in_parameter": (_W, "a parameter enters a secret config field"),
        "secret.not_recorded": (_E, "a recorded flow lacks a secret of its config"),
        "expression.unsupported": (_E, "a `${` that is no expression"),
        "parameter.undeclared": (_E, "an expression names a parameter that the flow does not have"),
        "parameter.unknown": (_E, "a run sets a parameter that the flow does not have"),
        "parameter.missing": (_E, "a run leaves out a parameter without default"),
        "parameter.type": (_E, "a parameter's value or default does not fit its type"),
        "retries.refused": (
            _W,
            "further attempts are asked for, but the node is not safe to retry",
        ),
        "retries.none": (_W, "it is said how a node is tried again, but not how often"),
        "memory.not_held": (_W, "a limit of memory with a runner that cannot hold one"),
        "trigger.unused": (_W, "a trigger other than the usual, where nothing leads into the node"),
        "limit.edges": (_E, "more edges than a flow may have"),
        "limit.parameters": (_E, "more parameters than a flow may have"),
        "limit.config_depth": (_E, "a config is nested too deeply"),
        "limit.config_size": (_W, "a config is so large that it is data"),
    }
)


def find(
    code: str,
    message: str,
    suggestion: str = "",
    *,
    node: str = "",
    connector: str = "",
    field: str = "",
    edge: str = "",
) -> Diagnostic:
    """Return a diagnostic with the severity of its code, at a place."""
    return Diagnostic(
        code=code,
        severity=CODES[code][0],
        place=Place(node=node, connector=connector, field=field, edge=edge),
        message=message,
        suggestion=suggestion,
    )
