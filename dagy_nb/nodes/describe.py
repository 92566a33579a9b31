"""A node class in, its frozen `NodeSpec` out."""

from __future__ import annotations

import hashlib
import inspect
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.frozen import FrozenMap, thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import MAX_SOURCE, NodeSpec, Origin, RunnerName
from dagy_nb.nodes.config import describe_config

MAX_DESCRIPTION = 20_000


def describe(cls: Any, *, origin: Origin, source: str = "", code_version: str = "") -> NodeSpec:
    """Return the spec of a node class.

    Args:
        cls: A concrete `FlowNode` subclass with its connectors and traits.
        origin: Where it was defined.
        source: Its text, for display.
        code_version: Fingerprint of its code with all that the code uses.

    Raises:
        DefinitionError: `node.metadata`, `node.config_schema`, `node.too_long`.
    """
    name = cls.__name__
    connectors: tuple[ConnectorSpec, ...] = cls.connectors
    schema, defaults = describe_config(name, cls.Config)
    shape = _hash([[_shape(each) for each in connectors], thaw(schema)])
    description = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    _refuse_length(name, "source", source, MAX_SOURCE)
    _refuse_length(name, "docstring", description, MAX_DESCRIPTION)
    try:
        return NodeSpec(
            type=name,
            origin=origin,
            version=_hash([code_version, shape]),
            schema_version=shape,
            description=description,
            is_async=cls.traits.is_async,
            connectors=connectors,
            config_schema=schema,
            config_defaults=defaults,
            source=source,
            **read_metadata(cls),
        )
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or name
        raise DefinitionError(
            f"{name} cannot be described: {where}: {problem['msg']}.", code="node.metadata"
        ) from None


_KINDS: Mapping[str, tuple[type, ...]] = {
    "category": (str,),
    "icon": (str,),
    "version": (str,),
    "deterministic": (bool,),
    "side_effects": (bool,),
    "safe_to_retry": (bool,),
    "retries": (int,),
    "memory_mb": (int, float, type(None)),
    "timeout": (int, float, type(None)),
    "runner": (str, type(None)),
    "tags": (tuple, list, set, frozenset),
}

OPTIONS = frozenset({*_KINDS, "label", "retry"})


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return class attributes that `@node(...)` or a cell's first line sets, if there are such.

    Raises:
        DefinitionError: `node.metadata`, naming the unknown one.
    """
    for name in options:
        if name not in OPTIONS:
            raise DefinitionError(
                f"A node has no option {name!r}.",
                code="node.metadata",
                suggestion=suggest_names(name, sorted(OPTIONS), what="options"),
            )
    return dict(options)


def read_metadata(cls: Any) -> dict[str, Any]:
    """Return the metadata which the class declares by its attributes.

    Raises:
        DefinitionError: `node.metadata`, naming the attribute.
    """
    found = {name: getattr(cls, name) for name in _KINDS}
    found["label"] = cls.__dict__.get("label") or say_in_words(cls.__name__)
    for name, kinds in {**_KINDS, "label": (str,)}.items():
        is_flag = isinstance(found[name], bool)
        if not isinstance(found[name], kinds) or (is_flag and bool not in kinds):
            _refuse(cls, name, found[name], " or ".join(kind.__name__ for kind in kinds))
    if not all(isinstance(tag, str) for tag in found["tags"]):
        _refuse(cls, "tags", found["tags"], "texts")
    if found["timeout"] is not None and not 0 <= found["timeout"] < float("inf"):
        _refuse(cls, "timeout", found["timeout"], "seconds, 0 for no limit, or None")
    if not 0 <= found["retries"] <= 100:
        _refuse(cls, "retries", found["retries"], "a number from 0 to 100")
    if found["memory_mb"] is not None and not 0 < found["memory_mb"] < float("inf"):
        _refuse(cls, "memory_mb", found["memory_mb"], "megabytes above 0, or None")
    found["retry"] = cls.traits.retry.spec
    found["runner"] = _read_runner(cls, found["runner"])
    found["tags"] = tuple(found["tags"])
    found["author_version"] = found.pop("version")
    return found


def say_in_words(name: str) -> str:
    """Turn a class's or function's name into words.

    Example:
        >>> say_in_words("DelayByCarrier"), say_in_words("load_CSV_file")
        ('Delay by carrier', 'Load CSV file')
    """
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|_+", " ", name)
    words = [word if word.isupper() and len(word) > 1 else word.lower() for word in spaced.split()]
    if not words:
        return name
    return " ".join([words[0][:1].upper() + words[0][1:], *words[1:]])


def _read_runner(cls: Any, runner: str | None) -> RunnerName | None:
    if runner is None:
        return None
    try:
        return RunnerName(runner)
    except ValueError:
        raise DefinitionError(
            f"{cls.__name__} asks for the runner {runner!r}, which there is not.",
            code="node.metadata",
            suggestion=suggest_names(runner, list(RunnerName), what="runners"),
        ) from None


def _refuse(cls: Any, name: str, value: object, wanted: str) -> None:
    raise DefinitionError(
        f"The attribute `{name}` of {cls.__name__} is {value!r}; it must be {wanted}.",
        code="node.metadata",
        suggestion=f"Mend `{name} = ...` in the class body.",
    )


def _refuse_length(name: str, what: str, text: str, limit: int) -> None:
    if len(text) > limit:
        raise DefinitionError(
            f"The {what} of {name} has {len(text):,} characters; {limit:,} are allowed.",
            code="node.too_long",
            suggestion="Move a part of it into a module and import that.",
        )


def _shape(connector: ConnectorSpec) -> list[Any]:
    """Return what decides whether an edge fits: not how the connector looks."""
    return [
        connector.name,
        connector.direction,
        list(connector.data_types),
        connector.cardinality,
        connector.secret,
    ]


def _hash(value: Iterable[Any] | FrozenMap) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
