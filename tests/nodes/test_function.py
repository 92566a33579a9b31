"""Plain functions in, nodes out; called directly they stay what they were."""

from __future__ import annotations

import asyncio
import functools
import inspect
import pickle
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, TypedDict

import pandas as pd
import pytest
from pydantic import Field, SecretStr

from dagy_nb.errors import ConfigError, DefinitionError
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.connectors import Input, Output
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.function import node

CONTEXT = ExecutionContext(node_id="n")


@node(timeout=5, category="Flights", tags=["late"], register=False)
def late(flights: pd.DataFrame, minutes: float = 15) -> pd.DataFrame:
    """Keep late flights."""
    return flights[flights.dep_delay > minutes]


FLIGHTS = pd.DataFrame({"dep_delay": [5, 20, 40]})


def test_a_function_becomes_a_node_of_its_name():
    spec = late.spec

    assert issubclass(late, FlowNode)
    assert (spec.type, spec.label, spec.description) == ("late", "Late", "Keep late flights.")
    assert (spec.timeout, spec.category, spec.tags) == (5, "Flights", ("late",))
    assert [(c.name, c.data_types) for c in spec.inputs] == [("flights", (DataType.TABLE,))]
    assert [(c.name, c.data_types) for c in spec.outputs] == [("output", (DataType.TABLE,))]
    assert spec.config_defaults == {"minutes": 15}
    assert spec.config_schema["properties"]["minutes"]["type"] == "number"
    assert spec.source.startswith("@node(timeout=5")


def test_a_node_is_still_callable_as_the_function():
    assert len(late(FLIGHTS, minutes=30)) == 1
    assert len(late(FLIGHTS)) == 2
    assert late.__doc__ == "Keep late flights."
    assert list(inspect.signature(late).parameters) == ["flights", "minutes"]
    assert "dep_delay" in inspect.getsource(late)


def test_an_instance_runs_the_function_with_its_config():
    made = late.create({"minutes": "30"})

    assert isinstance(made, late)
    assert len(made.invoke(CONTEXT, {"flights": FLIGHTS})["output"]) == 1
    with pytest.raises(ConfigError):
        late.create({"minute": 3})


def test_function_nodes_pickle():
    assert pickle.loads(pickle.dumps(late)) is late
    assert pickle.loads(pickle.dumps(late.create({"minutes": 3}))).config.minutes == 3


def test_a_node_is_registered_unless_told_otherwise(registry):
    @node
    def fresh(x: int) -> int:
        return x

    @node(register=False)
    def hidden(x: int) -> int:
        return x

    assert dict(registry.snapshot().classes) == {"fresh": fresh}


def test_a_coroutine_function_gives_an_async_node():
    @node(register=False)
    async def fetch(url: str, tries: int = 1) -> str:
        await asyncio.sleep(0)
        return f"{url}{tries}"

    assert fetch.spec.is_async
    assert asyncio.run(fetch.create().invoke(CONTEXT, {"url": "a"})) == {"output": "a1"}
    assert asyncio.run(fetch("b", tries=2)) == "b2"


def test_the_context_is_given_where_it_is_named():
    @node(register=False)
    def curious(context: ExecutionContext, x: int) -> str:
        return f"{context.node_id}{x}"

    assert [c.name for c in curious.spec.inputs] == ["x"]
    assert curious.create().invoke(CONTEXT, {"x": 1}) == {"output": "n1"}


class Split(TypedDict):
    low: list[int]
    high: Annotated[list[int], Output(description="The rest.")]


class Pair(NamedTuple):
    low: int
    high: str


@dataclass
class Report:
    table: pd.DataFrame
    text: str | None = None


def gives_dict(x: int) -> Split:
    return {"low": [x], "high": []}


def gives_tuple(x: int) -> Pair:
    return Pair(x, "b")


def gives_dataclass(x: int) -> Report:
    return Report(FLIGHTS)


@pytest.mark.parametrize(
    ("function", "outputs", "value"),
    [
        (gives_dict, [("low", DataType.LIST), ("high", DataType.LIST)], {"low": [1], "high": []}),
        (
            gives_tuple,
            [("low", DataType.INTEGER), ("high", DataType.TEXT)],
            {"low": 1, "high": "b"},
        ),
        (
            gives_dataclass,
            [("table", DataType.TABLE), ("text", DataType.TEXT)],
            {"table": FLIGHTS, "text": None},
        ),
    ],
)
def test_a_record_as_return_annotation_gives_an_output_for_each_field(function, outputs, value):
    made = node(register=False)(function)

    assert [(c.name, c.data_types[0]) for c in made.spec.outputs] == outputs
    result = made.create().invoke(CONTEXT, {"x": 1})
    assert list(result) == list(value)
    assert all(result[key] is value[key] or result[key] == value[key] for key in value)


def test_a_field_that_may_be_none_is_an_optional_output():
    made = node(register=False)(gives_dataclass)

    assert made.spec.outputs[1].cardinality is Cardinality.OPTIONAL


def test_a_sole_value_that_may_be_none_is_left_out():
    @node(register=False)
    def find(x: int) -> str | None:
        return "found" if x else None

    assert find.spec.outputs[0].cardinality is Cardinality.OPTIONAL
    assert find.create().invoke(CONTEXT, {"x": 0}) == {}
    assert find.create().invoke(CONTEXT, {"x": 1}) == {"output": "found"}


def test_a_function_that_returns_none_signals():
    @node(register=False)
    def store(x: int) -> None:
        pass

    assert store.spec.outputs[0].data_types == (DataType.SIGNAL,)
    assert store.create().invoke(CONTEXT, {"x": 0}) == {"output": None}


def test_a_dict_as_sole_value_is_not_taken_for_outputs():
    @node(register=False)
    def facts(x: int) -> dict:
        return {"output": x}

    assert facts.create().invoke(CONTEXT, {"x": 1}) == {"output": {"output": 1}}


def test_starred_parameters_take_many_edges():
    @node(register=False)
    def union(first: int, /, second: int, *rest: int, factor: int = 1) -> int:
        return (first + 10 * second + 100 * sum(rest)) * factor

    assert [(c.name, c.cardinality) for c in union.spec.inputs][-1] == ("rest", Cardinality.MANY)
    given = {"first": 1, "second": 2, "rest": [3, 4]}
    assert union.create({"factor": 2}).invoke(CONTEXT, given) == {"output": 1442}


def test_connectors_may_be_declared_in_the_annotation():
    @node(register=False)
    def merge(
        tables: Annotated[
            list, Input(DataType.TABLE, cardinality="many", description="All of them.")
        ],
        key: Annotated[Any, Input(secret=True)],
    ) -> Annotated[Any, Output(DataType.TABLE, name="merged")]:
        return tables[0]

    tables, key = merge.spec.inputs
    assert (tables.data_types, tables.cardinality) == ((DataType.TABLE,), Cardinality.MANY)
    assert tables.description == "All of them."
    assert key.secret
    assert merge.spec.outputs[0].name == "merged"
    assert merge.create().invoke(CONTEXT, {"tables": [1], "key": 2}) == {"merged": 1}


def test_a_table_with_the_default_none_is_an_optional_input():
    @node(register=False)
    def join(
        left: pd.DataFrame,
        right: pd.DataFrame | None = None,
        third: pd.DataFrame = None,
        how: str | None = None,
    ) -> pd.DataFrame:
        return left

    assert [(c.name, c.cardinality) for c in join.spec.inputs] == [
        ("left", Cardinality.ONE),
        ("right", Cardinality.OPTIONAL),
        ("third", Cardinality.OPTIONAL),
    ]
    assert join.spec.config_defaults == {"how": None}


def test_config_may_be_described_with_field():
    @node(register=False)
    def cut(
        x: int,
        limit: int = Field(5, ge=1, description="At most."),
        *,
        extra: Annotated[int, Field(le=3)] = 1,
    ) -> int:
        return min(x, limit) + extra

    assert cut.spec.config_schema["properties"]["limit"]["minimum"] == 1
    assert cut(9) == 6
    assert cut(9, 3) == 4
    assert cut.create({"limit": 2}).invoke(CONTEXT, {"x": 9}) == {"output": 3}
    with pytest.raises(ConfigError):
        cut.create({"limit": 0})
    with pytest.raises(ConfigError):
        cut.create({"extra": 4})


def test_secrets_in_config_are_masked():
    @node(register=False)
    def call(url: str, token: SecretStr = SecretStr("canary")) -> str:  # noqa: B008
        return token.get_secret_value()

    made = call.create()
    assert "canary" not in repr(made)
    assert made.invoke(CONTEXT, {"url": ""}) == {"output": "canary"}


def test_what_has_no_annotation_is_any_with_a_notice():
    @node(register=False)
    def loose(x, y: "Nowhere", minutes=15):  # noqa: F821, UP037
        return x

    assert all(c.data_types == (DataType.ANY,) for c in loose.spec.connectors)
    assert [n.code for n in loose.traits.notices] == ["node.unknown_annotation"] * 3
    assert loose.spec.config_schema["properties"]["minutes"]["type"] == "integer"


def test_decorated_functions_keep_their_decorators():
    def twice(function):
        @functools.wraps(function)
        def call(*values, **named):
            return 2 * function(*values, **named)

        return call

    @node(register=False)
    @twice
    def number(x: int, plus: int = 0) -> int:
        return x + plus

    assert number.create({"plus": 1}).invoke(CONTEXT, {"x": 2}) == {"output": 6}
    assert [c.name for c in number.spec.inputs] == ["x"]


def starred(**inputs: int) -> int: ...
def generator(x: int):
    yield x


def reserved(x: int, timeout: float = 3) -> int: ...
def bad_default(x: int, count: int = "three") -> int: ...
def same_name(output: int) -> int: ...
def wrong_end(x: Annotated[int, Output()]) -> int: ...
def wrong_end_too(x: int) -> Annotated[int, Input()]: ...
def no_json(x: int, thing: Any = pytest) -> int: ...


@pytest.mark.parametrize(
    ("function", "code"),
    [
        (starred, "node.signature"),
        (lambda x: x, "node.signature"),
        (3, "node.signature"),
        (generator, "node.generator"),
        (reserved, "node.reserved_name"),
        (bad_default, "node.config_default"),
        (same_name, "node.connector_twice"),
        (wrong_end, "node.connector"),
        (wrong_end_too, "node.connector"),
    ],
)
def test_a_function_that_cannot_be_a_node_is_refused(registry, function, code):
    with pytest.raises(DefinitionError) as caught:
        node(function)

    assert caught.value.code == code
    assert not registry.snapshot().classes


def test_an_unknown_option_is_refused():
    with pytest.raises(DefinitionError) as caught:
        node(timeuot=3)(gives_dict)

    assert "Did you mean `timeout`?" in str(caught.value)


def test_parameters_may_bear_the_names_of_class_attributes():
    @node(register=False)
    def tell(spec: str, category: str, execute: str) -> str:
        return spec + category + execute

    given = {"spec": "a", "category": "b", "execute": "c"}
    assert tell.create().invoke(CONTEXT, given) == {"output": "abc"}
    assert tell.spec.category == "General"


def _take_lambda(n: int, f=lambda x: x) -> int:
    return f(n)


def _take_model_word(n: int, model_config: int = 1) -> int:
    return n + model_config


@pytest.mark.parametrize(
    ("function", "field"),
    [
        (_take_lambda, "f"),
        (_take_model_word, "model_config"),
    ],
)
def test_a_parameter_that_can_be_no_config_is_refused_by_name(function, field):
    with pytest.raises(DefinitionError, match=f"`{field}`") as caught:
        node(function, register=False)

    assert caught.value.code == "node.config_schema"
    assert "input" in caught.value.suggestion
