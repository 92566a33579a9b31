"""A user's words in, the parts of a flow out, or an error in the user's words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError, to_jsonable_python

from dagy_nb.errors import ConfigError, ConnectionRefused, DefinitionError, FlowError
from dagy_nb.model.edit import SetFlow
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.frozen import thaw
from dagy_nb.model.retry import RetrySpec
from dagy_nb.nodes.retry import read_retry

OPTIONS = frozenset(
    {"disabled", "label", "memory_mb", "retries", "retry", "runner", "timeout", "trigger"}
)


def make_id(type_name: str, flow: FlowSpec) -> str:
    """Return an id for a new node: `load_flights`, then `load_flights_2`."""
    base = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type_name).lower()
    taken = {node.id for node in flow.nodes}
    if base not in taken:
        return base
    return next(each for number in count(2) if (each := f"{base}_{number}") not in taken)


def build_spec(**fields: Any) -> FlowSpec:
    """Return the flow these fields describe.

    Raises:
        FlowError: `flow.invalid`, naming the field.
    """
    try:
        return FlowSpec(**fields)
    except ValidationError as error:
        raise FlowError(
            f"The flow {fields['name']!r} is not described rightly: {tell_problem(error)}."
        ) from None


def build_fields(flow: FlowSpec, changes: Mapping[str, Any]) -> SetFlow:
    """Return the edit that changes these fields of a flow.

    Raises:
        FlowError: `flow.invalid`, naming the field.
    """
    now = {name: getattr(flow, name) for name in SetFlow.model_fields if name != "kind"}
    try:
        return SetFlow(**{**now, **changes})
    except ValidationError as error:
        raise FlowError(
            f"The flow {flow.name!r} cannot be described so: {tell_problem(error)}.",
            suggestion=f"Its fields are: {', '.join(now)}.",
        ) from None


def build_entry(**fields: Any) -> NodeEntry:
    """Return the node these fields describe.

    Raises:
        FlowError: `flow.node_invalid`, naming the field; `flow.retry_code` for a callable in `retry`.
        ConfigError: `config.not_plain` for a value that no record can hold.
    """
    if fields.get("retry") is not None:
        fields["retry"] = _read_retry(fields["id"], fields["retry"])
    try:
        entry = NodeEntry(**fields)
    except ValidationError as error:
        raise FlowError(
            f"The node {fields['id']!r} is not described rightly: {tell_problem(error)}.",
            code="flow.node_invalid",
        ) from None
    _refuse_unwritable(entry)
    return entry


def _read_retry(node_id: str, value: object) -> RetrySpec:
    try:
        retry = read_retry(value)
    except DefinitionError as error:
        raise FlowError(
            f"The retry of {node_id!r} is not described rightly: {error.reason}",
            code="flow.node_invalid",
            suggestion=error.suggestion,
        ) from None
    if retry.code:
        raise FlowError(
            f"The retry of {node_id!r} has code in `{retry.code[0]}`, and a flow holds no code.",
            code="flow.retry_code",
            suggestion=f"Put it into the node's class: `retry = Retry({retry.code[0]}=…)`.",
        )
    return retry.spec


def merge_config(config: object, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config given as a mapping with the values given by keyword put over it.

    Raises:
        FlowError: `flow.node_invalid`.
    """
    if config is None:
        return dict(values)
    if not isinstance(config, Mapping) or not all(isinstance(key, str) for key in config):
        raise FlowError(
            f"{config!r} is no config: it must be a mapping from field name to value.",
            code="flow.node_invalid",
            suggestion='Write config={"minutes": 30}, or minutes=30.',
        )
    return {**config, **values}


def tell_problem(error: ValidationError) -> str:
    """Return the first problem of a value in one line: `timeout: Input should be …`."""
    problem = error.errors(include_input=False, include_url=False)[0]
    path = ".".join(str(part) for part in problem["loc"])
    words = str(problem["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{path}: {words}" if path else words


def _refuse_unwritable(entry: NodeEntry) -> None:
    for field, value in entry.config.items():
        try:
            to_jsonable_python(thaw(value))
        except (PydanticSerializationError, ValueError) as error:
            raise ConfigError(
                f"The config field {field} of {entry.id} cannot be recorded: {error}.",
                code="config.not_plain",
                problems=[(field, str(error))],
                suggestion="Lead such a value into an input, by an edge from a node that makes it.",
            ) from None


def parse_edge(text: str) -> EdgeSpec:
    """Return the edge that a text names.

    Raises:
        ConnectionRefused: `edge.syntax`.
    """
    try:
        return EdgeSpec.parse(text)
    except ValueError:
        raise ConnectionRefused(
            f"{text!r} is no edge.",
            code="edge.syntax",
            suggestion='Write flow.connect("node.output", "node.input").',
        ) from None
