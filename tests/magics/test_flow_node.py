"""`%%flow NAME --node TYPE`: a cell that is a flow and a node type at once."""

from __future__ import annotations

import pytest

from dagy_nb.errors import CheckFailed
from dagy_nb.magics import flow_text
from dagy_nb.session.flow import Flow
from tests.flows import number

CELL = """
parameters: {k: 3}
nodes:
  twice: {type: double}
  sum: {type: add}
  k: {type: number, config: {value: "${params.k}"}}
edges:
  - twice.output -> sum.left
  - k.output -> sum.right
"""


@pytest.fixture
def shown(monkeypatch):
    """What the cell displays."""
    found: list = []
    monkeypatch.setattr(flow_text, "display", found.append)
    return found


def test_a_flow_cell_defines_a_node_type(session, shown):
    assert number.spec.type == "number"
    session.registry.discover()

    assert flow_text.describe_flow("inner --node CellCalc", CELL) is None

    assert shown[0].rows == ()
    assert shown[0].note == ""
    assert shown[1].note == "Node type CellCalc: x → output, error."
    outer = Flow("outer", session=session)
    outer.add("number", id="top", value=5)
    outer.add("CellCalc", id="calc", k=1)
    outer.connect("top.output", "calc.x")
    assert outer.run().wait().outputs["calc.output"] == 11


def test_without_the_option_an_open_input_is_a_finding(session, shown):
    session.registry.discover()

    flow_text.describe_flow("inner", CELL)

    assert len(shown) == 1
    assert "input.missing" in str(shown[0].rows)


def test_a_flow_that_cannot_be_a_node_fails_the_cell(session, shown):
    with pytest.raises(CheckFailed):
        flow_text.describe_flow("inner --node CellCalc", "nodes: {n: {type: nmuber}}\n")

    assert "nmuber" in str(shown[0].rows)
