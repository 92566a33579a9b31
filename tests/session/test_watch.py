"""The watch for cancels of other processes, in a fork of the process that has it."""

from __future__ import annotations

import threading

import pytest

from dagy_nb.session.watch import CancelWatch
from tests.runners.forks import call_in_fork

PATIENCE = 20.0


class Live:
    """A run that goes on until it is cancelled."""

    def __init__(self, run_id):
        self.run_id = run_id
        self.done = threading.Event()

    def cancel(self, node_id="", *, by=""):
        self.done.set()


class Asked:
    """A store in which every run was asked to end but `kept`."""

    def cancel_requested(self, run_id):
        return None if run_id == "kept" else ()


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork.*:DeprecationWarning")
def test_runs_of_a_fork_are_watched_though_its_parent_watches_others():
    watch, kept = CancelWatch(Asked(), every=0.01), Live("kept")
    watch.add(kept)

    def act():
        own = Live("own")
        watch.add(own)
        return own.done.wait(PATIENCE)

    try:
        assert call_in_fork(act)
        asked = Live("asked")
        watch.add(asked)
        assert asked.done.wait(PATIENCE)
        assert not kept.done.is_set()
    finally:
        watch.end()


def test_an_interrupt_leaves_no_runs_without_the_watch(monkeypatch):
    watch, lost, asked = CancelWatch(Asked(), every=0.01), Live("lost"), Live("asked")

    def cut(_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", cut)
        with pytest.raises(KeyboardInterrupt):
            watch.add(lost)
    watch.add(asked)
    try:
        assert asked.done.wait(PATIENCE)
        assert lost.done.wait(PATIENCE)
    finally:
        watch.end()
