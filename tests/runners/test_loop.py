"""The event loop of inline bodies: shared, and left to a body that blocks it."""

from __future__ import annotations

import asyncio
import threading

import pytest

from dagy_nb.nodes.base import FlowNode
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.thread import ThreadRunner
from tests.runners import victims as v

SEEN: list[object] = []


class Looker(FlowNode, register=False):
    async def execute(self):
        SEEN.append((threading.current_thread().name, asyncio.get_running_loop()))


class SideInterrupt(FlowNode, register=False):
    """A task that it leaves behind raises what would end a loop."""

    async def execute(self):
        async def interrupt():
            raise KeyboardInterrupt

        left = asyncio.ensure_future(interrupt())
        await asyncio.sleep(0.01)
        assert left.done()
        left.exception()


@pytest.fixture
def inline():
    v.GATE.__init__()
    SEEN.clear()
    made = InlineRunner()
    yield made
    v.GATE.opened.set()
    made.close()


def test_asynchronous_bodies_share_one_loop_in_a_thread_of_its_own(inline):
    for _ in range(3):
        v.run(inline, Looker)

    assert len(set(SEEN)) == 1
    assert SEEN[0][0] != threading.current_thread().name


def test_many_bodies_wait_at_the_same_time(inline):
    calls = [v.begin(inline, v.call_of(v.AsyncWaiter)) for _ in range(50)]
    assert all(ear.begun.wait(v.PATIENCE) for ear, _ in calls)

    for _, live in calls:
        live.stop()

    assert all(ear.outcome.cancelled for ear, _ in calls)


def test_a_blocked_loop_is_left_to_its_blocker_and_calls_that_wait_move(inline):
    waiting, waiting_call = v.begin(inline, v.call_of(v.AsyncWaiter))
    assert waiting.begun.wait(v.PATIENCE)
    _, blocker = v.begin(inline, v.call_of(v.AsyncBlocker))
    assert v.GATE.entered.wait(v.PATIENCE)
    next_ear, _ = v.begin(inline, v.call_of(v.AsyncAdder, {"a": 1, "b": 2}))

    blocker.stop()
    blocker.abandon()

    assert next_ear.outcome.outputs == {"total": 3}
    assert not waiting.outcomes
    v.GATE.opened.set()
    waiting_call.stop()
    assert waiting.outcome.cancelled


@pytest.mark.parametrize("make", [InlineRunner, ThreadRunner])
def test_an_interrupt_in_a_side_task_does_not_end_the_runner(make, caplog):
    runner = make()
    try:
        assert v.run(runner, SideInterrupt).outcome.error is None
        assert v.run(runner, v.AsyncAdder, {"a": 1, "b": 2}).outcome.outputs == {"total": 3}
    finally:
        runner.close()
    assert "was interrupted" in caplog.text


def test_closing_ends_what_goes_on(inline):
    ear, _ = v.begin(inline, v.call_of(v.AsyncWaiter))
    assert ear.begun.wait(v.PATIENCE)

    inline.close()

    assert ear.outcome.error.type == "CancelledError"


def test_a_cancel_that_nobody_asked_for_is_a_failure(inline):
    outcome = v.run(inline, v.AsyncRaiser, {"error": asyncio.CancelledError()}).outcome

    assert not outcome.cancelled
    assert outcome.error.code == "raised.CancelledError"
