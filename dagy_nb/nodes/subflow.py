"""A flow with its open ends in, a node type that runs it inside out."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from threading import RLock
from types import ModuleType
from typing import Any, ClassVar, Self

from pydantic import Field, create_model

from dagy_nb.errors import RunFailed
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.expression import resolve_value
from dagy_nb.model.flow import FlowSpec, ParameterSpec, ParameterType
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.look import suggest_look
from dagy_nb.model.spec import NodeSpec, Origin, OriginKind
from dagy_nb.model.state import BROKEN_STATES, RunState
from dagy_nb.nodes.announce import Collection, collect
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.composite import (
    CompositeNode,
    Expansion,
    GivenInputs,
    InnerResult,
    find_inside,
)
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.digest import digest

FLOWS = "dagy_nb_flows"
_lock = RLock()
_TYPES: Mapping[ParameterType, Any] = {
    ParameterType.STRING: str,
    ParameterType.INTEGER: int,
    ParameterType.NUMBER: float,
    ParameterType.BOOLEAN: bool,
    ParameterType.ARRAY: list[Any],
    ParameterType.OBJECT: dict[str, Any],
    ParameterType.ANY: Any,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """An open end of the inner flow, as a connector of the node.

    Attributes:
        connector: As the node shows it.
        node_id: The inner node.
        name: The inner node's connector.
    """

    connector: ConnectorSpec
    node_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedFlow:
    """All that makes a sub-flow's node type; plain data that any pickle carries.

    Attributes:
        name: Of the node type.
        flow: What it runs, pinned.
        inputs: The open required inputs.
        outputs: The outputs of the last nodes.
        versions: Inner node type → version, at the time.
        label: Shown to people.
        category: Palette group.
        text: The flow as text, for display.
        secrets: Names of the parameters that enter secret config fields; they have no default.
    """

    name: str
    flow: FlowSpec
    inputs: tuple[End, ...]
    outputs: tuple[End, ...]
    versions: FrozenMap
    label: str = ""
    category: str = "Sub-flows"
    text: str = ""
    secrets: frozenset[str] = frozenset()

    @property
    def fingerprint(self) -> str:
        """The hash of the flow with the versions of the node types in it."""
        told = [f"{name}={version}" for name, version in sorted(self.versions.items())]
        return digest([self.name, self.flow.content_hash, *told])

    @property
    def module(self) -> str:
        """The name of the module of its class."""
        ends = [repr(each) for each in (*self.inputs, *self.outputs)]
        hashed = digest([self.fingerprint, self.label, self.category, self.text, *ends])
        return f"{FLOWS}.{self.name}_{hashed}"


class SubflowNode(CompositeNode):
    """The base of node types that run a pinned flow.

    Attributes:
        pinned: What it runs.
    """

    pinned: ClassVar[PinnedFlow]

    @classmethod
    def inner_flow(cls, config: Mapping[str, Any]) -> FlowSpec:
        """Return the pinned flow with this config as its parameters."""
        flow = cls.pinned.flow
        nodes = tuple(
            node.model_copy(update={"config": FrozenMap(resolve_value(node.config, config))})
            if node.config
            else node
            for node in flow.nodes
        )
        return flow.model_copy(update={"nodes": nodes})

    @classmethod
    def given_inputs(
        cls,
        config: Mapping[str, Any],  # noqa: ARG003 - Map needs it
        specs: Mapping[str, NodeSpec],  # noqa: ARG003 - Map needs it
    ) -> GivenInputs:
        """Return the flow's open inputs."""
        return {(each.node_id, each.name): each.connector.data_types for each in cls.pinned.inputs}

    @classmethod
    def inner_parameters(
        cls,
        config: Mapping[str, Any],
        outer: Mapping[str, Any],  # noqa: ARG003 - the flow does not see it
    ) -> Mapping[str, Any]:
        """Return this config: the flow sees no parameters but its own."""
        return dict(config)

    @classmethod
    def secret_parameters(cls) -> frozenset[str]:
        """Return the parameters that enter secret config fields."""
        return cls.pinned.secrets

    def run_inside(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run the flow and return what its last nodes gave."""
        pinned = self.pinned
        given: dict[str, dict[str, Any]] = {}
        for each in pinned.inputs:
            given.setdefault(each.node_id, {})[each.name] = inputs[each.connector.name]
        result = find_inside(pinned.name).run(Expansion(given=given))
        if result.state is not RunState.COMPLETED:
            raise _tell_failed(pinned.name, result)
        return {
            each.connector.name: result.nodes[each.node_id].outputs[each.name]
            for each in pinned.outputs
            if each.name in result.nodes[each.node_id].outputs
        }


class SubflowModuleName(str):
    """The name of a sub-flow's module, which pickles with all that rebuilds it."""

    __slots__ = ("pinned",)
    pinned: PinnedFlow

    def __new__(cls, pinned: PinnedFlow) -> Self:
        """Make the name of a sub-flow's module."""
        made = super().__new__(cls, pinned.module)
        made.pinned = pinned
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (load_subflow, (self.pinned,))


def make_subflow(pinned: PinnedFlow) -> type[FlowNode]:
    """Return the node type of a pinned flow; the same one for the same flow.

    Raises:
        DefinitionError: `node.reserved_name` for a parameter whose name `flow.add` keeps to itself.
    """
    load_subflow(pinned)
    made: type[FlowNode] = vars(sys.modules[pinned.module])[pinned.name]
    return made


def load_subflow(pinned: PinnedFlow) -> str:
    """Make the module of a sub-flow if this process does not have it yet; return its name."""
    with _lock:
        if pinned.module not in sys.modules:
            name = SubflowModuleName(pinned)
            node_class = _make_class(pinned, name)
            _add_module(name, pinned.name, node_class)
    return pinned.module


def _make_class(pinned: PinnedFlow, module: str) -> type[FlowNode]:
    def execute(self: SubflowNode, **inputs: Any) -> dict[str, Any]:
        return self.run_inside(inputs)

    body: dict[str, Any] = {
        "__module__": module,
        "__qualname__": pinned.name,
        "__doc__": pinned.flow.description or f"Runs the flow {pinned.flow.name}.",
        "pinned": pinned,
        "label": pinned.label,
        "category": pinned.category,
        "icon": "▣",
        "tags": ("flow", "sub-flow", pinned.flow.name),
        "Config": _make_config(pinned, module),
        "execute": execute,
        **{f"end {each.connector.name}": _declare(each) for each in pinned.inputs},
        **{f"end {each.connector.name}": _declare(each) for each in pinned.outputs},
        "failure": Output(
            DataType.ERROR,
            name=name_error(pinned.inputs, pinned.outputs),
            description="Why the flow failed.",
        ),
    }
    place = Origin(kind=OriginKind.MODULE, place=f"flow {pinned.flow.name}")
    collection = Collection(
        module=module, origin=place, source=pinned.text, fingerprint=pinned.fingerprint
    )
    with collect(collection):
        made: Any = NodeMeta(pinned.name, (SubflowNode,), body)
    node_class: type[FlowNode] = made
    return node_class


def name_error(inputs: tuple[End, ...], outputs: tuple[End, ...]) -> str:
    """Return a free name for the ERROR output: `error`, or `error_2` where that is taken."""
    taken = {each.connector.name for each in (*inputs, *outputs)}
    names = ["error", *(f"error_{number}" for number in range(2, len(taken) + 3))]
    return next(each for each in names if each not in taken)


def _declare(end: End) -> Input | Output:
    connector = end.connector
    kind = Input if connector.direction is Direction.INPUT else Output
    return kind(
        *connector.data_types,
        name=connector.name,
        cardinality=connector.cardinality
        if connector.direction is Direction.INPUT
        else Cardinality.OPTIONAL,
        side=connector.side,
        description=connector.description,
        secret=connector.secret,
        metadata=connector.metadata,
    )


def _make_config(pinned: PinnedFlow, module: str) -> type[NodeConfig]:
    fields: dict[str, Any] = {
        each.name: (_TYPES[each.type], _make_field(each, secret=each.name in pinned.secrets))
        for each in pinned.flow.parameters
    }
    made: type[NodeConfig] = create_model(
        "Config",
        __base__=NodeConfig,
        __module__=module,
        __doc__=f"Parameters of the flow {pinned.flow.name}.",
        **fields,
    )
    made.__qualname__ = f"{pinned.name}.Config"
    return made


def _make_field(parameter: ParameterSpec, *, secret: bool) -> Any:
    default = parameter.default if parameter.has_default else ...
    extra: Any = {"writeOnly": True, "format": "password"} if secret else None
    return Field(default, description=parameter.description or None, json_schema_extra=extra)


def _add_module(name: str, attribute: str, node_class: type[FlowNode]) -> None:
    module = ModuleType(name)
    module.__spec__ = ModuleSpec(str.__str__(name), None)
    module.__package__ = FLOWS
    setattr(module, attribute, node_class)
    if FLOWS not in sys.modules:
        parent = ModuleType(FLOWS, "The modules of this process's sub-flows.")
        parent.__path__ = []
        parent.__spec__ = ModuleSpec(FLOWS, None, is_package=True)
        sys.modules[FLOWS] = parent
    sys.modules[str.__str__(name)] = module


def _tell_failed(name: str, result: InnerResult) -> RunFailed:
    node_id, told = _find_failed(name, result)
    error = RunFailed(
        told,
        run_id=result.run_id,
        code="run.inner_failed",
        suggestion=suggest_look(result.run_id),
    )
    error.__cause__ = result.exceptions.get(node_id)
    return error


def _find_failed(name: str, result: InnerResult) -> tuple[str, str]:
    """Return the inner node that ended the run, and words about it."""
    found = {node_id: node for node_id, node in result.nodes.items() if node.state in BROKEN_STATES}
    wanted = result.error.node_id if result.error is not None else ""
    node_id = wanted if wanted in found else next(iter(found), "")
    if not node_id:
        why = result.error.message if result.error else f"it ended {result.state}"
        return "", f"The flow inside {name} did not complete: {why.rstrip('.')}."
    node = found[node_id]
    if node.error is None:
        return node_id, f"Node {node_id} inside {name} ended {node.state}."
    why = f"{node.error.type}: {node.error.message}"
    return node_id, f"Node {node_id} inside {name} failed: {why}"
