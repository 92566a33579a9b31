"""The roles of the crash campaign, each a process that is killed at any moment: `python … ROLE FOLDER SIDE`.

A writer notes each fact in a side file only after `append` returned. What goes wrong for a reader is
written to the side file `errors`: a campaign with a single line there has failed.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import traceback
from pathlib import Path

from dagy_nb.model.event import LogWritten, NodeEnded, RunEnded
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.store import packs
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.place import Place
from tests.store.facts import begin_run


class SystemClock:
    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()


def pause(seconds: float) -> None:
    """Do nothing for a while: a campaign's actors act at random moments."""
    threading.Event().wait(seconds)


def note(side: Path, name: str, text: str) -> None:
    """Add one line, which survives a kill like any `write`."""
    descriptor = os.open(side / name, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)
    os.write(descriptor, f"{text}\n".encode())
    os.close(descriptor)


def write(store: JournalStore, side: Path) -> None:
    """Runs of a few nodes, as fast as a busy kernel records them."""
    me, number = f"{os.getpid()}x{time.time_ns()}", 0
    while True:
        number += 1
        run_id = f"{me}-{number:06d}"
        store.append(*begin_run(run_id, "a", "b", at=time.time()))
        note(side, "acknowledged", f"begun {run_id}")
        for node_id in "ab":
            text = f"{run_id}/{node_id}"
            store.append(LogWritten(at=time.time(), run_id=run_id, node_id=node_id, text=text))
            note(side, "acknowledged", f"line {text}")
            store.append(
                NodeEnded(
                    at=time.time(),
                    run_id=run_id,
                    node_id=node_id,
                    state=NodeState.COMPLETED,
                    attempts=1,
                )
            )
            note(side, "acknowledged", f"node {text}")
        store.append(
            RunEnded(at=time.time(), run_id=run_id, state=RunState.COMPLETED),
            durable=number % 10 == 0,
        )
        note(side, "acknowledged", f"ended {run_id}")
        pause(random.random() * 0.02)


def fold(store: JournalStore, side: Path) -> None:
    while True:
        store.fold(wait=1.0, publish=random.random() < 0.7)
        note(side, "folds", "1")
        pause(random.random() * 0.1)


def view(store: JournalStore, side: Path) -> None:
    """The live view never goes backwards, whatever dies around it."""
    best = (0, 0, 0)
    while True:
        connection = store.connect()
        found = connection.execute(
            "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM logs), "
            "(SELECT count(*) FROM runs WHERE state IN ('COMPLETED', 'FAILED'))"
        ).fetchone()
        connection.close()
        assert found is not None
        if any(new < old for new, old in zip(found, best, strict=True)):
            note(side, "errors", f"the view went back from {best} to {found}")
        best = found
        page = store.runs(limit=20)
        if len(page.runs) < min(20, found[0]):
            note(side, "errors", f"a page of {len(page.runs)} of {found[0]} runs")
        note(side, "views", "1")
        pause(random.random() * 0.1)


def use(store: JournalStore, side: Path) -> None:
    """A user opens the published file with plain DuckDB, for reading or writing."""
    import duckdb

    path, best = store.place.user_copy, 0
    while True:
        if not path.exists():
            pause(0.05)
            continue
        with duckdb.connect(str(path), read_only=random.random() < 0.6) as connection:
            (found,) = connection.execute("SELECT count(*) FROM node_runs").fetchone() or (0,)
            if random.random() < 0.3:
                connection.execute(
                    "SELECT * FROM runs ORDER BY started_at DESC LIMIT 50"
                ).fetchall()
        if found < best:
            note(side, "errors", f"the user's copy went back from {best} to {found}")
        best = found
        note(side, "uses", "1")
        if random.random() < 0.3:
            with duckdb.connect(str(path)) as connection:
                connection.execute("CREATE OR REPLACE TABLE mine AS SELECT * FROM node_runs")
                pause(random.random() * 0.3)
                connection.execute("INSERT INTO mine SELECT * FROM node_runs")
        pause(random.random() * 0.1)


ROLES = {"write": write, "fold": fold, "view": view, "use": use}


def main() -> None:
    role, folder, side = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    packs.MANY_SEGMENTS, packs.REST = 3, -1.0  # so that segments are packed while all this goes on
    store = JournalStore(Place(folder).folder, SystemClock(), fold_after=None)
    try:
        ROLES[role](store, side)
    except BaseException:
        note(side, "errors", f"{role}: {traceback.format_exc()!r}")
        raise


if __name__ == "__main__":
    main()
