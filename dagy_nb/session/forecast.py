"""A flow as it is now in, what a run of it would do out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.forecasting import forecast_run
from dagy_nb.model.forecast import Forecast
from dagy_nb.protocol.tables import list_forecast

if TYPE_CHECKING:
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RunForecast(Forecast):
    """A forecast that shows itself as a table.

    Example:
        >>> flow.plan(month=2)["late"].detail  # doctest: +SKIP
        'config field minutes: 15 → 30'
    """

    def __getitem__(self, node_id: str) -> Any:
        """Return what would become of one node."""
        return self.nodes[node_id]

    def __repr__(self) -> str:
        return repr(list_forecast(self))

    def _repr_html_(self) -> str:
        return list_forecast(self)._repr_html_()

    @property
    def actions(self) -> Mapping[str, str]:
        """Node id → `run`, `reuse`, `maybe` or `skip`."""
        return {node_id: str(each.action) for node_id, each in self.nodes.items()}


def make_forecast(plan: Plan, outputs: OutputStore) -> RunForecast:
    """Return what a run of a plan would do.

    Raises:
        StoreError: What is kept cannot be read.
    """
    found = forecast_run(plan, outputs)
    return RunForecast(flow=found.flow, nodes=found.nodes, reuse=found.reuse, force=found.force)
