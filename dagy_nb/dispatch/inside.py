"""A node run in, the picture of what ran inside it out: the items of a Map, the nodes of a sub-flow."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dagy_nb.model.state import NodeState
from dagy_nb.protocol.picture import RunPicture
from dagy_nb.protocol.status import draw_run

if TYPE_CHECKING:
    from dagy_nb.abc import Store
    from dagy_nb.model.record import NodeRunRecord, RunRecord
    from dagy_nb.session.session import Session

MOST, LINES, LETTERS = 200, 10, 200
_RANKS = {
    NodeState.FAILED: 0,
    NodeState.TIMED_OUT: 0,
    NodeState.RETRYING: 1,
    NodeState.RUNNING: 1,
    NodeState.CANCELLED: 2,
}


def look_inside(session: Session, run_id: str, node_id: str) -> tuple[RunPicture | None, int]:
    """Return the last run inside a node run, and how many nodes it has in all.

    Of more than `MOST` nodes it shows those that failed first, then those that are running. None stands
    for a node run in which nothing ran.
    """
    found = _find_inner(session.store, run_id, node_id)
    if found is None:
        return None, 0
    total = len(found.nodes)
    shown = sorted(found.nodes, key=lambda each: _RANKS.get(found.nodes[each].state, 3))[:MOST]
    record = replace(found, nodes={each: _shorten(found.nodes[each]) for each in shown})
    tails = _read_tails(session.store, found.run_id)
    return draw_run(record, now=session.clock.now(), log_tails=tails), total


def _find_inner(store: Store, run_id: str, node_id: str) -> RunRecord | None:
    """Return the newest: a node that was tried again ran something inside more than once."""
    cursor: str | None = None
    while True:
        page = store.runs(parent=run_id, cursor=cursor)
        for run in page.runs:
            if run.parent_node_id == node_id:
                return store.run(run.run_id)
        cursor = page.next_cursor
        if cursor is None:
            return None


def _shorten(node: NodeRunRecord) -> NodeRunRecord:
    """Return it with one line of each output: a browser asks anew every second while they run."""
    previews = {name: replace(each, rows=(), columns=()) for name, each in node.previews.items()}
    return replace(node, previews=previews)


def _read_tails(store: Store, run_id: str) -> dict[str, list[str]]:
    tails: dict[str, list[str]] = {}
    for line in store.logs(run_id, last=LINES):
        tails.setdefault(line.node_id, []).append(line.text[:LETTERS])
    return tails
