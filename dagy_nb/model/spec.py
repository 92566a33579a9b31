"""What a node type is: the frozen description derived from one `FlowNode` class."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from dagy_nb.model.connector import ConnectorSpec, Direction, Name
from dagy_nb.model.frozen import FrozenMap, FrozenModel
from dagy_nb.model.retry import RetrySpec

MAX_SOURCE = 200_000


class OriginKind(StrEnum):
    """Where a node type was defined."""

    CELL = "cell"
    MODULE = "module"


class Origin(FrozenModel):
    """Where a node type was defined: the identity of a type is its name and its origin (D3).

    Attributes:
        kind: A notebook cell or an importable module.
        place: The notebook (its path, or `kernel` where unknown), or the module's dotted name.
    """

    kind: OriginKind
    place: str

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


class RunnerName(StrEnum):
    """Where one node's body runs."""

    INLINE = "inline"
    THREAD = "thread"
    PROCESS = "process"
    DASK = "dask"


class NodeSpec(FrozenModel):
    """The frozen description of a node type: nothing else describes a node (N01).

    Attributes:
        type: The name of the node type: the class's or function's name.
        origin: Where it was defined.
        version: Content hash (16 hex digits) of code with all it captures, connectors and config schema.
        schema_version: Content hash of connectors and config schema only: a change may break edges.
        revision: Counts the definitions of this type in this process, from 1.
        label: Shown to people; the type's name in words by default.
        description: The class's or function's docstring.
        category: Palette group.
        tags: Lower case, sorted, without repeats.
        icon: One emoji or short text; may be empty.
        author_version: The version its author declared; may be empty.
        deterministic: Equal inputs and config give equal outputs.
        side_effects: It changes the world outside; never reused, never retried silently.
        safe_to_retry: A failed attempt may be repeated.
        is_async: `execute` is a coroutine function.
        runner: Default runner of the class; None chooses by `is_async`; see `own_runner`.
        timeout: Default limit in seconds of the class; None falls through to flow and setting;
            0 means no limit, asked for.
        retries: Default number of further attempts.
        retry: How they are made by default.
        memory_mb: Default limit of its memory in megabytes; None means none.
        connectors: Inputs and outputs in declared order.
        config_schema: JSON schema of the config.
        config_defaults: Default values of the config fields that have one.
        source: The defining source text for display; never executed again.
        unavailable: Why it cannot run here (missing extra …); empty where it can.
    """

    type: Name
    origin: Origin
    version: str
    schema_version: str
    revision: int = 1
    label: str = ""
    description: str = Field("", max_length=20_000)
    category: str = "General"
    tags: tuple[str, ...] = ()
    icon: str = ""
    author_version: str = ""
    deterministic: bool = True
    side_effects: bool = False
    safe_to_retry: bool = True
    is_async: bool = False
    runner: RunnerName | None = None
    timeout: float | None = Field(None, ge=0)
    retries: int = Field(0, ge=0, le=100)
    retry: RetrySpec = RetrySpec()
    memory_mb: float | None = Field(default=None, gt=0)
    connectors: tuple[ConnectorSpec, ...] = ()
    config_schema: FrozenMap = FrozenMap()
    config_defaults: FrozenMap = FrozenMap()
    source: str = Field("", max_length=MAX_SOURCE)
    unavailable: str = ""

    @field_validator("tags")
    @classmethod
    def _normalise_tags(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted({tag.strip().lower() for tag in value if tag.strip()}))

    @model_validator(mode="after")
    def _refuse_twins(self) -> NodeSpec:
        names = [connector.name for connector in self.connectors]
        twins = sorted({name for name in names if names.count(name) > 1})
        if twins:
            msg = f"two connectors of {self.type} are named {twins[0]!r}"
            raise ValueError(msg)
        return self

    @property
    def own_runner(self) -> RunnerName:
        """Where its body runs if nobody says otherwise: async in the loop, others in a thread."""
        return self.runner or (RunnerName.INLINE if self.is_async else RunnerName.THREAD)

    @property
    def inputs(self) -> tuple[ConnectorSpec, ...]:
        """The inbound connectors in declared order."""
        return tuple(c for c in self.connectors if c.direction is Direction.INPUT)

    @property
    def outputs(self) -> tuple[ConnectorSpec, ...]:
        """The outbound connectors in declared order."""
        return tuple(c for c in self.connectors if c.direction is Direction.OUTPUT)

    def connector(self, name: str, direction: Direction) -> ConnectorSpec | None:
        """Return the connector of this name and direction, or None."""
        for each in self.connectors:
            if each.name == name and each.direction is direction:
                return each
        return None
