"""A node's config in, the flow that it runs inside itself out; and the door to whoever runs that flow.

A composite node (Map, a sub-flow) does its work by other nodes. What these are is known when the outer run
is planned; what they are given is known when the node runs. Then its `execute` passes an `Expansion` to
`run_inner`, and the engine carries it through as a run of its own, a child of the outer one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from dagy_nb.errors import DagyError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.flow import FlowSpec
from dagy_nb.model.spec import NodeSpec
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.base import FlowNode

GivenInputs = Mapping[tuple[str, str], tuple[DataType, ...]]
"""Node id and input in the inner flow → the types of what comes in from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What one attempt of a composite node runs.

    Attributes:
        given: Node id → input → value.
        copies: New node id → the inner node of which it is a copy; None runs the inner flow as it is.
        parallel: How many nodes run at a time; None sets no bound.
        catches: Failed nodes do not fail the inner run.
    """

    given: Mapping[str, Mapping[str, Any]]
    copies: Mapping[str, str] | None = None
    parallel: int | None = None
    catches: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerNode:
    """How a node of the inner run ended: its outputs where it completed, its error where it failed."""

    state: NodeState
    error: ErrorFact | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class InnerResult:
    """How the inner run ended.

    Attributes:
        run_id: Its id.
        state: Its state.
        nodes: Node id → how it ended, in the order of the plan.
        error: Why the whole run failed, or None.
        exceptions: Node id → exception, where it is in this process.
    """

    run_id: str
    state: RunState
    nodes: Mapping[str, InnerNode]
    error: ErrorFact | None = None
    exceptions: Mapping[str, BaseException] = field(default_factory=dict)


class Inside(Protocol):
    """Who carries an inner run through."""

    specs: Mapping[str, NodeSpec]
    """Inner node id → what its type was when the outer run was planned."""

    def run(self, expansion: Expansion) -> InnerResult:
        """Run and wait for the end; raises `NodeCancelled` where the composite node is to end."""


class CompositeNode(FlowNode):
    """The base of nodes that do their work by other nodes, in a run of their own.

    Attributes:
        nests_in_itself: One may stand inside another of the same type.
    """

    # Its nodes have limits of their own.
    timeout: ClassVar[float | None] = 0
    passes_values: ClassVar[bool] = True
    nests_in_itself: ClassVar[bool] = False

    @classmethod
    def inner_flow(cls, config: Mapping[str, Any]) -> FlowSpec:
        """Return the flow that a node with this config runs, its parameters put in."""
        raise NotImplementedError

    @classmethod
    def given_inputs(cls, config: Mapping[str, Any], specs: Mapping[str, NodeSpec]) -> GivenInputs:
        """Return which inputs of the inner flow get their values from outside.

        Args:
            config: Plain config values.
            specs: Inner node id → spec of its type.
        """
        raise NotImplementedError

    @classmethod
    def inner_parameters(
        cls,
        config: Mapping[str, Any],  # noqa: ARG003 - who overrides this may need it
        outer: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        """Return the parameters of the inner run; those of the outer one by default."""
        return outer

    @classmethod
    def secret_parameters(cls) -> frozenset[str]:
        """Return the names of its own parameters that are not recorded with an inner run."""
        return frozenset()

    @classmethod
    def inner_types(cls, config: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the names of the node types that the inner flow has, each once."""
        return tuple(dict.fromkeys(node.type for node in cls.inner_flow(config).nodes))


_INSIDE: ContextVar[Inside] = ContextVar("dagy_nb_inside")


@contextmanager
def put_inside(inside: Inside) -> Iterator[None]:
    """Let composite nodes that run in this block find who carries their inner runs through."""
    token = _INSIDE.set(inside)
    try:
        yield
    finally:
        _INSIDE.reset(token)


def find_inside(node_type: str) -> Inside:
    """Return who carries inner runs through here.

    Raises:
        DagyError: `node.needs_run` outside a run.
    """
    inside = _INSIDE.get(None)
    if inside is None:
        raise DagyError(
            f"{node_type} runs other nodes, which only a run of a flow can do.",
            code="node.needs_run",
            suggestion="Put it into a flow and run that.",
        )
    return inside
