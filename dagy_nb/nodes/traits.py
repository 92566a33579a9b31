"""A node class in, what an engine needs of it for each call out: computed once, then read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import ConnectorSpec, Direction
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.nearest import suggest_names
from dagy_nb.nodes.retry import AT_ONCE, Retry, read_retry
from dagy_nb.nodes.signature import read_signature

HOOKS: Mapping[str, tuple[str, ...]] = {
    "validate_config": ("config",),
    "pre_execute": ("context",),
    "post_execute": ("context", "result"),
    "on_error": ("context", "error"),
    "on_cancel": ("context",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeTraits:
    """What calling a node takes.

    Attributes:
        inputs: Names of the input connectors, in order.
        outputs: Names of the output connectors, in order.
        takes_context: `execute` names a parameter `context`.
        is_async: `execute` is a coroutine function.
        hooks: Names of the hooks that the class overrides; the others need not be called.
        default_config: The config of all instances made without one, or None where each needs its own.
        retry: How further attempts are made, with the class's own code for it.
        notices: What its definition should tell the user.
    """

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    takes_context: bool = False
    is_async: bool = False
    hooks: frozenset[str] = frozenset()
    default_config: Any = None
    retry: Retry = AT_ONCE
    notices: tuple[Diagnostic, ...] = ()


def find_traits(
    cls: type,
    base: type,
    connectors: tuple[ConnectorSpec, ...],
    *,
    notices: tuple[Diagnostic, ...] = (),
) -> NodeTraits:
    """Check how the class is to be called, and return it.

    Args:
        cls: A class with `execute`.
        base: `FlowNode`, whose hooks do nothing.
        connectors: The class's connectors.
        notices: What its definition should tell the user.

    Raises:
        DefinitionError: `node.signature`, `node.generator`, `node.hook_signature`, `node.retry`.
    """
    inputs = tuple(c.name for c in connectors if c.direction is Direction.INPUT)
    outputs = tuple(c.name for c in connectors if c.direction is Direction.OUTPUT)
    execute = _unbind(cls, "execute")
    _refuse_generator(cls, "execute", execute)
    hooks = frozenset(name for name in HOOKS if _overrides(cls, base, name))
    for name in hooks:
        _check_hook(cls, name)
    return NodeTraits(
        inputs=inputs,
        outputs=outputs,
        takes_context=_check_execute(cls, inputs),
        is_async=inspect.iscoroutinefunction(execute),
        hooks=hooks,
        default_config=_make_default(cls),
        retry=_read_retry(cls),
        notices=notices,
    )


def _unbind(cls: type, name: str) -> Callable[..., Any]:
    """Return the method as a plain function without `self`, for its signature and its kind."""
    found = inspect.getattr_static(cls, name)
    if isinstance(found, staticmethod | classmethod):
        return getattr(cls, name)  # type: ignore[no-any-return]
    if not callable(found):
        raise DefinitionError(
            f"`{name}` of {cls.__name__} is no method but {type(found).__name__}.",
            code="node.signature",
            suggestion=f"Define `def {name}(self, context, ...)`.",
        )
    return found  # type: ignore[no-any-return]


def _list_parameters(cls: type, name: str) -> list[inspect.Parameter]:
    function = _unbind(cls, name)
    parameters = list(read_signature(function).parameters.values())
    is_bound = isinstance(inspect.getattr_static(cls, name), staticmethod | classmethod)
    if is_bound:
        return parameters
    if not parameters:
        raise DefinitionError(
            f"`{name}` of {cls.__name__} has no parameter `self`.",
            code="node.signature",
            suggestion=f"Define `def {name}(self, ...)`.",
        )
    starred = parameters[0].kind is inspect.Parameter.VAR_POSITIONAL
    return parameters if starred else parameters[1:]


def _refuse_generator(cls: type, name: str, function: Callable[..., Any]) -> None:
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise DefinitionError(
            f"`{name}` of {cls.__name__} is a generator: it uses `yield`.",
            code="node.generator",
            suggestion="Return a list, or a mapping of outputs.",
        )


def _check_execute(cls: type, inputs: tuple[str, ...]) -> bool:
    """Compare the parameters of `execute` with the inputs; return whether it takes the context."""
    parameters = _list_parameters(cls, "execute")
    takes_any = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    named = {p.name: p for p in parameters if p.kind in _BY_NAME}
    known = (*inputs, "context")
    for parameter in parameters:
        _check_parameter(cls, parameter, known)
    missing = [name for name in inputs if name not in named]
    if missing and not takes_any:
        raise DefinitionError(
            f"`execute` of {cls.__name__} does not take the input `{missing[0]}`.",
            code="node.signature",
            suggestion=f"Write `def execute({', '.join(('self', 'context', *inputs))})`.",
        )
    return "context" in named or (takes_any and _asks_for_context(cls))


_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def _asks_for_context(cls: type) -> bool:
    return bool(getattr(cls, "_takes_context", False))


def _check_parameter(cls: type, parameter: inspect.Parameter, known: tuple[str, ...]) -> None:
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        raise DefinitionError(
            f"`execute` of {cls.__name__} takes `{parameter.name}` by position only.",
            code="node.signature",
            suggestion="Inputs are given by name: remove the `/`.",
        )
    is_given = parameter.name in known or parameter.kind not in _BY_NAME
    if is_given or parameter.default is not inspect.Parameter.empty:
        return
    raise DefinitionError(
        f"`execute` of {cls.__name__} takes `{parameter.name}`, which is no input.",
        code="node.signature",
        suggestion=suggest_names(parameter.name, known, what="inputs"),
    )


def _overrides(cls: type, base: type, name: str) -> bool:
    return inspect.getattr_static(cls, name) is not inspect.getattr_static(base, name, None)


def _check_hook(cls: type, name: str) -> None:
    _refuse_generator(cls, name, _unbind(cls, name))
    wanted = HOOKS[name]
    parameters = _list_parameters(cls, name)
    try:
        inspect.Signature(parameters).bind(*wanted)
    except TypeError:
        raise DefinitionError(
            f"The hook `{name}` of {cls.__name__} has other parameters than it is called with.",
            code="node.hook_signature",
            suggestion=f"Write `async def {name}({', '.join(('self', *wanted))})`.",
        ) from None


def _read_retry(cls: Any) -> Retry:
    try:
        return read_retry(cls.retry)
    except DefinitionError as error:
        raise DefinitionError(
            f"`retry` of {cls.__name__} is wrong: {error.reason}",
            code=error.code,
            suggestion=error.suggestion,
        ) from None


def _make_default(cls: Any) -> Any:
    """Return the config without any value given, or None where instances cannot share one."""
    fields = cls.Config.model_fields.values()
    if cls.Config.needs_values or any(
        field.is_required() or field.default_factory is not None for field in fields
    ):
        return None
    config = cls.Config()
    try:
        hash(config)
    except TypeError:
        return None
    return config
