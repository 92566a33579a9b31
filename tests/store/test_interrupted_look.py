"""An interrupt of somebody who looks at the records costs nobody a fact."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagy_nb.model.state import RunState
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.projection import Projection
from tests.store.facts import TurnedClock, whole_run


@pytest.mark.parametrize("has_snapshot", [False, True])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])  # DuckDB tells of one so
def test_who_looks_again_after_an_interrupt_sees_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], has_snapshot: bool
) -> None:
    store = JournalStore(tmp_path / ".dagy", TurnedClock())
    if has_snapshot:
        store.append(*whole_run("run-0001", "a"))
        store.connect().close()
    first, *rest = whole_run("run-0002", "a", "b")
    store.append(first)
    assert store.run("run-0002").state is RunState.QUEUED
    store.append(*rest)

    def cut(*_: object) -> None:
        raise error("Query interrupted")

    with monkeypatch.context() as patch:
        patch.setattr(Projection, "apply", cut)
        with pytest.raises(error):
            store.runs()

    assert {each.state for each in store.runs().runs} == {RunState.COMPLETED}
    assert len(store.run("run-0002").nodes) == 2
    store.close()
