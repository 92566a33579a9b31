"""Python and the shipped editor judge edges alike: one matrix, one order of questions, one table of words."""

from __future__ import annotations

import itertools
import random

import pytest
from playwright.sync_api import Page

from dagy_nb.checks.connection import check_connection
from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction, Side
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import EdgeSpec, FlowSpec, NodeEntry
from dagy_nb.model.spec import NodeSpec
from dagy_nb.protocol.draw import draw_flow
from dagy_nb.protocol.message import Snapshot
from dagy_nb.protocol.palette import draw_palette
from tests.browser.example import SPECS

pytestmark = pytest.mark.browser


def make_spec(name: str, connectors: list[ConnectorSpec]) -> NodeSpec:
    return NodeSpec.model_validate(
        {
            **SPECS["DelayByCarrier"].model_dump(),
            "type": name,
            "connectors": [each.model_dump() for each in connectors],
        }
    )


def make_connector(
    name: str, direction: Direction, types: tuple[DataType, ...], cardinality: Cardinality
) -> ConnectorSpec:
    side = Side.LEFT if direction is Direction.INPUT else Side.RIGHT
    return ConnectorSpec(
        name=name, direction=direction, data_types=types, cardinality=cardinality, side=side
    )


def compare(page: Page, flow: FlowSpec, specs: dict[str, NodeSpec], edges: list[EdgeSpec]) -> None:
    """Ask Python and the browser about each edge; they must say the same, word for word."""
    snapshot = Snapshot(flow=draw_flow(flow, specs), palette=draw_palette(specs)).model_dump(
        mode="json"
    )
    values = [each.model_dump() for each in edges]
    browser = page.evaluate(
        "([snapshot, edges]) => window.dagy.judge(snapshot, edges)", [snapshot, values]
    )
    for edge, said in zip(edges, browser, strict=True):
        answer = check_connection(flow, specs, edge)
        python = {
            "verdict": answer.verdict.value, "code": answer.code, "reason": answer.reason,
            "suggestion": answer.suggestion,
        }  # fmt: skip
        if answer.code in ("edge.unknown_node", "edge.unknown_connector"):
            # The nearest names are looked for in Python alone.
            python["suggestion"] = said["suggestion"]
        assert said == python, edge


def test_all_pairs_of_types_have_one_verdict_in_both_languages(bare: Page) -> None:
    kinds = [(each,) for each in DataType]
    kinds += [
        tuple(pair)
        for pair in itertools.combinations(DataType, 2)
        if random.Random(7).random() < 0.2
    ]
    outputs = [
        make_connector(f"o{at}", Direction.OUTPUT, kind, Cardinality.MANY)
        for at, kind in enumerate(kinds)
    ]
    inputs = [
        make_connector(f"i{at}", Direction.INPUT, kind, Cardinality.MANY)
        for at, kind in enumerate(kinds)
    ]
    specs = {"Source": make_spec("Source", outputs), "Target": make_spec("Target", inputs)}
    flow = FlowSpec(
        name="pairs", nodes=(NodeEntry(id="a", type="Source"), NodeEntry(id="b", type="Target"))
    )
    edges = [
        EdgeSpec(source="a", output=output.name, target="b", input=input_.name)
        for output in outputs
        for input_ in inputs
    ]

    assert len(edges) >= 15 * 15
    compare(bare, flow, specs, edges)


@pytest.mark.parametrize("seed", range(4))
def test_random_flows_have_one_verdict_in_both_languages(bare: Page, seed: int) -> None:
    draw = random.Random(seed)
    names = [f"n{at}" for at in range(8)]
    nodes = tuple(NodeEntry(id=each, type=draw.choice([*SPECS, "Undefined"])) for each in names)
    ends = [
        "table",
        "flights",
        "flights_clean",
        "joined",
        "left",
        "right",
        "report",
        "score",
        "error",
        "begin",
    ]
    wishes = [
        EdgeSpec(
            source=draw.choice(names),
            output=draw.choice(ends),
            target=draw.choice(names),
            input=draw.choice(ends),
        )
        for _ in range(400)
    ]
    flow = FlowSpec(name="any", nodes=nodes, edges=tuple(dict.fromkeys(wishes[:12])))
    edges = [*wishes, EdgeSpec(source="gone", output="x", target="n0", input="y")]

    compare(bare, flow, SPECS, edges)
