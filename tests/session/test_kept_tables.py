"""Tables are kept whichever node made them, also the last one of a run."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from dagy_nb.engine.content import digest_value
from dagy_nb.model.datatype import DataType
from dagy_nb.model.forecast import Action
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from dagy_nb.store.output_packing import pack_value, unpack_value


class Numbers(FlowNode):
    """A table that is looked at behind the run's back, since it is no light value."""

    table = Output(DataType.TABLE)

    def execute(self, context):
        return {"table": pd.DataFrame({"group": list("abc") * 500, "value": range(1500)})}


class Sums(FlowNode):
    """One row for each group."""

    table = Input(DataType.TABLE)
    sums = Output(DataType.TABLE)

    def execute(self, context, table):
        return {"sums": table.groupby("group").sum()}


def test_the_tables_of_the_last_nodes_are_kept(session: Session) -> None:
    """The run's thread is gone when they were looked at."""
    for number in range(5):
        flow = Flow(f"kept{number}", session=session)
        flow.add(Numbers, id="numbers")
        for name in ("left", "right"):
            flow.add(Sums, id=name)
            flow.connect("numbers.table", f"{name}.table")

        first = flow.run(keep=True).wait()

        actions = {each.action for each in flow.plan().nodes.values()}
        assert actions == {Action.REUSE}
        second = flow.run(reuse=True).wait()
        assert second.outputs["left.sums"].equals(first.outputs["left.sums"])


@pytest.mark.parametrize(
    "column",
    [
        pd.Categorical(["b", "a"] * 500),
        pd.date_range("2026", periods=1000, tz="UTC"),
        pd.array(range(1000), dtype="Int64"),
        [0.5, 1.5] * 500,
    ],
    ids=lambda each: str(getattr(each, "dtype", "float")),
)
def test_a_table_that_was_kept_can_be_changed_as_any_other(column: Any) -> None:
    table = pd.DataFrame({"a": column})
    packed = pack_value(table, digest_value(table))
    kept = unpack_value(packed.value.form, packed.data)
    kept.loc[0, "a"] = kept.loc[1, "a"]

    assert kept["a"][0] == table["a"][1] != table["a"][0]
