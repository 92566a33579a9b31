"""Versions of flows and node types are recorded once, and again where their records are gone."""

from __future__ import annotations

import shutil
from pathlib import Path

from dagy_nb.session.current import make_session
from dagy_nb.settings import Settings
from tests.flows import chain


def list_numbers(session, flow):
    return [each.version for each in session.store.flow_versions(flow.name)]


def count_seen(session):
    rows = session.store.connect().execute(
        "SELECT kind, count(*) FROM events WHERE kind IN ('flow_version_seen', 'node_version_seen') "
        "GROUP BY kind ORDER BY kind"
    )
    return rows.fetchall()


def test_versions_are_recorded_again_after_their_records_were_removed(tmp_path: Path) -> None:
    session = make_session(Settings(home=tmp_path / ".dagy"))
    flow = chain(session)
    flow.run().wait()
    flow.run().wait()
    assert list_numbers(session, flow) == [1]
    before = count_seen(session)

    shutil.rmtree(tmp_path / ".dagy")
    run = flow.run().wait()
    flow.run().wait()

    other = make_session(Settings(home=tmp_path / ".dagy"))
    assert list_numbers(other, flow) == [1]
    assert count_seen(other) == before
    assert other.store.run(run.id).flow == flow.name
    session.close()
    other.close()
