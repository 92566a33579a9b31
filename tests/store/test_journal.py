"""The writing end of the journal: one segment per process, whole lines, held while it lives."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from dagy_nb.errors import StoreError
from dagy_nb.model.event import LogWritten
from dagy_nb.store import journal as journal_module
from dagy_nb.store.journal import Journal
from dagy_nb.store.liveness import describe_self, is_held
from dagy_nb.store.place import Place
from dagy_nb.store.segment import Segment, writer_of
from dagy_nb.store.tail import Tail, list_segments
from tests.store.facts import NOON, ROOT, TurnedClock, wait_until


def line(number: int) -> LogWritten:
    return LogWritten(at=NOON, run_id="run-0001", text=f"line {number}")


def read_numbers(place: Place) -> list[int]:
    tail = Tail(place)
    return [int(fact.event.text.split()[1]) for fact in tail.read().facts]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / ".dagy")


@pytest.fixture
def journal(place: Place):
    made = Journal(place, TurnedClock())
    yield made
    made.close()


def test_nothing_is_made_before_the_first_fact(place, journal):
    assert not place.folder.exists()


def test_facts_are_there_when_append_returns(place, journal):
    journal.append([line(1), line(2)])
    journal.append([line(3)], durable=True)

    assert read_numbers(place) == [1, 2, 3]
    (name,) = list_segments(place)
    assert writer_of(name) == journal.writer
    assert journal.writer.startswith(f"{os.getpid()}-")


def test_a_segment_is_held_from_when_it_is_seen_until_it_is_closed(place, journal):
    journal.append([line(1)])
    path = place.journal / list_segments(place)[0]

    held = is_held(path)
    journal.close()

    assert held
    assert not is_held(path)


def test_a_segment_lets_go_of_its_file_once(place):
    """An interrupt or a fork in the middle of letting go has it closed again: the number may be another's by then."""
    segment = Segment.create(place.journal, "one", origin=describe_self(), at=NOON)
    number = segment._descriptor
    segment.close()
    other = os.open(os.devnull, os.O_RDONLY)
    os.dup2(other, number)

    segment.close()

    os.close(number)
    if other != number:
        os.close(other)


def test_reading_ones_own_journal_does_not_let_it_go(place, journal):
    """The flaw of `fcntl` locks: closing any descriptor of the file would free them."""
    journal.append([line(1)])
    path = place.journal / list_segments(place)[0]
    path.read_bytes()
    with path.open("r+b"):
        pass

    probe = "import sys, pathlib; from dagy_nb.store.liveness import is_held; print(is_held(pathlib.Path(sys.argv[1])))"
    done = subprocess.run(
        [sys.executable, "-c", probe, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "True"


def test_a_big_segment_is_followed_by_the_next(place):
    journal = Journal(place, TurnedClock(), rotate_at=500)
    for number in range(50):
        journal.append([line(number)])

    names = list_segments(place)

    assert len(names) > 5
    assert len({writer_of(name) for name in names}) == 1
    assert [is_held(place.journal / name) for name in names] == [False] * (len(names) - 1) + [True]
    assert read_numbers(place) == list(range(50))
    journal.close()


def test_the_next_segment_is_held_before_the_last_is_let_go(place, monkeypatch):
    """So that nobody ever finds this process without a lock."""
    journal = Journal(place, TurnedClock(), rotate_at=1)
    journal.append([line(1)])
    first = place.journal / list_segments(place)[0]
    held = []
    real = Segment.create

    def look(*args, **options):
        held.append(is_held(first))
        return real(*args, **options)

    monkeypatch.setattr(Segment, "create", look)
    journal.append([line(2)])

    assert held == [True]
    assert not is_held(first)
    journal.close()


def test_threads_share_a_journal(place, journal):
    def write(start: int) -> None:
        for number in range(start, start + 200):
            journal.append([line(number)])

    threads = [threading.Thread(target=write, args=(start,)) for start in range(0, 1000, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(read_numbers(place)) == list(range(1000))


def test_a_failed_write_leaves_the_segment(place, journal, monkeypatch):
    journal.append([line(1)])
    real = os.write

    def write_half(descriptor: int, data: bytes) -> int:
        if write_half.calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_half.calls += 1
        return real(descriptor, bytes(data)[: len(data) // 2])

    write_half.calls = 0
    monkeypatch.setattr(os, "write", write_half)
    with pytest.raises(StoreError) as caught:
        journal.append([line(2)])
    monkeypatch.undo()
    old = place.journal / list_segments(place)[0]
    held_between = is_held(old)
    journal.append([line(3)])

    assert caught.value.code == "store.full"
    assert held_between  # the process never looks dead
    assert len(list_segments(place)) == 2
    assert read_numbers(place) == [1, 3]


def test_an_interrupted_write_leaves_the_segment(place, journal, monkeypatch):
    journal.append([line(1)])
    real = os.write

    def interrupt(descriptor: int, data: bytes) -> int:
        real(descriptor, bytes(data)[:10])
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        journal.append([line(2)])
    monkeypatch.undo()
    journal.append([line(3)])

    assert read_numbers(place) == [1, 3]


def test_short_writes_are_completed(place, journal, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, bytes(data)[:7]))
    journal.append([line(1), line(2)])
    monkeypatch.undo()

    assert read_numbers(place) == [1, 2]


def test_a_segment_that_cannot_be_begun_leaves_nothing(place, journal, monkeypatch):
    def refuse(descriptor: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", refuse)
    for _ in range(3):
        with pytest.raises(StoreError):
            journal.append([line(1)])
    monkeypatch.undo()

    assert list(place.journal.iterdir()) == []
    journal.append([line(2)])
    assert read_numbers(place) == [2]


def test_a_removed_journal_is_begun_anew(place, journal):
    journal.append([line(1)])
    for name in list_segments(place):
        (place.journal / name).unlink()
    place.journal.rmdir()

    journal.append([line(2)])

    assert read_numbers(place) == [2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_its_own_segment(place, journal):
    journal.append([line(1)])
    parent = list_segments(place)[0]

    child = os.fork()
    if child == 0:
        journal.append([line(2)])
        os._exit(0)
    os.waitpid(child, 0)
    journal.append([line(3)])

    assert len(list_segments(place)) == 2
    assert sorted(read_numbers(place)) == [1, 2, 3]
    assert is_held(place.journal / parent)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_does_not_keep_its_parent_alive(place):
    """The child lives on; the parent's lock is free as soon as the parent is dead."""
    script = """
import os, sys, pathlib
from dagy_nb.store.journal import Journal
from dagy_nb.store.place import Place
from tests.store.facts import TurnedClock
from tests.store.test_journal import line
journal = Journal(Place(pathlib.Path(sys.argv[1])), TurnedClock())
journal.append([line(1)])
if os.fork() == 0:
    print("child", flush=True)
    sys.stdin.read()
    os._exit(0)
os._exit(0)
"""
    done = subprocess.Popen(
        [sys.executable, "-c", script, str(place.folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.readline().strip() == "child"
    done.wait()
    name = list_segments(place)[0]

    assert not is_held(place.journal / name)
    done.stdin.close()
    done.stdout.close()


def test_a_program_that_was_started_does_not_inherit_the_segment(place, journal):
    journal.append([line(1)])
    path = place.journal / list_segments(place)[0]
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False
    ) as program:
        journal.close()
        # the kernel closes descriptors a moment after the parent goes on
        wait_until(lambda: not is_held(path))
        still_running = program.poll() is None
        program.communicate(b"\n")

    assert still_running


def test_a_segment_appears_with_its_first_line_and_its_lock(place, monkeypatch):
    """Whoever sees a segment may judge whether its process lives."""
    seen = []
    real = Path.rename

    def look(self: Path, target: Path) -> Path:
        seen.append((list_segments(place), self.read_bytes().endswith(b"\n"), is_held(self)))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", look)
    made = Segment.create(
        place.journal,
        "01800000000000000000-1-00000000.jsonl",
        origin=journal_module.describe_self(),
        at=NOON,
    )

    assert seen == [([], True, True)]
    made.close()


def test_appending_costs_little_more_than_a_bare_write(place, journal, benchmark_ratio):
    bare = os.open(place.folder.parent / "bare", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    fact, data = line(1), b"x" * 120
    journal.append([fact])

    ratio = benchmark_ratio(lambda: journal.append((fact,)), lambda: os.write(bare, data))

    os.close(bare)
    assert ratio < 40, f"append costs {ratio:.0f} bare writes"
