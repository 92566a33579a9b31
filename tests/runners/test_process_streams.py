"""The process runner: what a body wrote right before its end stands in its log, and in nobody else's."""

from __future__ import annotations

import fcntl
import sys
import termios

import psutil
import pytest

from dagy_nb.runners.process import ProcessRunner
from tests.runners import speaking as s
from tests.runners import victims as v
from tests.victims.watching import is_alive, wait_until

pytestmark = pytest.mark.timeout(120)
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="pipes grow on Linux only")


@pytest.fixture
def runner(monkeypatch):
    """A runner whose workers buffer what they write, as they do where nobody asked for anything else."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    made = ProcessRunner(slots=1)
    yield made
    made.close()


@pytest.mark.parametrize("text", ["no line end", "a line\nand no end", "a line\n"])
def test_what_c_printed_right_before_the_end_is_in_the_log(runner, text):
    for _ in range(3):
        ear = v.run(runner, s.print_by_c, config={"text": text})

        assert ear.lines == [("STDOUT", line) for line in text.splitlines()]


def test_what_c_printed_is_not_in_the_log_of_the_next_node(runner):
    first = v.run(runner, s.print_by_c, config={"text": "mine"})
    then = v.run(runner, s.print_by_c, config={"text": "yours"})

    assert first.outcome.outputs == then.outcome.outputs
    assert (first.lines, then.lines) == ([("STDOUT", "mine")], [("STDOUT", "yours")])


def test_what_the_frames_of_an_error_say_in_going_is_in_the_log_of_their_node(runner):
    failed = v.run(runner, s.await_nothing)
    then = v.run(runner, s.print_by_c, config={"text": "yours"})

    assert failed.outcome.error.type == "RuntimeError"
    assert any("was never awaited" in text for _, text in failed.lines), failed.lines
    assert then.lines == [("STDOUT", "yours")]


def test_a_line_that_c_printed_right_before_a_kill_is_in_the_log(runner):
    ear, live = v.begin(runner, v.call_of(s.print_by_c_and_hang, config={"text": "a line\n"}))
    assert wait_until(lambda: ear.lines, v.PATIENCE)
    live.stop()

    assert ear.over.wait(v.PATIENCE)
    assert ear.lines == [("STDOUT", "a line")]


def test_a_line_that_c_printed_right_before_a_death_is_in_the_log(runner):
    ear = v.run(runner, s.print_by_c_and_die, config={"text": "a line\nand another\n"})

    assert ear.outcome.crashed
    assert ear.lines == [("STDOUT", "a line"), ("STDOUT", "and another")]


def test_half_a_character_at_the_end_is_in_the_log(runner):
    assert v.run(runner, s.write_half_a_character).lines == [("STDOUT", "caf\ufffd")]


def test_what_waits_in_a_stream_that_a_body_put_in_place_of_stdout_is_in_its_log(runner):
    ear = v.run(runner, s.write_by_a_file_of_its_own, config={"text": "kept by Python"})

    assert ear.lines == [("STDOUT", "kept by Python")]


class SlowEar(v.Ear):
    """Hears nothing more from the word `hold` on until `is_ready` holds; leaves a mark when it comes."""

    live = None

    def __init__(self, is_ready, mark):
        super().__init__()
        self._is_ready = is_ready
        self._mark = mark

    def wrote(self, level, text):
        super().wrote(level, text)
        if text == "hold":
            assert wait_until(lambda: self.live is not None, v.PATIENCE)
            self._mark.touch()
            assert wait_until(lambda: self._is_ready(self.live._worker), v.PATIENCE)


def has_ended(worker):
    """Whether the end of the body waits to be read."""
    waiting = fcntl.ioctl(worker._answers, termios.FIONREAD, bytes(4))
    return int.from_bytes(waiting, sys.byteorder) > 0


def is_gone(worker):
    return not is_alive(psutil.Process(worker.guard_pid))


@LINUX
@pytest.mark.parametrize(("dies", "is_ready"), [(False, has_ended), (True, is_gone)])
def test_what_waits_to_be_read_at_the_end_is_in_the_log(runner, tmp_path, dies, is_ready):
    ear, config = SlowEar(is_ready, tmp_path / "heard"), {"folder": str(tmp_path), "dies": dies}
    ear.live = runner.start(v.call_of(s.fill_a_pipe, config=config), ear)
    assert ear.over.wait(v.PATIENCE)

    assert ear.outcome.crashed is dies
    assert len(ear.lines) == 32
    assert ear.lines[-1] == ("STDOUT", "last words")
    assert v.run(runner, s.say_nothing).lines == []
