"""A function in, its connectors, its config class and the way to split its value out."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any

from pydantic import PydanticUserError, create_model
from pydantic.fields import FieldInfo

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import Cardinality, Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.diagnostic import Diagnostic, Place, Severity
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.connectors import Connector, Input, Output
from dagy_nb.nodes.infer import Inferred, infer_types
from dagy_nb.nodes.signature import list_annotations, read_signature
from dagy_nb.nodes.source import unwrap

SOLE_OUTPUT = "output"
_NO_CONFIG = (
    PydanticUserError,
    NameError,
    TypeError,
)  # what pydantic says of a field it cannot make


class FunctionReader:
    """Reads a function's signature once."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.name = getattr(function, "__name__", "")
        self.function = function
        self.notices: list[Diagnostic] = []
        self.connectors: list[Connector] = []
        self.fields: dict[str, tuple[Any, Any]] = {}
        self.takes_context = False
        self.starred = ""
        self.positional: list[str] = []
        self.is_async = inspect.iscoroutinefunction(unwrap(function))
        self._refuse_what_is_no_function()
        self.hints = _read_hints(function)
        self._signature = read_signature(function)
        for parameter in self._signature.parameters.values():
            self._read_parameter(parameter)
        self.split = self._read_return()

    def make_config(self) -> type[NodeConfig]:
        """Return the config class of the parameters with a default.

        Raises:
            DefinitionError: `node.config_schema` for a parameter that no config can hold.
        """
        if not self.fields:
            return NodeConfig
        try:
            made = self._make_model(self.fields)
        except _NO_CONFIG as error:
            raise self._refuse_field(error) from None
        made.__qualname__ = f"{self.function.__qualname__}.Config"
        return made

    def _make_model(self, fields: dict[str, Any]) -> type[NodeConfig]:
        return create_model(
            "Config",
            __base__=NodeConfig,
            __module__=self.function.__module__,
            __doc__=f"Config of {self.name}.",
            **fields,
        )

    def _refuse_field(self, error: Exception) -> DefinitionError:
        """Return the error that names the first parameter which makes no config by itself."""
        wrong = next((name for name in self.fields if not self._can_hold(name)), "")
        return DefinitionError(
            f"The parameter `{wrong}` of {self.name} has a default, so it is config, which cannot hold it: "
            f"{str(error).splitlines()[0].rstrip('.')}.",
            code="node.config_schema",
            suggestion="Config holds plain values under plain names; without a default it is an input.",
        )

    def _can_hold(self, name: str) -> bool:
        try:
            self._make_model({name: self.fields[name]})
        except _NO_CONFIG:
            return False
        return True

    def _refuse_what_is_no_function(self) -> None:
        if not self.name.isidentifier():
            raise DefinitionError(
                f"{self.function!r} is no named function.",
                code="node.signature",
                suggestion="Write `def name(...)` below `@node`.",
            )
        inner = unwrap(self.function)
        if inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner):
            raise DefinitionError(
                f"{self.name} is a generator: it uses `yield`.",
                code="node.generator",
                suggestion="Return a list.",
            )

    def _read_parameter(self, parameter: inspect.Parameter) -> None:
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            raise DefinitionError(
                f"{self.name} takes `**{parameter.name}`: inputs must have names.",
                code="node.signature",
                suggestion="Name each input, or use `*` for one input with many edges.",
            )
        if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
            self.positional.append(parameter.name)
        if parameter.name == "context":
            self.takes_context = True
            return
        inferred = infer_types(self.hints.get(parameter.name, inspect.Parameter.empty))
        if parameter.kind is inspect.Parameter.VAR_POSITIONAL:
            self.starred = parameter.name
            self._add_input(parameter.name, inferred, Cardinality.MANY)
        elif parameter.default is inspect.Parameter.empty:
            self._add_input(parameter.name, inferred, inferred.cardinality)
        elif _is_optional_input(parameter, inferred):
            self._add_input(parameter.name, inferred, Cardinality.OPTIONAL)
        else:
            self._add_field(parameter)

    def _add_input(self, name: str, inferred: Inferred, cardinality: Cardinality) -> None:
        if not inferred.is_known:
            self._notice(name)
        declared = inferred.declared or Input()
        if declared.direction is not Direction.INPUT:
            raise DefinitionError(
                f"The parameter `{name}` of {self.name} is annotated with an Output.",
                code="node.connector",
                suggestion="Annotate it with an Input.",
            )
        self.connectors.append(_fill(declared, name, inferred.data_types, cardinality))

    def _add_field(self, parameter: inspect.Parameter) -> None:
        hint = self.hints.get(parameter.name, inspect.Parameter.empty)
        if hint is inspect.Parameter.empty:
            default = parameter.default
            is_plain = default is not None and not isinstance(default, FieldInfo)
            hint = type(default) if is_plain else Any
        self.fields[parameter.name] = (hint, parameter.default)

    def _read_return(self) -> Callable[[Any], Any]:
        """Add the outputs; return what splits the function's value into them."""
        if "return" not in self.hints:
            self._add_output(SOLE_OUTPUT, infer_types(inspect.Parameter.empty))
            return _wrap_sole
        annotation = self.hints["return"]
        fields = _list_fields(annotation)
        if not fields:
            inferred = infer_types(annotation)
            name = self._add_output(SOLE_OUTPUT, inferred)
            is_open = inferred.cardinality is Cardinality.OPTIONAL
            return _make_wrap(name, is_open=is_open)
        for name, hint in fields.items():
            self._add_output(name, infer_types(hint))
        return _make_split(annotation)

    def _add_output(self, name: str, inferred: Inferred) -> str:
        if not inferred.is_known:
            self._notice("return")
        declared = inferred.declared or Output()
        if declared.direction is not Direction.OUTPUT:
            raise DefinitionError(
                f"The return annotation of {self.name} holds an Input.",
                code="node.connector",
                suggestion="Annotate it with an Output.",
            )
        is_open = inferred.cardinality is Cardinality.OPTIONAL
        cardinality = Cardinality.OPTIONAL if is_open else Cardinality.MANY
        filled = _fill(declared, declared.name or name, inferred.data_types, cardinality)
        self.connectors.append(filled)
        return filled.name

    def _notice(self, name: str) -> None:
        what = "The returned value" if name == "return" else f"The parameter `{name}`"
        self.notices.append(
            Diagnostic(
                code="node.unknown_annotation",
                severity=Severity.NOTE,
                place=Place(node=self.name, connector="" if name == "return" else name),
                message=f"{what} of {self.name} has no annotation that names a data type: it is ANY.",
                suggestion="Annotate it, such as `pd.DataFrame`, `int` or `str`.",
            )
        )


def _is_optional_input(parameter: inspect.Parameter, inferred: Inferred) -> bool:
    """Whether a parameter with the default None can hold no config: a table, an array, an object."""
    return parameter.default is None and inferred.is_known and not inferred.is_plain


def _fill(
    declared: Connector, name: str, types: tuple[DataType, ...], cardinality: Cardinality
) -> Connector:
    return type(declared)(
        *types,
        cardinality=declared.cardinality or cardinality,
        side=declared.side,
        description=declared.description,
        secret=declared.secret,
        metadata=declared.metadata,
        name=name,
    )


def _read_hints(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations, resolved one by one: one that cannot be resolved is `empty`."""
    inner = unwrap(function)
    hints = {}
    for name, annotation in list_annotations(inner).items():
        holder = type("Holder", (), {"__annotations__": {name: annotation}})
        names = getattr(inner, "__globals__", {})
        try:
            hints.update(typing.get_type_hints(holder, names, {}, include_extras=True))
        except Exception:  # noqa: BLE001  # any expression may stand in an annotation
            hints[name] = inspect.Parameter.empty
    return hints


def _list_fields(annotation: Any) -> dict[str, Any]:
    """Return the fields of a TypedDict, NamedTuple or dataclass, else nothing."""
    is_named = isinstance(annotation, type) and hasattr(annotation, "_fields")
    is_fact = (
        annotation.__module__.startswith("dagy_nb.") if hasattr(annotation, "__module__") else False
    )
    if typing.is_typeddict(annotation) or is_named:
        return typing.get_type_hints(annotation, include_extras=True)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation) and not is_fact:
        hints = typing.get_type_hints(annotation, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(annotation)}
    return {}


def _wrap_sole(value: Any) -> dict[str, Any]:
    return {SOLE_OUTPUT: value}


def _make_wrap(name: str, *, is_open: bool) -> Callable[[Any], Any]:
    def wrap(value: Any) -> dict[str, Any]:
        return {} if is_open and value is None else {name: value}

    return wrap


def _make_split(annotation: Any) -> Callable[[Any], Any]:
    if typing.is_typeddict(annotation):
        return lambda value: value
    if hasattr(annotation, "_fields"):
        return lambda value: value._asdict() if hasattr(value, "_asdict") else value
    names = [field.name for field in dataclasses.fields(annotation)]

    def split(value: Any) -> Any:
        if not isinstance(value, annotation):
            return value
        return {name: getattr(value, name) for name in names}

    return split
