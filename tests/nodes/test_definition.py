"""What is wrong with a class is told when it is defined, with a code."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest

from dagy_nb.errors import DefinitionError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.context import ExecutionContext


def make(name: str = "Made", **body: Any):
    body.setdefault("execute", lambda self: None)
    return NodeMeta(name, (FlowNode,), {"__module__": __name__, **body}, register=False)


class Foreign:
    min_flights: int = 1


class Reserved(FlowNode.Config):
    timeout: float = 3


class BadDefault(FlowNode.Config):
    count: int = "three"


class NoJson(FlowNode.Config, arbitrary_types_allowed=True):
    thing: Event


def gives(self):
    yield 1


async def gives_later(self):
    yield 1


@pytest.mark.parametrize(
    ("code", "body", "told"),
    [
        ("node.signature", {"x": Input()}, "does not take the input `x`"),
        (
            "node.signature",
            {"flights": Input(), "execute": lambda self, fligths: 1},
            "Did you mean `flights`",
        ),
        ("node.signature", {"execute": lambda self, ctx: 1}, "Did you mean `context`"),
        ("node.signature", {"x": Input(), "execute": lambda self, x, /: 1}, "by position only"),
        ("node.signature", {"execute": lambda: 1}, "no parameter `self`"),
        ("node.signature", {"execute": 3}, "is no method"),
        ("node.generator", {"execute": gives}, "generator"),
        ("node.generator", {"execute": gives_later}, "generator"),
        ("node.generator", {"pre_execute": lambda self, context: (yield)}, "generator"),
        (
            "node.hook_signature",
            {"pre_execute": lambda self: 1},
            "async def pre_execute(self, context)",
        ),
        ("node.hook_signature", {"on_error": lambda self, context: 1}, "on_error"),
        (
            "node.connector_twice",
            {"x": Input(), "y": Output(name="x"), "execute": lambda self, x: 1},
            "'x'",
        ),
        ("node.reserved_name", {"context": Input()}, "'context'"),
        ("node.reserved_name", {"spec": Input()}, "'spec'"),
        ("node.reserved_name", {"label": Output()}, "name='label'"),
        ("node.reserved_name", {"execute": Input()}, "'execute'"),
        ("node.reserved_name", {"Config": Reserved}, "`timeout`"),
        ("node.config_class", {"Config": Foreign}, "class Config(FlowNode.Config)"),
        ("node.config_class", {"Config": 3}, "class Config(FlowNode.Config)"),
        ("node.config_default", {"Config": BadDefault}, "`count`"),
        ("node.config_schema", {"Config": NoJson}, "no JSON form"),
        ("node.metadata", {"timeout": "soon"}, "`timeout`"),
        ("node.metadata", {"timeout": -1}, "`timeout`"),
        ("node.metadata", {"timeout": float("nan")}, "`timeout`"),
        ("node.metadata", {"timeout": True}, "`timeout`"),
        ("node.metadata", {"retries": 1.5}, "`retries`"),
        ("node.metadata", {"retries": 1000}, "`retries`"),
        ("node.metadata", {"runner": "proces"}, "Did you mean `process`?"),
        ("node.metadata", {"tags": "one"}, "`tags`"),
        ("node.metadata", {"tags": [1]}, "`tags`"),
        ("node.metadata", {"deterministic": "yes"}, "`deterministic`"),
        ("node.metadata", {"category": None}, "`category`"),
        ("node.metadata", {"label": 3}, "`label`"),
        ("node.too_long", {"__doc__": "x" * 20_001}, "docstring"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_code(registry, code, body, told):
    with pytest.raises(DefinitionError) as caught:
        make(**body)

    assert caught.value.code == code
    assert told in str(caught.value)
    assert not registry.snapshot().classes


def test_a_connector_is_not_declared_twice_in_one_body():
    with pytest.raises(DefinitionError) as caught:

        class Twice(FlowNode):
            x = Input(DataType.TEXT)
            x = Output(DataType.TABLE)  # noqa: PIE794

    assert caught.value.code == "node.connector_twice"


def test_a_method_does_not_hide_a_connector():
    with pytest.raises(DefinitionError) as caught:

        class Hides(FlowNode):
            flights = Input()

            def flights(self):  # noqa: F811
                pass

    assert caught.value.code == "node.connector_twice"


def test_no_limit_is_asked_for_by_zero():
    assert make(timeout=0).spec.timeout == 0
    assert make().spec.timeout is None


def test_an_instance_may_keep_state_of_its_own():
    class Counting(FlowNode, register=False):
        def __init__(self, config=None):
            super().__init__(config)
            self.count = 0

        def execute(self):
            self.count += 1
            return self.count

    node = Counting.create()
    node.invoke(ExecutionContext(), {})
    assert node.invoke(ExecutionContext(), {}) == 2
