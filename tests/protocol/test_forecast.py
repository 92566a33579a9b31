"""The picture of a forecast says of each node what would become of it, and why."""

from __future__ import annotations

from dagy_nb.model.forecast import Action, Forecast, NodeForecast
from dagy_nb.model.state import Why
from dagy_nb.protocol.forecast import draw_forecast
from dagy_nb.protocol.picture import NodeForecastPicture

FORECAST = Forecast(
    flow="delays",
    nodes={
        "load": NodeForecast(node_id="load", action=Action.REUSE, from_run="run-0", seconds=41.0),
        "late": NodeForecast(
            node_id="late",
            action=Action.RUN,
            why=Why.CONFIG,
            detail="config field minutes: 15 → 30",
        ),
    },
    force=frozenset({"late", "early"}),
)


def test_each_node_is_drawn_in_the_order_of_the_plan():
    drawn = draw_forecast(FORECAST, revision=7)

    assert drawn.revision == 7
    assert list(drawn.nodes) == ["load", "late"]
    assert drawn.nodes["load"] == NodeForecastPicture(
        action="reuse", from_run="run-0", seconds=41.0
    )
    assert drawn.nodes["late"] == NodeForecastPicture(
        action="run", why="config", detail="config field minutes: 15 → 30"
    )


def test_forced_nodes_stand_in_one_order():
    assert draw_forecast(FORECAST).force == ("early", "late")


def test_every_action_has_its_word_in_the_picture():
    for action in Action:
        node = NodeForecast(node_id="a", action=action)
        drawn = draw_forecast(Forecast(flow="f", nodes={"a": node}))
        assert drawn.nodes["a"].action == action.value
