from __future__ import annotations

import pytest

from dagy_nb.errors import DefinitionError
from dagy_nb.model.connector import Cardinality, Direction, Side
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.connectors import Input, Output


def test_an_input_takes_one_edge_and_stands_left():
    spec = Input(DataType.TABLE).describe("flights")

    assert (spec.name, spec.direction) == ("flights", Direction.INPUT)
    assert spec.data_types == (DataType.TABLE,)
    assert (spec.cardinality, spec.side) == (Cardinality.ONE, Side.LEFT)


def test_an_output_takes_many_edges_and_stands_right():
    spec = Output(DataType.TABLE).describe("report")

    assert (spec.direction, spec.cardinality, spec.side) == (
        Direction.OUTPUT,
        Cardinality.MANY,
        Side.RIGHT,
    )


def test_an_error_output_may_be_left_out():
    assert Output(DataType.ERROR).describe("error").cardinality is Cardinality.OPTIONAL


def test_without_types_a_connector_is_any():
    assert Input().describe("x").data_types == (DataType.ANY,)


def test_words_are_taken_in_any_letter_case_and_repeats_dropped():
    spec = Input("table", "Json", "TABLE", cardinality="Many", side="TOP").describe("x")

    assert spec.data_types == (DataType.TABLE, DataType.JSON)
    assert (spec.cardinality, spec.side) == (Cardinality.MANY, Side.TOP)


def test_a_connector_may_have_a_name_of_its_own():
    assert Output(DataType.TEXT, name="label").describe("label_").name == "label"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Input("TABEL"), "Did you mean `TABLE`?"),
        (lambda: Input(3), "data type"),
        (lambda: Input("TABLE", cardinality="several"), "cardinality"),
        (lambda: Input("TABLE", side="middle"), "side"),
        (lambda: Input("TABLE", name="two words").describe("x"), "two words"),
        (lambda: Input("TABLE", description="x" * 3000).describe("x"), "2000"),
    ],
)
def test_a_wrong_declaration_is_told(make, told):
    with pytest.raises(DefinitionError) as caught:
        make()

    assert caught.value.code == "node.connector"
    assert told in str(caught.value)


def test_metadata_is_immutable_at_every_depth():
    metadata = {"unit": {"of": ["minutes"]}}
    spec = Input(DataType.NUMBER, metadata=metadata).describe("x")
    metadata["unit"]["of"].append("hours")

    assert spec.metadata["unit"]["of"] == ("minutes",)
    for change in (
        lambda: spec.metadata.__setitem__("a", 1),
        lambda: spec.metadata["unit"].__setitem__("of", 1),
        lambda: spec.metadata["unit"]["of"].append(1),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()


def test_a_declaration_cannot_be_changed():
    connector = Input(DataType.TABLE)

    with pytest.raises(AttributeError):
        connector.secret = True
