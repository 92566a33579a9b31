"""A forecast of a run in, its picture out."""

from __future__ import annotations

from dagy_nb.model.forecast import Forecast, NodeForecast
from dagy_nb.protocol.picture import ForecastPicture, NodeForecastPicture


def draw_forecast(forecast: Forecast, *, revision: int = 0) -> ForecastPicture:
    """Return the picture of a forecast.

    Args:
        forecast: What a run would do.
        revision: Of the draft that was looked at.
    """
    return ForecastPicture(
        revision=revision,
        nodes={node_id: _draw_node(each) for node_id, each in forecast.nodes.items()},
        force=tuple(sorted(forecast.force)),
    )


def _draw_node(node: NodeForecast) -> NodeForecastPicture:
    return NodeForecastPicture(
        action=node.action.value,
        why=node.why.value if node.why else "",
        detail=node.detail,
        from_run=node.from_run,
        seconds=node.seconds,
    )
