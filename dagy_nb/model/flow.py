"""What a flow is: the frozen description of nodes, edges and parameters."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Any, Literal
from weakref import ref

from pydantic import Field, FiniteFloat, model_validator

from dagy_nb.model.connector import Name
from dagy_nb.model.frozen import FrozenMap, FrozenModel, is_plain, thaw
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.spec import RunnerName

MAX_NODES = 20_000
_LATER_FIELDS = ("retry", "trigger", "memory_mb")


class FailurePolicy(StrEnum):
    """What a failed node without a connected ERROR output does to its flow (D11).

    Attributes:
        CONTINUE: Independent branches finish; dependents are skipped; the run fails.
        STOP: No further node starts; running ones are cancelled; the run fails.
        ISOLATE: Like CONTINUE, but only the required sinks that could not be reached fail the run.
    """

    CONTINUE = "continue"
    STOP = "stop"
    ISOLATE = "isolate"


class ParameterType(StrEnum):
    """The type of a flow's parameter, in JSON schema's words."""

    STRING = "string"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    ARRAY = "array"
    OBJECT = "object"
    ANY = "any"


class ParameterSpec(FrozenModel):
    """A value that each run of the flow may set.

    Attributes:
        name: Used as `${params.NAME}`.
        type: What values it takes.
        default: Used where a run sets nothing; required where `has_default` is false.
        has_default: Whether `default` counts (None can be a default).
        description: One line.
    """

    name: Name
    type: ParameterType = ParameterType.ANY
    default: Any = None
    has_default: bool = False
    description: str = ""


class NodeEntry(FrozenModel):
    """One node of a flow: a node type under an id, with its config.

    Attributes:
        id: Unique in the flow.
        type: Name of the node type.
        label: Shown instead of the id; may be empty.
        config: Config values; a text that is wholly `${params.NAME}` stands for that parameter.
        timeout: Limit in seconds for one attempt; None falls through to class, flow, setting;
            0 means no limit, asked for.
        runner: Where the body runs; None falls through to the class.
        retries: Further attempts; None falls through to the class.
        retry: How they are made; None falls through to the class.
        trigger: When it starts, once the nodes before it have ended.
        memory_mb: Limit of its memory in megabytes, held by runners with processes of their own; None falls
            through to the class.
        disabled: Skipped with the reason `disabled`.
        extra: Fields whose names start with `x-`, kept as they are.
    """

    id: Name
    type: Name
    label: str = ""
    config: FrozenMap = FrozenMap()
    timeout: FiniteFloat | None = Field(None, ge=0)
    runner: RunnerName | None = None
    retries: int | None = Field(None, ge=0, le=100)
    retry: RetrySpec | None = None
    trigger: Trigger = Trigger.ALL_SUCCESS
    memory_mb: FiniteFloat | None = Field(None, gt=0)
    disabled: bool = False
    extra: FrozenMap = FrozenMap()


class EdgeSpec(FrozenModel):
    """An output connector led into an input connector, by names.

    Example:
        >>> str(EdgeSpec.parse("flights.table -> late.flights"))
        'flights.table -> late.flights'
    """

    source: Name
    output: Name
    target: Name
    input: Name

    @classmethod
    def parse(cls, text: str) -> EdgeSpec:
        """Read `node.output -> node.input`; raises ValueError where the text is no edge."""
        left, arrow, right = text.partition("->")
        ends = [end.strip().split(".") for end in (left, right)]
        if not arrow or any(len(end) != 2 for end in ends):
            msg = f"{text!r} is no edge: write `node.output -> node.input`"
            raise ValueError(msg)
        return cls(source=ends[0][0], output=ends[0][1], target=ends[1][0], input=ends[1][1])

    @property
    def id(self) -> str:
        """The edge's stable id: its own text."""
        return str(self)

    def __str__(self) -> str:
        return f"{self.source}.{self.output} -> {self.target}.{self.input}"


class FlowSpec(FrozenModel):
    """The frozen description of a flow.

    Attributes:
        format: Version of this description.
        name: The flow's name.
        description: Free text.
        parameters: In declared order, names unique.
        nodes: In declared order, ids unique.
        edges: In declared order, unique. They refer to connectors by name and may be broken (D3).
        failure_policy: What a failed node does to the rest.
        timeout: Limit in seconds of a whole run; None means no limit.
        node_timeout: Limit in seconds for nodes that name none; None falls through to the setting.
        backend: Where its runs go; None falls through to the rules and the setting.
        extra: Fields whose names start with `x-`, kept as they are.
    """

    format: Literal[1] = 1
    name: Name
    description: str = ""
    parameters: tuple[ParameterSpec, ...] = ()
    nodes: tuple[NodeEntry, ...] = Field((), max_length=MAX_NODES)
    edges: tuple[EdgeSpec, ...] = ()
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    timeout: FiniteFloat | None = Field(None, gt=0)
    node_timeout: FiniteFloat | None = Field(None, ge=0)
    backend: str | None = Field(None, min_length=1, max_length=100)
    extra: FrozenMap = FrozenMap()

    @model_validator(mode="after")
    def _refuse_repeats(self) -> FlowSpec:
        for what, names in (
            ("node id", [node.id for node in self.nodes]),
            ("parameter", [parameter.name for parameter in self.parameters]),
            ("edge", [str(edge) for edge in self.edges]),
        ):
            seen: set[str] = set()
            for name in names:
                if name in seen:
                    msg = f"the {what} {name!r} stands twice in flow {self.name!r}"
                    raise ValueError(msg)
                seen.add(name)
        return self

    def node(self, node_id: str) -> NodeEntry | None:
        """Return the node of this id, or None."""
        return next((node for node in self.nodes if node.id == node_id), None)

    def parameter(self, name: str) -> ParameterSpec | None:
        """Return the parameter of this name, or None."""
        return next((each for each in self.parameters if each.name == name), None)

    @property
    def content_hash(self) -> str:
        """16 hex digits over the meaning of the flow; layout is not part of a flow (D4)."""
        known = _HASHES.get(id(self))
        if known is not None and known[0]() is self:
            return known[1]
        made = self._hash()
        if self._is_plain():
            number = id(self)
            _HASHES[number] = ref(self, lambda _: _HASHES.pop(number, None)), made
        return made

    def _is_plain(self) -> bool:
        """Say whether nothing in it can ever change: no object of another kind stands in a config."""
        configs = all(not node.config or is_plain(node.config) for node in self.nodes)
        given = (self.extra, *(each.default for each in self.parameters))
        return configs and all(map(is_plain, given))

    def _hash(self) -> str:
        told = thaw(self.model_dump(mode="json"))
        if self.backend is None:
            del told["backend"]
        for node in told["nodes"]:
            # Fields that came later count only where they are used: what was hashed before keeps its hash.
            for name in _LATER_FIELDS:
                if node[name] == NodeEntry.model_fields[name].default:
                    del node[name]
        text = json.dumps(told, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_HASHES: dict[int, tuple[ref[FlowSpec], str]] = {}
"""Of the flows that are there, by identity: a flow is run more often than it is changed."""


class Position(FrozenModel):
    """Where the editor draws a node, in pixels; kept apart from the flow's meaning."""

    x: FiniteFloat
    y: FiniteFloat


class FlowVersion(FrozenModel):
    """An immutable, published flow.

    Attributes:
        flow: The flow's name.
        version: 1, 2, 3 … per flow.
        content_hash: Of the spec.
        spec: The flow.
        node_versions: Node type → `NodeSpec.version` at the time.
        author: Who published; may be empty.
        reason: Why; may be empty.
        created_at: Seconds since the epoch, UTC.
    """

    flow: Name
    version: int
    content_hash: str
    spec: FlowSpec
    node_versions: FrozenMap = FrozenMap()
    author: str = ""
    reason: str = ""
    created_at: float = 0.0

    def __repr__(self) -> str:
        return f"<FlowVersion {self.flow} {self.version}: {self.content_hash}>"
