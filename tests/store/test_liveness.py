"""Whether a process lives, told by its lock and by its start."""

from __future__ import annotations

import dataclasses
import fcntl
import os
import subprocess
import sys
from pathlib import Path

from dagy_nb.store.liveness import describe_self, hold, is_gone, is_held, read_start

ME = describe_self()


def test_this_process_is_there():
    assert not is_gone(ME)
    assert read_start(os.getpid()) == ME.started != ""


def test_a_process_that_ended_is_gone():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as program:
        origin = dataclasses.replace(ME, pid=program.pid, started=read_start(program.pid))
        there = not is_gone(origin)
        program.communicate(b"\n")

    assert there
    assert is_gone(origin)


def test_what_is_left_of_a_dead_child_counts_as_gone():
    program = subprocess.Popen([sys.executable, "-c", "print(1)"], stdout=subprocess.PIPE)
    origin = dataclasses.replace(ME, pid=program.pid, started=read_start(program.pid))
    program.stdout.read()
    os.waitid(os.P_PID, program.pid, os.WEXITED | os.WNOWAIT)  # ended, not yet collected

    gone = is_gone(origin)

    program.wait()
    program.stdout.close()
    assert gone


def test_another_process_of_the_same_number_is_not_it():
    assert is_gone(dataclasses.replace(ME, started="1"))


def test_a_process_elsewhere_cannot_be_looked_up():
    for changed in ({"host": "elsewhere"}, {"boot": "another"}, {"started": ""}):
        assert not is_gone(dataclasses.replace(ME, pid=2**22 - 1, **changed))


def test_a_held_file_is_held_until_its_descriptor_is_closed(tmp_path: Path):
    path = tmp_path / "segment"
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    before = is_held(path)

    assert hold(descriptor)
    during = is_held(path)
    os.close(descriptor)

    assert (before, during, is_held(path)) == (False, True, False)


def test_looking_does_not_get_in_the_way_of_holding(tmp_path: Path):
    path = tmp_path / "segment"
    path.touch()
    is_held(path)
    descriptor = os.open(path, os.O_WRONLY)

    assert hold(descriptor)
    os.close(descriptor)


def test_a_file_that_is_not_there_is_held_by_nobody(tmp_path: Path):
    assert not is_held(tmp_path / "nothing")


def test_where_locks_do_not_work_nobody_is_declared_dead(tmp_path: Path, monkeypatch):
    def refuse(descriptor: int, how: int) -> None:
        raise OSError(95, "Operation not supported")

    path = tmp_path / "segment"
    path.touch()
    monkeypatch.setattr(fcntl, "flock", refuse)

    with path.open() as file:
        assert not hold(file.fileno())
    assert is_held(path)
