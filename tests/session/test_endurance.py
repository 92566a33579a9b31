"""A session survives what breaks around it: stores, listeners, plug-ins, several who wait."""

from __future__ import annotations

import asyncio
import gc
import queue
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dagy_nb.errors import RunUnfinished, StoreError, UnknownName
from dagy_nb.model.edit import SetOptions
from dagy_nb.model.event import Event, FlowVersionSeen, LogWritten
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.nodes.registry import Registry, use_registry
from dagy_nb.session.current import current_session, make_session, set_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.listener import RunListener
from dagy_nb.session.session import Session
from dagy_nb.session.watch import CancelWatch
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.flows import Sleeper, chain, slow
from tests.store.facts import wait_until


class FullStore(MemoryStore):
    """Takes nothing while it is full."""

    is_full = True

    def append(self, *events: Event, durable: bool = False) -> None:
        if self.is_full and events:
            raise StoreError("No room.", code="store.full")
        super().append(*events, durable=durable)


@pytest.fixture
def sleeping(session: Session) -> Flow:
    """A flow whose node sleeps until it is let go."""
    Sleeper.let_go.clear()
    return slow(session, timeout=None)


def test_a_full_store_warns_and_the_next_run_records_all_versions(tmp_path: Path) -> None:
    store = FullStore()
    session = make_session(Settings(home=tmp_path), store=store)
    heard: list[Event] = []
    flow = chain(session)
    with pytest.warns(UserWarning, match=r"not fully recorded.*store\.full"):
        assert flow.run().wait(10).state is RunState.COMPLETED

    store.is_full = False
    take = store.append
    store.append = lambda *events, durable=False: (heard.extend(events), take(*events))  # type: ignore[method-assign,assignment]
    flow.run().wait(10)

    assert [each.flow for each in heard if isinstance(each, FlowVersionSeen)] == [flow.name]
    session.close()


def test_a_listener_that_fails_stops_neither_the_edit_nor_the_others(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    flow, told = chain(session), []
    flow.subscribe(lambda: 1 / 0)  # type: ignore[arg-type,return-value]
    flow.subscribe(lambda: told.append(flow.revision))
    before = flow.revision
    flow.describe(description="more")

    assert told == [before + 1]
    assert "A subscriber of a flow failed" in caplog.text


def test_a_watcher_that_fails_does_not_take_the_handle(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    flow = chain(session)
    flow.watch_runs(lambda handle: 1 / 0)  # type: ignore[arg-type,return-value]

    assert flow.run().wait(10).state is RunState.COMPLETED
    assert "A watcher of flow" in caplog.text


class Snatched(queue.SimpleQueue[LogWritten]):
    """Looks full, but another thread took the line between the look and the grasp."""

    def empty(self) -> bool:
        return False


def test_who_takes_lines_does_not_wait_for_one_that_another_thread_took() -> None:
    listener = RunListener()
    listener._lines = Snatched()
    taker = threading.Thread(target=lambda: list(listener.take_lines()), daemon=True)
    taker.start()
    taker.join(5)

    assert not taker.is_alive()


def test_waiting_in_vain_is_told_by_a_code(sleeping: Flow) -> None:
    handle = sleeping.run()
    with pytest.raises(RunUnfinished) as caught:
        handle.wait(0.05)
    Sleeper.let_go.set()

    assert caught.value.code == "run.unfinished"
    assert isinstance(caught.value, TimeoutError)
    handle.wait(10)


def test_who_cancels_the_await_cancels_the_run_and_does_not_hold_up_the_loop(
    sleeping: Flow,
) -> None:
    async def work() -> tuple[RunState, int]:
        handle, ticks = sleeping.run(), 0
        waiting = asyncio.ensure_future(handle.wait_async())
        await asyncio.sleep(0)
        waiting.cancel()
        while not waiting.done():
            await asyncio.sleep(0.001)
            ticks += 1
        return handle.state, ticks

    state, ticks = asyncio.run(work())
    Sleeper.let_go.set()

    assert state is RunState.CANCELLED
    assert ticks > 1, "others had their turns while the run came to its end"


class Wishes(MemoryStore):
    """Somebody asks for a node that is not there, and later for the whole run."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Sequence[str]] = [("nobody",), ("nobody",), ()]

    def cancel_requested(self, run_id: str) -> Sequence[str] | None:
        return self.asked.pop(0) if self.asked else ()


def test_a_wish_to_cancel_an_unknown_node_does_not_end_the_watch(sleeping: Flow) -> None:
    watch = CancelWatch(Wishes(), every=0.01)
    handle = sleeping.run()
    watch.add(handle._live)

    assert handle.wait(10, check=False).state is RunState.CANCELLED
    Sleeper.let_go.set()
    watch.close(1)


def test_a_run_whose_handle_nobody_kept_is_cancelled_by_its_id(session: Session) -> None:
    Sleeper.let_go.clear()
    store, flow = session.store, slow(session, timeout=None)
    run_id = session.start(flow.spec, {}).run_id
    gc.collect()
    found = session.handles.get(run_id)

    session.cancel(run_id)

    assert found is not None
    del found
    wait_until(lambda: store.run(run_id).state is RunState.CANCELLED)
    wait_until(lambda: not gc.collect() or run_id not in session.handles)
    Sleeper.let_go.set()


def test_an_unknown_node_of_another_process_is_refused(session: Session) -> None:
    run = chain(session).run().wait(10)
    del session.handles[run.id]
    with pytest.raises(UnknownName) as caught:
        session.cancel(run.id, "nobody")

    assert caught.value.code == "unknown.node"


def test_a_closed_session_has_recorded_how_its_runs_ended(tmp_path: Path) -> None:
    session = make_session(Settings(home=tmp_path / "records"))
    Sleeper.let_go.clear()
    run_id = slow(session, timeout=None).run().run_id
    session.close()
    Sleeper.let_go.set()

    again = make_session(Settings(home=tmp_path / "records"))
    assert again.store.run(run_id).state is RunState.CANCELLED
    again.close()


def test_plug_ins_are_there_before_anybody_asks_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plug-in may even ask for the session while it is imported."""
    seen: list[Session] = []

    def load() -> list[type]:
        seen.append(current_session())
        return []

    monkeypatch.setattr("dagy_nb.nodes.registry.load_plugins", load)
    monkeypatch.setenv("DAGY_HOME", str(tmp_path))
    before = set_session(None)
    try:
        with use_registry(Registry()) as registry:
            session = current_session()
            assert registry.discoveries == 1
            assert seen == [session]
            session.close()
    finally:
        set_session(before)


def test_a_result_says_what_it_holds(session: Session) -> None:
    run, other = chain(session).run().wait(10), chain(session).run().wait(10)

    assert "n1" in run
    assert "nobody" not in run
    assert run.get("nobody") is None
    assert run.get("n1").state is NodeState.COMPLETED
    assert (run == run, run == other) == (True, False)
    assert len({run, run, other}) == 2


def test_changes_of_several_threads_are_all_kept(session: Session) -> None:
    flow, begin = chain(session), threading.Barrier(3, timeout=10)
    added: list[str] = []
    work = [
        lambda turn: flow.configure("n1", label=f"turn {turn}"),
        lambda turn: flow.configure("n1", timeout=turn + 1),
        lambda turn: added.append(flow.add("number")),
    ]

    def repeat(change: Callable[[int], None]) -> None:
        begin.wait()
        for turn in range(50):
            change(turn)

    threads = [threading.Thread(target=repeat, args=(each,), daemon=True) for each in work]
    for each in threads:
        each.start()
    for each in threads:
        each.join(20)

    node = flow.spec.node("n1")
    assert node is not None
    assert (node.label, node.timeout) == ("turn 49", 50)
    assert len(set(added)) == 50


def test_an_edit_that_comes_between_is_not_undone_by_a_change(session: Session) -> None:
    """`configure` reads a node and writes it: what another thread wrote meanwhile stays."""
    flow, meanwhile = chain(session), [SetOptions(id="n1", label="meanwhile")]
    refuse = session.refuse_config

    def check(type_name: str, node_id: str, config: Mapping[str, Any]) -> None:
        refuse(type_name, node_id, config)
        while meanwhile:
            flow.edit([meanwhile.pop()])

    session.refuse_config = check  # type: ignore[method-assign]
    flow.configure("n1", timeout=5)

    node = flow.spec.node("n1")
    assert node is not None
    assert (node.label, node.timeout) == ("meanwhile", 5.0)
