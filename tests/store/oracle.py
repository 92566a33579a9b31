"""What the tables must hold: worked out from the journal by plain Python, and read back by SQL."""

from __future__ import annotations

from collections import Counter
from typing import Any

from dagy_nb.model.event import Event, LogWritten
from dagy_nb.model.record import RunRecord
from dagy_nb.store.fold import RunFold
from dagy_nb.store.place import Place
from dagy_nb.store.tail import Tail

COMPARED = {
    "runs": "run_id, kind, flow, flow_hash, state, backend, parent_run_id, notebook, artifacts, parameters, "
    "queued_at, started_at, ended_at, cancel_requested, error, error_code, error_fact",
    "node_runs": "* EXCLUDE (place)",
    "cell_runs": "*",
    "events": "happened_at, run_id, kind, node_id, data",
    "logs": "run_id, node_id, attempt, happened_at, level, text",
    "audit": "* EXCLUDE (segment, position)",
    "node_versions": "*",
}


def dump(connection: Any, *, own: tuple[str, ...] = ()) -> dict[str, Counter[Any]]:
    """Every row of the tables, whatever segment it came from."""
    return {
        name: Counter(connection.execute(f"SELECT {columns} FROM {name}").fetchall())
        for name, columns in COMPARED.items()
        if name not in own
    }


def dump_exactly(connection: Any) -> dict[str, list[Any]]:
    """Every row of every table, with the place in the journal it came from."""
    names = [*COMPARED, "flow_versions", "damage"]
    return {
        name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr)
        for name in names
    }


def read_journal(place: Place) -> list[Event]:
    """All facts of all segments, each once."""
    return [fact.event for fact in Tail(place).read(1 << 40).facts]


def fold_journal_plainly(place: Place) -> dict[str, RunRecord]:
    fold = RunFold()
    for fact in Tail(place).read(1 << 40).facts:
        fold.apply(fact.event, writer=fact.writer)
    return {run.run_id: fold.record(run.run_id) for run in fold.known_runs()}


def check_against_journal(place: Place, connection: Any) -> None:
    """The tables hold every fact of the journal once, and what it folds to."""
    facts = read_journal(place)
    logs = [fact for fact in facts if isinstance(fact, LogWritten)]
    runs = fold_journal_plainly(place)

    def count(sql: str) -> Any:
        return connection.execute(sql).fetchone()

    assert (
        count("SELECT count(*), count(DISTINCT (segment, position)) FROM events")
        == (len(facts) - len(logs),) * 2
    )
    assert (
        count("SELECT count(*), count(DISTINCT (segment, position)) FROM logs") == (len(logs),) * 2
    )
    found = connection.execute(
        "SELECT run_id, state, epoch_us(ended_at) / 1e6 FROM runs"
    ).fetchall()
    assert sorted(found) == sorted(
        (run.run_id, run.state.value, run.ended_at) for run in runs.values()
    )
    nodes = connection.execute("SELECT run_id, node_id, state, attempts FROM node_runs").fetchall()
    assert sorted(nodes) == sorted(
        (run.run_id, node.node_id, node.state.value, node.attempts)
        for run in runs.values()
        for node in run.nodes.values()
    )
