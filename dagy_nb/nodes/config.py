"""Config values in, a checked config out; what is wrong is told without showing the values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.errors import PydanticInvalidForJsonSchema, PydanticSchemaGenerationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from dagy_nb.errors import ConfigError, DefinitionError
from dagy_nb.model.frozen import FrozenMap, thaw
from dagy_nb.model.nearest import find_nearest, suggest_names
from dagy_nb.nodes.secrets import is_secret

RESERVED_FIELDS = frozenset(
    {
        "config",
        "disabled",
        "id",
        "label",
        "memory_mb",
        "retries",
        "retry",
        "runner",
        "timeout",
        "trigger",
    }
)

_PLAIN = "Config holds plain values; make anything else an input."


class NodeConfig(BaseModel):
    """The base of every node's `Config`: frozen, refuses fields that it does not know.

    Attributes:
        needs_values: The defaults alone are no config: of some fields one must be given.
    """

    needs_values: ClassVar[bool] = False

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, protected_namespaces=()
    )


def read_config(
    model: type[BaseModel], values: Mapping[str, Any] | BaseModel | None, *, node_type: str
) -> BaseModel:
    """Return the checked config.

    Raises:
        ConfigError: With one problem for each wrong field, never with the wrong value itself.
    """
    if isinstance(values, model):
        return values
    problems = []
    try:
        return model.model_validate(dict(values or {}))
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        problems = [_tell(each, model) for each in found]
    told = "; ".join(f"{path}: {message}" if path else message for path, message in problems)
    raise ConfigError(
        f"The config of {node_type} is wrong: {told}.",
        problems=problems,
        suggestion="Mend the fields named here.",
    )


def _tell(problem: Mapping[str, Any], model: type[BaseModel]) -> tuple[str, str]:
    path = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        field = model.model_fields.get(path)
        about = f" ({field.description.rstrip('.')})" if field and field.description else ""
        return path, f"it needs a value{about}"
    if problem["type"] != "extra_forbidden":
        return path, str(problem["msg"]).removeprefix("Value error, ")
    if "." in path:  # of a model inside, whose fields are not at hand
        return path, "there is no such field"
    return path, f"there is no such field ({_hint(path, model.model_fields)})"


def _hint(path: str, fields: Iterable[str]) -> str:
    if path in RESERVED_FIELDS:
        return "it is an option of the node, beside its config"
    option = find_nearest(path, RESERVED_FIELDS, limit=1)
    if option and not find_nearest(path, fields):
        return f"did you mean the option `{option[0]}`?"
    hint = suggest_names(path, fields, what="fields").rstrip(".")
    return hint[0].lower() + hint[1:]


def check_config_class(node_type: str, model: object) -> type[NodeConfig]:
    """Return `model` if it can be a node's `Config`.

    Raises:
        DefinitionError: `node.config_class`, `node.reserved_name`, `node.config_default`.
    """
    if not (isinstance(model, type) and issubclass(model, NodeConfig)):
        raise DefinitionError(
            f"`Config` of {node_type} is no subclass of FlowNode.Config.",
            code="node.config_class",
            suggestion="Write `class Config(FlowNode.Config):`.",
        )
    reserved = sorted(RESERVED_FIELDS & set(model.model_fields))
    if reserved:
        raise DefinitionError(
            f"{node_type} has a config field `{reserved[0]}`, a word that `flow.add` keeps to itself.",
            code="node.reserved_name",
            suggestion=f"Name it otherwise, such as `{reserved[0]}_value`.",
        )
    has_required = any(field.is_required() for field in model.model_fields.values())
    if not has_required and not model.needs_values:
        _check_defaults(node_type, model)
    return model


def _check_defaults(node_type: str, model: type[NodeConfig]) -> None:
    try:
        model()
    except ValidationError as error:
        path, message = _tell(error.errors(include_input=False)[0], model)
    else:
        return
    raise DefinitionError(
        f"The default of the config field `{path}` of {node_type} does not fit: {message}.",
        code="node.config_default",
        suggestion="Change the default or the annotation.",
    )


def describe_config(node_type: str, model: type[BaseModel]) -> tuple[FrozenMap, FrozenMap]:
    """Return the JSON schema of a config class, and its default values without secrets.

    Raises:
        DefinitionError: `node.config_schema` for a field that no form could show, `node.config_default`
            for a default that could not be recorded.
    """
    defaults = FrozenMap(_list_defaults(node_type, model))
    try:
        schema = model.model_json_schema()
    except (PydanticInvalidForJsonSchema, PydanticSchemaGenerationError) as error:
        raise DefinitionError(
            f"The config of {node_type} has a field that has no JSON form: {error}.",
            code="node.config_schema",
            suggestion=_PLAIN,
        ) from None
    return FrozenMap(schema), defaults


def _list_defaults(node_type: str, model: type[BaseModel]) -> dict[str, Any]:
    found = {}
    for name, field in model.model_fields.items():
        if field.is_required():
            continue
        value = field.get_default(call_default_factory=True, validated_data={})
        if is_secret(value):
            continue
        try:
            found[name] = to_jsonable_python(value, fallback=_thaw_map)
        except (PydanticSerializationError, TypeError, ValueError):
            # Its text would be another one in every kernel: it could be neither compared nor recorded.
            raise DefinitionError(
                f"The default of the config field `{name}` of {node_type} is no plain value: it is of the "
                f"type {type(value).__name__}.",
                code="node.config_default",
                suggestion=_PLAIN,
            ) from None
    return found


def _thaw_map(value: Any) -> Any:
    if isinstance(value, FrozenMap):
        return thaw(value)
    msg = f"{type(value).__name__} is no plain value"
    raise TypeError(msg)
