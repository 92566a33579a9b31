"""An interrupt while a run is being started leaves no run behind that goes on for ever, or says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from dagy_nb.engine.relief import WATCH, ReliefWatch
from dagy_nb.engine.routing import ROUTER
from dagy_nb.session.session import Session
from tests.flows import diamond


def interrupt_before(_: Callable[..., object]) -> Callable[..., object]:
    def cut(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    return cut


def interrupt_after(act: Callable[..., object]) -> Callable[..., object]:
    def cut(*values: object, **named: object) -> object:
        act(*values, **named)
        raise KeyboardInterrupt

    return cut


def is_going_on(session: Session) -> bool:
    return any(not each.state.is_final for each in session.store.runs().runs)


def count_held() -> tuple[int, int]:
    """Return what runs hold: here, those that other tests left behind hold some too."""
    return len(WATCH._drivers), ROUTER._holds


@pytest.mark.parametrize("when", [interrupt_before, interrupt_after])
@pytest.mark.parametrize("what", ["record", "thread"])
def test_a_run_whose_start_is_interrupted_ends(
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    when: Callable[[Callable[..., object]], Callable[..., object]],
    what: str,
) -> None:
    flow = diamond(session)
    flow.run().wait()
    place, name = {"record": (session.store, "append"), "thread": (threading.Thread, "start")}[what]
    held = count_held()
    real = getattr(place, name)  # of a thread, called with the thread
    cut = when(real)

    def once(*values: object, **named: object) -> object:
        if not values:  # no fact at all
            return real()
        monkeypatch.setattr(place, name, real)
        return cut(*values, **named)

    monkeypatch.setattr(place, name, once)
    with pytest.raises(KeyboardInterrupt):
        flow.run()

    deadline = time.monotonic() + 20
    while is_going_on(session) or count_held() > held:
        assert time.monotonic() < deadline, session.store.runs().runs
    assert flow.run().wait().outputs["bottom.output"] == 12


def test_an_interrupt_leaves_no_runs_without_the_watch_over_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watch, lost, driver = ReliefWatch(), Driver(), Driver()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", interrupt_before(threading.Thread.start))
        with pytest.raises(KeyboardInterrupt):
            watch.add(lost)
    watch.add(driver)

    assert driver.was_looked_at.wait(20)
    for each in (lost, driver):
        watch.remove(each)


class Driver:
    def __init__(self) -> None:
        self.was_looked_at = threading.Event()

    def relieve(self, before: float) -> None:
        self.was_looked_at.set()
