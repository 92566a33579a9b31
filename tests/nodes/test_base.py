"""Class statements in, node types out; what is wrong is told with a code."""

from __future__ import annotations

import abc
import asyncio
import pickle

import pytest
from pydantic import Field, SecretStr

from dagy_nb.errors import ConfigError, DefinitionError
from dagy_nb.model.connector import Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.spec import OriginKind, RunnerName
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.traits import HOOKS


class Delay(FlowNode, register=False):
    """Mean delay.

    In minutes.
    """

    category = "Flights"
    tags = ("Delay", "mean", "delay")
    icon = "✈"
    version = "1.2"
    deterministic = False
    side_effects = True
    safe_to_retry = False
    timeout = 30
    runner = "thread"
    retries = 2

    flights = Input(DataType.TABLE, description="One row each.")
    weather = Input(DataType.TABLE, DataType.JSON, cardinality="optional")
    report = Output(DataType.TABLE)
    error = Output(DataType.ERROR)

    class Config(FlowNode.Config):
        """Settings."""

        min_flights: int = Field(100, ge=1, description="Drop small ones.")
        token: SecretStr = SecretStr("hidden-word")

    def execute(self, context, flights, weather):
        return {"report": flights}


def test_a_class_is_described_once_and_in_full():
    spec = Delay.spec

    assert Delay.spec is spec
    assert spec.type == spec.label == "Delay"
    assert spec.description == "Mean delay.\n\nIn minutes."
    assert (spec.category, spec.icon, spec.author_version) == ("Flights", "✈", "1.2")
    assert spec.tags == ("delay", "mean")
    assert (spec.deterministic, spec.side_effects, spec.safe_to_retry) == (False, True, False)
    assert (spec.timeout, spec.runner, spec.retries) == (30, RunnerName.THREAD, 2)
    assert [c.name for c in spec.connectors] == ["flights", "weather", "report", "error"]
    assert spec.origin.kind is OriginKind.MODULE
    assert spec.origin.place == __name__
    assert spec.source.startswith("class Delay(FlowNode")
    assert len(spec.version) == len(spec.schema_version) == 16


def test_the_config_is_described_for_a_form_without_secrets():
    properties = Delay.spec.config_schema["properties"]

    assert properties["min_flights"]["minimum"] == 1
    assert Delay.spec.config_defaults == {"min_flights": 100}
    assert "hidden-word" not in Delay.spec.model_copy(update={"source": ""}).model_dump_json()


def test_connectors_are_listed_by_direction():
    assert [c.name for c in Delay.inbound_connectors()] == ["flights", "weather"]
    assert [c.name for c in Delay.outbound_connectors()] == ["report", "error"]
    assert all(c.direction is Direction.INPUT for c in Delay.inbound_connectors())


def test_a_spec_is_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Delay.spec.label = "x"


def test_an_instance_has_a_checked_config():
    node = Delay({"min_flights": 3})

    assert node.config.min_flights == 3
    assert Delay.create(node.config).config is node.config
    with pytest.raises(ValueError, match="frozen"):
        node.config.min_flights = 4


def test_secrets_are_masked_in_an_instance():
    node = Delay.create({"token": "canary-1"})

    assert "canary-1" not in f"{node!r} {node} {node.config}"
    assert node.config.token.get_secret_value() == "canary-1"


@pytest.mark.parametrize(
    ("config", "problems", "told"),
    [
        ({"min_flights": 0}, ["min_flights"], "greater than or equal to 1"),
        ({"min_flights": "many"}, ["min_flights"], "valid integer"),
        ({"min_fligths": 3}, ["min_fligths"], "did you mean `min_flights`?"),
        ({"min_flights": 0, "x": 1}, ["min_flights", "x"], "no such field"),
        ({"token": 7}, ["token"], "string"),
    ],
)
def test_a_wrong_config_is_refused_field_by_field(config, problems, told):
    with pytest.raises(ConfigError) as caught:
        Delay.create(config)

    assert [path for path, _ in caught.value.problems] == problems
    assert told in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_wrong_config_is_told_without_its_values():
    with pytest.raises(ConfigError) as caught:
        Delay.create({"token": ["canary-2"], "min_flights": "canary-3"})

    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


def test_hooks_that_a_class_does_not_override_are_not_listed():
    class Hooked(FlowNode, register=False):
        async def pre_execute(self, context):
            pass

        def on_cancel(self, context):
            pass

        def execute(self):
            pass

    assert Delay.traits.hooks == frozenset()
    assert Hooked.traits.hooks == {"pre_execute", "on_cancel"}


def test_every_hook_of_the_base_may_be_called_and_does_nothing():
    node = Delay.create()

    for name, words in HOOKS.items():
        assert getattr(node, name)(*words) is None


@pytest.mark.parametrize("name", HOOKS)
def test_hooks_may_be_sync_or_async_and_are_inherited(name):
    async def hook(self, *values):
        return values

    base = NodeMeta("Base", (FlowNode,), {name: hook})
    node = NodeMeta(
        "Child", (base,), {"execute": lambda self: None, "__module__": __name__}, register=False
    )

    assert node.traits.hooks == {name}
    words = HOOKS[name]
    assert asyncio.run(getattr(node.create(), name)(*words)) == words


def test_the_context_is_given_only_where_it_is_named():
    class Plain(FlowNode, register=False):
        x = Input()

        def execute(self, x):
            return x

    class Curious(FlowNode, register=False):
        x = Input()

        async def execute(self, x, *, context):
            return x, context

    context = ExecutionContext()
    assert not Plain.traits.takes_context
    assert Plain().invoke(context, {"x": 1}) == 1
    assert Curious.traits.takes_context
    assert Curious.traits.is_async
    assert asyncio.run(Curious().invoke(context, {"x": 1})) == (1, context)


def test_execute_may_take_all_inputs_at_once():
    class Loose(FlowNode, register=False):
        x = Input()
        y = Input()

        def execute(self, context, **inputs):
            return inputs

    assert Loose().invoke(ExecutionContext(), {"x": 1, "y": 2}) == {"x": 1, "y": 2}


def test_execute_may_be_static_or_bound_to_the_class():
    class Still(FlowNode, register=False):
        x = Input()

        @staticmethod
        def execute(x):
            return x

    class Bound(FlowNode, register=False):
        x = Input()

        @classmethod
        def execute(cls, context, x):
            return cls, x

    assert Still().invoke(ExecutionContext(), {"x": 1}) == 1
    assert Bound().invoke(ExecutionContext(), {"x": 1}) == (Bound, 1)


def test_connectors_are_inherited_replaced_and_removed():
    class Base(FlowNode):
        a = Input(DataType.TEXT)
        b = Input(DataType.TEXT)
        out = Output(DataType.TEXT)

    class Child(Base, register=False):
        b = Input(DataType.TABLE)
        a = None
        c = Input()

        def execute(self, b, c):
            return None

    assert [(c.name, c.data_types[0]) for c in Child.connectors] == [
        ("b", DataType.TABLE),
        ("out", DataType.TEXT),
        ("c", DataType.ANY),
    ]


def test_a_class_without_execute_is_abstract(registry):
    class Base(FlowNode):
        """A base."""

    class Contract(FlowNode):
        @abc.abstractmethod
        def execute(self):
            """Do it."""

    assert not registry.snapshot().classes
    assert "base" in repr(Base)
    for each in (Base, Contract):
        with pytest.raises(DefinitionError) as caught:
            each()
        assert caught.value.code == "node.no_execute"


def test_a_mistyped_execute_is_pointed_out():
    class Typo(FlowNode):
        def exceute(self):
            pass

    with pytest.raises(DefinitionError, match="Rename `exceute`"):
        Typo()


def test_a_class_is_registered_when_it_is_defined(registry):
    class Fresh(FlowNode):
        def execute(self):
            pass

    class Hidden(FlowNode, register=False):
        def execute(self):
            pass

    assert dict(registry.snapshot().classes) == {"Fresh": Fresh}
    assert Hidden.spec.type == "Hidden"


def test_no_table_of_classes_is_reachable_through_a_class():
    """A class gives away its own definition, never those of others (F21)."""
    for name in dir(Delay):
        value = getattr(Delay, name, None)
        values = value.values() if isinstance(value, dict) else value
        if isinstance(value, (list, tuple, set, frozenset, dict)):
            assert not any(isinstance(each, NodeMeta) for each in values), name


def test_classes_and_instances_pickle():
    assert pickle.loads(pickle.dumps(Delay)) is Delay
    again = pickle.loads(pickle.dumps(Delay.create({"min_flights": 7})))
    assert type(again) is Delay
    assert again.config.min_flights == 7
