"""What `execute` returned, read and checked: D10, one case each."""

from __future__ import annotations

import asyncio

import pytest

from dagy_nb.engine.contract import take_outputs
from dagy_nb.errors import ContractError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.result import ExecutionResult


def class_of(**outputs):
    body = {**outputs, "execute": lambda self: None, "__module__": __name__}
    return type(FlowNode)("Example", (FlowNode,), body, register=False)


NUMBER = {"y": Output(DataType.INTEGER)}
TWO = {"a": Output(DataType.INTEGER), "b": Output(DataType.TEXT)}
JSON = {"y": Output(DataType.JSON)}
BRANCH = {
    "yes": Output(DataType.INTEGER, cardinality="optional"),
    "no": Output(DataType.INTEGER, cardinality="optional"),
}
WITH_ERROR = {"y": Output(DataType.INTEGER), "error": Output(DataType.ERROR)}
WITH_SIGNAL = {"y": Output(DataType.INTEGER), "done": Output(DataType.SIGNAL)}
ONLY_SIGNAL = {"done": Output(DataType.SIGNAL)}
MAYBE_SIGNAL = {"done": Output(DataType.SIGNAL, cardinality="optional")}

FITS = {
    "a mapping": (NUMBER, {"y": 1}, {"y": 1}),
    "a bare value": (NUMBER, 1, {"y": 1}),
    "an ExecutionResult": (NUMBER, ExecutionResult(outputs={"y": 1}), {"y": 1}),
    "several outputs": (TWO, {"b": "x", "a": 1}, {"a": 1, "b": "x"}),
    "a bare mapping": (JSON, {"k": 1}, {"y": {"k": 1}}),
    "an empty bare mapping": (JSON, {}, {"y": {}}),
    "a mapping by name before a bare one": (JSON, {"y": 5}, {"y": 5}),
    "a bare None where None is a value": (JSON, None, {"y": None}),
    "one branch": (BRANCH, {"yes": 1}, {"yes": 1}),
    "None for the other branch": (BRANCH, {"yes": 1, "no": None}, {"yes": 1}),
    "no branch at all": (BRANCH, {}, {}),
    "nothing, where nothing must be": (BRANCH, None, {}),
    "no outputs": ({}, None, {}),
    "no outputs, an empty mapping": ({}, {}, {}),
    "the error output is the engine's": (WITH_ERROR, 1, {"y": 1}),
    "a signal comes by itself": (WITH_SIGNAL, 1, {"y": 1, "done": None}),
    "a signal drops its value": (WITH_SIGNAL, {"y": 1, "done": 9}, {"y": 1, "done": None}),
    "nothing but a signal": (ONLY_SIGNAL, None, {"done": None}),
    "an optional signal left out": (MAYBE_SIGNAL, None, {}),
    "an optional signal given": (MAYBE_SIGNAL, {"done": None}, {"done": None}),
}


@pytest.mark.parametrize(("outputs", "result", "taken"), FITS.values(), ids=FITS)
def test_results_are_read_by_output(outputs, result, taken):
    assert take_outputs(class_of(**outputs), result) == taken


def generate():
    yield 1


async def generate_async():
    yield 1


BREAKS = {
    "an unknown output": (
        NUMBER, {"y": 1, "z": 2}, "contract.unknown_output", "'z'", "y", "'y', 'z'",
    ),
    "a key that is no text": (
        TWO, {1: 2}, "contract.unknown_output", "a key of type int", "a, b", "a key of type int",
    ),
    "an output missing": (TWO, {"a": 1}, "contract.missing_output", "b", "TEXT", "a"),
    "nothing": (TWO, None, "contract.missing_output", "a", "INTEGER", "nothing"),
    "nothing for one": (NUMBER, None, "contract.wrong_type", "y", "INTEGER", "NoneType"),
    "the wrong type": (NUMBER, "text", "contract.wrong_type", "y", "INTEGER", "str"),
    "a bool is no INTEGER": (NUMBER, True, "contract.wrong_type", "y", "INTEGER", "bool"),
    "a wrong branch": (BRANCH, {"yes": "x"}, "contract.wrong_type", "yes", "INTEGER", "str"),
    "a generator": (NUMBER, generate(), "contract.generator", None, "y", "generator"),
    "an asynchronous one": (
        NUMBER, generate_async(), "contract.generator", None, "y", "async_generator",
    ),
    "a bare value for two": (
        TWO, 5, "contract.not_a_mapping", None, "a mapping with a, b", "int",
    ),
    "a value for no output": ({}, 5, "contract.not_a_mapping", None, "nothing", "int"),
    "an unknown output in a result": (
        NUMBER, ExecutionResult(outputs={"x": 1}), "contract.unknown_output", "'x'", "y", "'x'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKS.values(), ids=BREAKS)
def test_what_breaks_the_contract_is_told_with_connector_expected_and_got(case):
    outputs, result, code, connector, expected, got = case

    with pytest.raises(ContractError) as caught:
        take_outputs(class_of(**outputs), result)

    error = caught.value
    assert (error.code, error.connector, error.expected, error.got) == (
        code, connector, expected, got,
    )  # fmt: skip
    assert error.suggestion
    assert "Example" in error.reason


@pytest.mark.parametrize("data_type", [t for t in DataType if t not in {"ANY", "SIGNAL", "OBJECT"}])
def test_every_data_type_refuses_a_wrong_value(data_type):
    wrong = object()

    with pytest.raises(ContractError) as caught:
        take_outputs(class_of(y=Output(data_type)), {"y": wrong})

    assert caught.value.expected == data_type
    assert caught.value.got == "object"


@pytest.mark.parametrize("wrong", [[object()], {"a": object()}, {1: 2}])
def test_a_container_of_more_than_plain_values_says_which_type_takes_it(wrong):
    with pytest.raises(ContractError, match="ANY"):
        take_outputs(class_of(y=Output(DataType.JSON)), {"y": wrong})


def test_a_generator_that_is_refused_leaves_nothing_open():
    made = generate_async()

    with pytest.raises(ContractError):
        take_outputs(class_of(**NUMBER), made)

    asyncio.run(made.aclose())
