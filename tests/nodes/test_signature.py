"""Annotations that name what is not there: Python 3.14 evaluates them when it is asked, others as texts."""

from __future__ import annotations
import __future__

import sys

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.connectors import Input, Output
from dagy_nb.nodes.context import ExecutionContext
from dagy_nb.nodes.function import node

CONTEXT = ExecutionContext(node_id="n")
FLAGS = 0 if sys.version_info >= (3, 14) else __future__.annotations.compiler_flag


def define(text, name):
    """Execute a module whose annotations are not evaluated while it is executed."""
    names = {
        "__name__": __name__,
        "FlowNode": FlowNode,
        "Input": Input,
        "Output": Output,
        "DataType": DataType,
        "sys": sys,
    }
    exec(compile(text, "<text>", "exec", FLAGS, dont_inherit=True), names)
    return names[name]


def test_a_function_whose_annotation_names_what_is_not_there_keeps_the_others():
    function = define(
        "def f(x: Missing, y: sys.missing, z: int, *w: list[Missing], k: float = 1.5) -> str: return f'{x}{z}{k}'",
        "f",
    )
    made = node(function, register=False)

    types = {each.name: each.data_types for each in (*made.spec.inputs, *made.spec.outputs)}
    assert types["x"] == types["y"] == (DataType.ANY,)
    assert (types["z"], types["output"]) == ((DataType.INTEGER,), (DataType.TEXT,))
    assert made.Config.model_fields["k"].annotation is float
    assert {each.place.connector for each in made.traits.notices} == {"x", "y", "w"}
    assert made.create({"k": 2}).invoke(CONTEXT, {"x": 1, "y": 2, "z": 3, "w": ()}) == {
        "output": "132.0"
    }


def test_a_class_whose_annotation_names_what_is_not_there_is_a_node():
    made = define(
        "class Named(FlowNode, register=False):\n    x = Input()\n    output = Output()\n"
        "    def execute(self, context: Missing, x: sys.missing) -> list[Missing]: return {'output': x}",
        "Named",
    )

    assert made.create().invoke(CONTEXT, {"x": 1}) == {"output": 1}


def test_an_annotation_is_read_when_the_function_becomes_a_node():
    function = define("def f(x: Later) -> Later: return x\nLater = int", "f")

    assert [each.data_types for each in node(function, register=False).spec.inputs] == [
        (DataType.INTEGER,)
    ]
