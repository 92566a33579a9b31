"""A class statement in, a node type with connectors, traits and spec out: `FlowNode`."""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import ConnectorSpec, Direction
from dagy_nb.model.nearest import find_nearest
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.afterwards import note_made
from dagy_nb.nodes.announce import announce, current_collection
from dagy_nb.nodes.closure import fingerprint_object
from dagy_nb.nodes.config import NodeConfig, check_config_class, read_config
from dagy_nb.nodes.connectors import Connector, Input, Output
from dagy_nb.nodes.describe import describe
from dagy_nb.nodes.origin import find_origin
from dagy_nb.nodes.retry import Retry, combine_retry
from dagy_nb.nodes.source import look_anew, read_text
from dagy_nb.nodes.traits import HOOKS, NodeTraits, find_traits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.nodes.context import ExecutionContext
    from dagy_nb.nodes.result import ExecutionResult

__all__ = ["FlowNode", "Input", "NodeMeta", "Output"]


class _Body(dict[str, Any]):
    """The names of a class body; a connector is not silently replaced."""

    def __setitem__(self, name: str, value: Any) -> None:
        if isinstance(self.get(name), Connector) and value is not None:
            raise DefinitionError(
                f"The name {name!r} is declared twice: a connector already has it.",
                code="node.connector_twice",
                suggestion="Give each connector and each method a name of its own.",
            )
        super().__setitem__(name, value)


class NodeMeta(ABCMeta):
    """Turns each class statement below `FlowNode` into a checked and described node type."""

    connectors: tuple[ConnectorSpec, ...]
    traits: NodeTraits
    spec: NodeSpec

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **words: Any) -> _Body:
        """Return the mapping that the class body fills."""
        return _Body()

    def __new__(
        cls,
        name: str,
        bases: tuple[type, ...],
        body: Mapping[str, Any],
        /,
        *,
        register: bool = True,
        **words: Any,
    ) -> Any:
        """Make the class, check and describe it if it can execute, and announce it."""
        made = super().__new__(cls, name, bases, dict(body), **words)
        if bases and issubclass(made, FlowNode):
            _define(made, register=register)
        return made

    def __init__(
        cls, name: str, bases: tuple[type, ...], body: Mapping[str, Any], **_: Any
    ) -> None:
        super().__init__(name, bases, dict(body))

    def __call__(cls, *values: Any, **named: Any) -> Any:
        """Make an instance; a function node is called like its function instead."""
        call = cls.__dict__.get("_call_plainly")
        if call is not None:
            return call.__func__(*values, **named)
        if "spec" not in cls.__dict__:
            _refuse_abstract(cls)
        return super().__call__(*values, **named)

    def __repr__(cls) -> str:
        spec = cls.__dict__.get("spec")
        return f"<node {cls.__name__} {spec.version}>" if spec else f"<node base {cls.__name__}>"


class FlowNode(metaclass=NodeMeta):
    """The base of all node types.

    A subclass declares connectors and a `Config`, and defines `execute`, sync or async, which takes
    its inputs by name, and `context` if it names that. It returns a mapping of outputs, an
    `ExecutionResult`, or the bare value of a sole output. Hooks are called in this order:
    `validate_config`, `pre_execute`, `execute`, `post_execute`; `on_error` after a failure, and
    `on_cancel` when the node is asked to end. They may be sync or async.

    Attributes:
        label: Shown to people; by default the name in words.
        category: Palette group.
        tags: Words to find it by.
        icon: One emoji or short text.
        version: What the author calls this version.
        deterministic: Equal inputs and config give equal outputs.
        side_effects: It changes the world outside.
        safe_to_retry: A failed attempt may be repeated.
        timeout: Limit in seconds for one attempt; 0 means none, None falls through to the flow.
        runner: `inline`, `thread`, `process` or `dask`; None chooses.
        retries: Further attempts after a failure.
        passes_values: It hands on what enters it: its outputs are secret where one of its inputs is.
        retry: How they are made: a `Retry`, or a mapping of its fields.
        memory_mb: Limit of its memory in megabytes, held by the runners `process` and `dask`; None means
            none.
        spec: The frozen description, made once.
        traits: What calling it takes, made once.

    Example:
        ```python
        class DelayByCarrier(FlowNode):
            flights = Input(DataType.TABLE)
            report = Output(DataType.TABLE)

            class Config(FlowNode.Config):
                min_flights: int = Field(100, ge=1)

            def execute(self, context, flights):
                return flights.groupby("carrier").dep_delay.mean().reset_index()
        ```
    """

    Config: ClassVar[type[NodeConfig]] = NodeConfig
    connectors: ClassVar[tuple[ConnectorSpec, ...]] = ()
    traits: ClassVar[NodeTraits] = NodeTraits()
    spec: ClassVar[NodeSpec]

    label: ClassVar[str] = ""
    category: ClassVar[str] = "General"
    tags: ClassVar[Sequence[str]] = ()
    icon: ClassVar[str] = ""
    version: ClassVar[str] = ""
    deterministic: ClassVar[bool] = True
    side_effects: ClassVar[bool] = False
    safe_to_retry: ClassVar[bool] = True
    timeout: ClassVar[float | None] = None
    runner: ClassVar[str | None] = None
    retries: ClassVar[int] = 0
    passes_values: ClassVar[bool] = False
    retry: ClassVar[Retry | Mapping[str, Any] | None] = None
    memory_mb: ClassVar[float | None] = None

    config: Any

    def __init__(self, config: Mapping[str, Any] | NodeConfig | None = None) -> None:
        """Make an instance.

        Args:
            config: Config values, or an instance of this class's `Config`.

        Raises:
            ConfigError: With one problem for each wrong field.
        """
        cls = type(self)
        default = cls.traits.default_config
        if default is not None and not config:
            self.config = default
        else:
            self.config = read_config(cls.Config, config, node_type=cls.__name__)

    @classmethod
    def create(cls, config: Mapping[str, Any] | NodeConfig | None = None) -> Self:
        """Make an instance of any node type, function nodes too.

        Raises:
            ConfigError: With one problem for each wrong field.
            DefinitionError: `node.no_execute` for a class that does not execute.
        """
        if "spec" not in cls.__dict__:
            _refuse_abstract(cls)
        made: Self = type.__call__(cls, config)
        return made

    @classmethod
    def inbound_connectors(cls) -> tuple[ConnectorSpec, ...]:
        """Return the inputs in declared order."""
        return tuple(c for c in cls.connectors if c.direction is Direction.INPUT)

    @classmethod
    def outbound_connectors(cls) -> tuple[ConnectorSpec, ...]:
        """Return the outputs in declared order."""
        return tuple(c for c in cls.connectors if c.direction is Direction.OUTPUT)

    def invoke(self, context: ExecutionContext, inputs: Mapping[str, Any]) -> Any:
        """Call `execute` as its signature asks; an awaitable comes back where it is async."""
        if type(self).traits.takes_context:
            return self.execute(context=context, **inputs)  # type: ignore[attr-defined]
        return self.execute(**inputs)  # type: ignore[attr-defined]

    def validate_config(self, config: Any) -> Awaitable[None] | None:
        """Check what no schema can say; raise to refuse. Called first."""

    def pre_execute(self, context: ExecutionContext) -> Awaitable[None] | None:
        """Prepare; called before `execute` in each attempt."""

    def post_execute(
        self, context: ExecutionContext, result: ExecutionResult
    ) -> Awaitable[None] | None:
        """Tidy up after a success; sees the outputs, does not change them."""

    def on_error(self, context: ExecutionContext, error: BaseException) -> Awaitable[None] | None:
        """Tidy up after a failure; the attempt fails whatever this does."""

    def on_cancel(self, context: ExecutionContext) -> Awaitable[None] | None:
        """Tidy up when the node is asked to end or ran past its limit."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.config!r})"


def _define(cls: Any, *, register: bool) -> None:
    """Check and describe a class that can execute; leave an abstract one alone."""
    _refuse_reserved(cls)
    cls.connectors = _read_connectors(cls)
    if not hasattr(cls, "execute") or "execute" in cls.__abstractmethods__:
        note_made(cls)
        return
    collection = current_collection()
    inside = collection is not None and collection.module == cls.__module__
    if inside and collection is not None:
        for name, value in collection.options.items():
            setattr(cls, name, combine_retry(cls.retry, value) if name == "retry" else value)
    check_config_class(cls.__name__, cls.Config)
    notices: tuple[Diagnostic, ...] = cls.__dict__.get("_notices", ())
    cls.traits = find_traits(cls, FlowNode, cls.connectors, notices=notices)
    if inside and collection is not None and collection.origin is not None:
        origin, source, code = collection.origin, collection.source, collection.fingerprint
    else:
        look_anew(cls.__module__)
        origin, source, code = find_origin(cls), read_text(cls), fingerprint_object(cls)
    cls.spec = describe(cls, origin=origin, source=source, code_version=code)
    note_made(cls)
    if register:
        announce(cls)


def _read_connectors(cls: type) -> tuple[ConnectorSpec, ...]:
    """Return the connectors of a class and its bases, the bases' first, in declared order.

    Raises:
        DefinitionError: `node.connector_twice`, `node.reserved_name`.
    """
    declared: dict[str, Connector] = {}
    for base in reversed(cls.__mro__):
        for attribute, value in vars(base).items():
            if isinstance(value, Connector):
                declared[attribute] = value
            elif attribute in declared:
                del declared[attribute]
    found = tuple(each.describe(attribute) for attribute, each in declared.items())
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise DefinitionError(
                f"Two connectors of {cls.__name__} are named {name!r}.",
                code="node.connector_twice",
                suggestion="Inputs and outputs share one set of names: rename one of them.",
            )
        if name in {"context", "self"}:
            raise DefinitionError(
                f"A connector of {cls.__name__} is named {name!r}, which `execute` needs itself.",
                code="node.reserved_name",
                suggestion="Rename it.",
            )
    return found


_MADE = frozenset({"spec", "config", "execute"})


def _refuse_reserved(cls: type) -> None:
    """Refuse a connector whose attribute hides one of `FlowNode`'s own."""
    for name, value in vars(cls).items():
        if isinstance(value, Connector) and (hasattr(FlowNode, name) or name in _MADE):
            raise DefinitionError(
                f"The attribute {name!r} of {cls.__name__} means something else to a node.",
                code="node.reserved_name",
                suggestion=f"Rename it, or write `{name}_ = {value!r}` with `name={name!r}` in it.",
            )


def _refuse_abstract(cls: type) -> NoReturn:
    near = find_nearest("execute", [name for name in vars(cls) if name not in HOOKS], limit=1)
    hint = f"Rename `{near[0]}`." if near else "Define `def execute(self, context, ...)`."
    raise DefinitionError(
        f"{cls.__name__} has no `execute`, so it cannot run.",
        code="node.no_execute",
        suggestion=hint,
    )
