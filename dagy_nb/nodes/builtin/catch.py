"""An error in, a plain mapping that says what went wrong out."""

from __future__ import annotations

from typing import Any

from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact
from dagy_nb.nodes.base import FlowNode, Input, Output


class Catch(FlowNode, register=False):
    """Takes the error of a node that failed and lets the flow go on with it as data.

    Connect it to a node's ERROR output: the failure is then handled, and does not fail the run. Where the
    node does not fail, this one is skipped.
    """

    category = "Control"
    icon = "shield"
    tags = ("error", "except", "handle", "failure")

    error = Input(DataType.ERROR, description="The ERROR output of the node that may fail.")
    details = Output(
        DataType.JSON,
        description="A mapping: type, code, message, node, attempt, traceback, suggestion.",
    )

    def execute(self, error: ErrorFact) -> dict[str, Any]:
        """Return the error as a mapping."""
        return {"details": describe_error(error)}


def describe_error(error: ErrorFact) -> dict[str, Any]:
    """Return an error as plain values."""
    return {
        "type": error.type,
        "code": error.code,
        "message": error.message,
        "node": error.node_id,
        "attempt": error.attempt,
        "traceback": error.traceback,
        "suggestion": error.suggestion,
    }
