"""A plain typed function in, a `FlowNode` subclass that is still callable as the function out."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypedDict, Unpack, overload

from pydantic.fields import FieldInfo

from dagy_nb.nodes.base import FlowNode, NodeMeta
from dagy_nb.nodes.describe import check_options
from dagy_nb.nodes.reading import FunctionReader
from dagy_nb.nodes.retry import Retry
from dagy_nb.nodes.signature import read_signature
from dagy_nb.nodes.source import unwrap


class NodeOptions(TypedDict, total=False):
    """Class attributes that `@node(...)` may set."""

    label: str
    category: str
    tags: typing.Sequence[str]
    icon: str
    version: str
    deterministic: bool
    side_effects: bool
    safe_to_retry: bool
    timeout: float | None
    runner: str | None
    retries: int
    retry: Retry | Mapping[str, Any] | None
    memory_mb: float | None


@overload
def node(function: Callable[..., Any], /) -> type[FlowNode]: ...


@overload
def node(
    function: None = None, /, *, register: bool = True, **options: Unpack[NodeOptions]
) -> Callable[[Callable[..., Any]], type[FlowNode]]: ...


def node(
    function: Callable[..., Any] | None = None,
    /,
    *,
    register: bool = True,
    **options: Unpack[NodeOptions],
) -> Any:
    """Turn a function into a node type of the same name.

    Parameters without default become inputs, those with one become config, the return annotation
    becomes the output `output`. A `TypedDict`, `NamedTuple` or dataclass as return annotation gives
    one output for each field. `*tables` is an input that takes many edges. A parameter named `context`
    gets the `ExecutionContext`. Called directly, the node is still the plain function.

    Args:
        function: The function, where the decorator is used without arguments.
        register: Whether to announce it to the registry.
        options: Class attributes: `label`, `category`, `tags`, `icon`, `version`, `deterministic`,
            `side_effects`, `safe_to_retry`, `timeout`, `runner`, `retries`, `retry`, `memory_mb`.

    Raises:
        DefinitionError: `node.signature`, `node.generator`, `node.connector`, `node.reserved_name`.

    Example:
        >>> @node(register=False)
        ... def late(delays: list, minutes: float = 15) -> list:
        ...     return [each for each in delays if each > minutes]
        >>> late([5, 20, 40], minutes=30)
        [40]
        >>> [connector.name for connector in late.inbound_connectors()]
        ['delays']
    """
    if function is None:
        return lambda each: make_function_node(each, options, register=register)
    return make_function_node(function, options, register=register)


class FunctionNode(FlowNode):
    """The base of nodes made from functions."""

    _takes_context = False


def make_function_node(
    function: Callable[..., Any], options: Mapping[str, Any], *, register: bool = True
) -> type[FlowNode]:
    """Return the node type of a function; see `node`."""
    reader = FunctionReader(function)
    name = function.__name__
    body: dict[str, Any] = {
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "__doc__": function.__doc__,
        "__wrapped__": staticmethod(function),
        "__signature__": read_signature(function),
        # From Python 3.13 on `inspect` finds the text of a class by this.
        "__firstlineno__": unwrap(function).__code__.co_firstlineno,
        "Config": reader.make_config(),
        "execute": _make_execute(function, reader),
        "_call_plainly": staticmethod(_fill_defaults(function, reader)),
        "_takes_context": reader.takes_context,
        "_notices": tuple(reader.notices),
        **{f"{each.direction} {each.name}": each for each in reader.connectors},
        **check_options(options),
    }
    made: Any = NodeMeta(name, (FunctionNode,), body, register=register)
    node_class: type[FlowNode] = made
    return node_class


def _make_execute(function: Callable[..., Any], reader: FunctionReader) -> Callable[..., Any]:
    """Return `execute` of the node: inputs and config in, the function's value split into outputs."""
    split = reader.split
    bind = _make_bind(reader)
    if reader.is_async:

        async def execute_later(self: FlowNode, **given: Any) -> Any:
            values, named = bind(self, given)
            value = function(*values, **named)
            return split(await value if inspect.isawaitable(value) else value)

        return execute_later

    def execute(self: FlowNode, **given: Any) -> Any:
        values, named = bind(self, given)
        return split(function(*values, **named))

    def execute_plainly(_: FlowNode, /, **given: Any) -> Any:
        return split(function(**given))

    is_plain = not (reader.fields or reader.positional or reader.starred)
    return execute_plainly if is_plain else execute


def _make_bind(reader: FunctionReader) -> Callable[[FlowNode, dict[str, Any]], Any]:
    fields = tuple(reader.fields)
    order, starred = tuple(reader.positional), reader.starred

    def bind(instance: FlowNode, given: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        config = instance.config
        for name in fields:
            given[name] = getattr(config, name)
        if not order and not starred:
            return (), given
        values = [given.pop(name) for name in order]
        if starred:
            # What stands before `*values` can only be given by position.
            before = _names_before(reader.function, starred)
            values += [given.pop(name) for name in before if name in given]
            values += list(given.pop(starred) or ())
        return tuple(values), given

    return bind


def _names_before(function: Callable[..., Any], starred: str) -> list[str]:
    names = list(read_signature(function).parameters)
    return names[: names.index(starred)]


def _fill_defaults(function: Callable[..., Any], reader: FunctionReader) -> Callable[..., Any]:
    """Return the function; where a default is a pydantic field, one that puts its value in."""
    fields = {
        name: each for name, (_, each) in reader.fields.items() if isinstance(each, FieldInfo)
    }
    if not fields:
        return function

    def call(*values: Any, **named: Any) -> Any:
        given = read_signature(function).bind_partial(*values, **named).arguments
        for name, field in fields.items():
            if name in given:
                continue
            if field.is_required():
                raise TypeError(f"{reader.name}() needs a value for {name!r}")
            named[name] = field.get_default(call_default_factory=True, validated_data={})
        return function(*values, **named)

    return call
