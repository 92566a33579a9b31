"""One flow, carried by every runner and every backend: equal outputs, equal records up to times, ids and names.

A carrier joins by an entry in `CARRIERS`: what is asked of `flow.run`.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.registry import Registry
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import cluster_address

CARRIERS = {
    "inline": {"runner": "inline"},
    "thread": {"runner": "thread"},
    "process": {"runner": "process"},
    "dask": {"runner": "dask"},
    "dask backend": {"runner": "inline", "backend": "dask"},
    "papermill backend": {"runner": "inline", "backend": "papermill"},
}

CELLS = """
%%flownode
import pandas as pd
def make_table(rows: int = 4) -> pd.DataFrame:
    print('making', rows)
    return pd.DataFrame({'a': range(rows), 'b': list('xy' * rows)[:rows]})

%%flownode
def sum_up(table: pd.DataFrame) -> int:
    import logging
    logging.getLogger('mine').warning('adding')
    return int(table['a'].sum())

%%flownode
def odd(x: int) -> int:
    if x % 2 == 0:
        raise ValueError(f'{x} is even')
    return x

%%flownode
def after(x: int) -> int:
    return x + 1

%%flownode
class Keyed(FlowNode):
    key = Output(DataType.TEXT, secret=True)
    size = Output(DataType.INTEGER)
    def execute(self, context):
        context.progress(0.5, 'half')
        context.logger.info('made a key')
        return {'key': 'hunter2', 'size': 7}

%%flownode
class Unlock(FlowNode):
    key = Input(DataType.TEXT)
    ok = Output(DataType.BOOLEAN)
    def execute(self, key):
        return key == 'hunter2'

%%flownode --retries 2
class Third(FlowNode):
    attempt = Output(DataType.INTEGER)
    def execute(self, context):
        if context.attempt < 3:
            raise OSError('not yet')
        return context.attempt

%%flownode
class Fork(FlowNode):
    x = Input(DataType.INTEGER)
    low = Output(DataType.INTEGER, cardinality='optional')
    high = Output(DataType.INTEGER, cardinality='optional')
    def execute(self, x):
        return {'low': x} if x < 10 else {'high': x}

%%flownode
class Measured(ValueError):
    pass

class Risky(FlowNode):
    x = Input(DataType.INTEGER)
    error = Output(DataType.ERROR)
    def execute(self, x):
        print('about to fail')
        raise Measured(f'{x} is too much')

%%flownode
class Rescue(FlowNode):
    error = Input(DataType.ERROR)
    text = Output(DataType.TEXT)
    def execute(self, error):
        return f'{error.type}: {error.message}'

%%flownode
import asyncio
async def later(x: int) -> int:
    await asyncio.sleep(0)
    print('later')
    return 3 * x

%%flownode
def wrong(x: int) -> int:
    return 'no number'
"""


def make_flow(session: Any) -> Flow:
    """Return a flow with values, logs, a secret, a retry, a branch not taken and three kinds of failure."""
    import pandas as pd

    from dagy_nb.model.datatype import DataType
    from dagy_nb.nodes.base import FlowNode, Input, Output

    namespace: dict[str, Any] = {
        "pd": pd,
        "DataType": DataType,
        "FlowNode": FlowNode,
        "Input": Input,
        "Output": Output,
    }
    for body in CELLS.split("%%flownode")[1:]:
        text = f"%%flownode{body.rstrip()}"
        options = {"retries": 2} if "--retries" in text else {}
        made = compile_cell(CellSource(text, options=options), namespace, registry=session.registry)
        namespace.update(made.exports)
    flow = Flow("parity", session=session, parameters={"rows": 4})
    flow.add("make_table", id="table", config={"rows": flow.param("rows")})
    flow.add("sum_up", id="total")
    flow.add("odd", id="fails")
    flow.add("odd", id="bad")
    flow.add("after", id="skipped")
    flow.add("Keyed", id="keyed")
    flow.add("Unlock", id="unlock")
    flow.add("Third", id="third")
    flow.add("Fork", id="fork")
    flow.add("after", id="low")
    flow.add("after", id="high")
    flow.add("later", id="later")
    flow.add("wrong", id="wrong")
    flow.add("Risky", id="risky")
    flow.add("Rescue", id="rescue")
    flow.add("wrong", id="off", disabled=True)
    for edge in (
        ("table.output", "total.table"),
        ("total.output", "fails.x"),
        ("keyed.size", "bad.x"),
        ("fails.output", "skipped.x"),
        ("keyed.key", "unlock.key"),
        ("keyed.size", "fork.x"),
        ("fork.low", "low.x"),
        ("fork.high", "high.x"),
        ("third.attempt", "later.x"),
        ("third.attempt", "wrong.x"),
        ("total.output", "risky.x"),
        ("risky.error", "rescue.error"),
    ):
        flow.connect(*edge)
    return flow


LEFT_OUT = frozenset(
    {"run_id", "started_at", "ended_at", "queued_at", "runner", "artifacts", "flow_version"}
    | {"backend", "backend_reason", "parent_run_id"}
)


def flatten(record: Any) -> Any:
    """Return what must be equal: everything but times, ids and the runner."""
    if dataclasses.is_dataclass(record) and not isinstance(record, type):
        return {
            field.name: flatten(getattr(record, field.name))
            for field in dataclasses.fields(record)
            if field.name not in LEFT_OUT and not field.name.endswith("_at")
        }
    if isinstance(record, dict):
        return {key: flatten(value) for key, value in record.items()}
    if isinstance(record, list | tuple):
        return [flatten(each) for each in record]
    return record


def run_all(session: Any, carrier: str) -> dict[str, Any]:
    """Let one carrier run the flow; return its values, its record and its log."""
    if "dask" in carrier:
        use_dask(cluster_address(), session=session)
    handle = make_flow(session).run(**CARRIERS[carrier])
    run = handle.wait(timeout=60, check=False)
    store = session.store
    logs: dict[str, list[tuple[str, str]]] = {}
    for line in store.logs(run.id):
        logs.setdefault(line.node_id, []).append((line.level, line.text))
    outputs = dict(run.outputs)
    assert run.error in [node.error for node in run.values()]
    return {
        "outputs": {
            name: value.to_dict("list") if hasattr(value, "to_dict") else value
            for name, value in outputs.items()
        },
        # The run's error is that of whichever node failed first.
        "run": flatten(run.record) | {"nodes": None, "error": None},
        "nodes": {name: flatten(node) for name, node in run.record.nodes.items()},
        "stored": {name: flatten(node) for name, node in store.run(run.id).nodes.items()},
        "logs": logs,
        "exceptions": {name: repr(error) for name, error in handle._live.exceptions.items()},
        "runners": {node.runner for node in run.record.nodes.values() if node.started_at},
    }


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the inline runner makes of the flow."""
    return run_in(tmp_path_factory.mktemp("expected"), "inline")


def run_in(folder: Any, carrier: str) -> dict[str, Any]:
    from dagy_nb.session.current import make_session
    from dagy_nb.settings import Settings

    session = make_session(Settings(home=folder / ".dagy", process_slots=2))
    session.registry = Registry()  # other tests' node types have the same names
    session.registry.discover()
    try:
        return run_all(session, carrier)
    finally:
        session.close()


@pytest.mark.timeout(120)
@pytest.mark.parametrize("carrier", CARRIERS)
def test_every_carrier_gives_the_same_values_records_and_logs(
    expected: dict[str, Any], tmp_path: Any, carrier: str
) -> None:
    seen = run_in(tmp_path, carrier)

    assert seen["runners"] == {CARRIERS[carrier]["runner"]}
    for part in ("outputs", "run", "nodes", "stored", "logs", "exceptions"):
        assert seen[part] == expected[part], part


def test_the_flow_shows_what_it_is_meant_to_show(expected: dict[str, Any]) -> None:
    states = {name: (node["state"], node["reason"]) for name, node in expected["nodes"].items()}

    assert expected["outputs"]["total.output"] == 6
    assert expected["outputs"]["later.output"] == 9
    assert expected["outputs"]["unlock.ok"] is True
    assert states["fails"] == ("FAILED", "raised")
    assert states["bad"] == ("COMPLETED", None)
    assert states["wrong"] == ("FAILED", "contract")
    assert states["skipped"] == ("SKIPPED", "upstream_failed")
    assert states["risky"] == ("FAILED", "raised")
    assert expected["outputs"]["rescue.text"] == "Measured: 6 is too much"
    assert states["off"] == ("SKIPPED", "disabled")
    assert states["high"] == ("SKIPPED", "branch_not_taken")
    assert expected["nodes"]["third"]["attempts"] == 3
    assert "line 4, in odd" in expected["nodes"]["fails"]["error"]["traceback"]
    assert "hunter2" not in str(expected["nodes"]) + str(expected["logs"])
    assert ("STDOUT", "making 4") in expected["logs"]["table"]
    assert ("INFO", "made a key") in expected["logs"]["keyed"]
