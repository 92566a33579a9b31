"""The reading end of the journal: whole lines, in order, each once; damage counted and passed by."""

from __future__ import annotations

import json
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagy_nb.model.event import JOURNAL_VERSION, LogWritten, encode
from dagy_nb.store.journal import Journal
from dagy_nb.store.line import write_line
from dagy_nb.store.place import Place
from dagy_nb.store.scan import Fact, SegmentState, read_segment
from dagy_nb.store.tail import BUDGET, Tail, list_segments
from tests.store.facts import NOON, TurnedClock, whole_run

NAME = "01800000000000000000-77-abcdef01.jsonl"
HEADER = write_line(
    {
        "kind": "segment_opened",
        "version": 1,
        "at": NOON,
        "pid": 77,
        "started": "5",
        "host": "h",
        "boot": "b",
    }
)
LINES = [write_line(encode(fact)) for fact in whole_run("run-0001", "a", "b", "c")]
WHOLE = b"".join([HEADER, *LINES])


def read_bytes(path: Path, data: bytes, *, is_over: bool = True):
    path.write_bytes(data)
    return read_segment(
        path, SegmentState(name=NAME, writer="77-abcdef01"), is_over=is_over, limit=BUDGET
    )


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("journal") / NAME


def test_a_segment_is_read_from_its_header_to_its_end(path):
    state, facts, damages = read_bytes(path, WHOLE)

    assert [fact.event for fact in facts] == whole_run("run-0001", "a", "b", "c")
    assert [fact.position for fact in facts] == [
        len(HEADER) + sum(map(len, LINES[:number])) for number in range(len(LINES))
    ]
    assert damages == []
    assert (state.position, state.is_complete, state.facts) == (len(WHOLE), True, len(LINES))
    assert state.last_at == NOON + 1.0
    assert (state.header.origin.pid, state.header.origin.host) == (77, "h")


LINE_ENDS = [number for number, byte in enumerate(WHOLE) if byte == ord("\n")]


@given(cut=st.integers(0, len(WHOLE)) | st.sampled_from(LINE_ENDS))
def test_any_beginning_of_a_segment_is_read_as_far_as_its_lines_are_whole(path, cut):
    """Of a dead process even the line feed of the last line may be missing."""
    for is_over in (False, True):
        state, facts, damages = read_bytes(path, WHOLE[:cut], is_over=is_over)

        whole = sum(end < cut or (is_over and end == cut) for end in LINE_ENDS)
        rest = cut - max([0, *(end + 1 for end in LINE_ENDS if end < cut)])
        torn = is_over and rest > 0 and cut not in LINE_ENDS
        assert len(facts) == max(0, whole - 1)
        assert [damage.what for damage in damages] == ["torn"] * torn
        assert (state.is_complete, state.position) == (is_over, cut if is_over else cut - rest)


@given(cuts=st.lists(st.integers(0, len(WHOLE)), max_size=8))
def test_reading_on_gives_each_fact_once(path, cuts):
    state = SegmentState(name=NAME, writer="77-abcdef01")
    seen: list[Fact] = []
    for cut in [*sorted(cuts), len(WHOLE)]:
        path.write_bytes(WHOLE[:cut])
        state, facts, damages = read_segment(path, state, is_over=False, limit=BUDGET)
        seen += facts
        assert damages == []

    assert [fact.event for fact in seen] == whole_run("run-0001", "a", "b", "c")
    assert state.facts == len(LINES)


@given(place=st.integers(len(HEADER), len(WHOLE) - 1), change=st.integers(1, 255))
def test_a_changed_byte_costs_its_own_line_only(path, place, change):
    data = bytearray(WHOLE)
    data[place] ^= change
    _, facts, damages = read_bytes(path, bytes(data))

    hit_line_end = WHOLE[place : place + 1] == b"\n"
    lost = len(LINES) - len(facts)
    assert lost == (2 if hit_line_end and place < len(WHOLE) - 1 else lost)
    assert lost <= 2
    assert damages or lost == 0  # at the very end, a lost line feed loses nothing


DAMAGES = {
    "torn tail": (WHOLE + LINES[0][:20], len(LINES), ["torn"]),
    "zero-filled tail": (WHOLE + bytes(4096), len(LINES), ["torn"]),
    "zeros then a line": (WHOLE + bytes(100) + b"\n" + LINES[0], len(LINES) + 1, ["checksum"]),
    "no header": (b"".join(LINES), len(LINES), []),
    "header overwritten": (
        b"x" * (len(HEADER) - 1) + b"\n" + b"".join(LINES),
        len(LINES),
        ["checksum"],
    ),
    "unknown kind": (
        WHOLE + write_line({"kind": "node_teleported", "at": 1.0}),
        len(LINES),
        ["unknown"],
    ),
    "wrong shape": (
        WHOLE + write_line({"kind": "node_ended", "at": "noon"}),
        len(LINES),
        ["malformed"],
    ),
    "no object": (WHOLE + b"%08x [1]\n" % crc32(b"[1]"), len(LINES), ["malformed"]),
    "empty": (b"", 0, []),
    "only line feeds": (HEADER + b"\n\n\n", 0, ["checksum"] * 3),
    "carriage returns": (HEADER + LINES[0].replace(b"\n", b"\r\n") + LINES[1], 1, ["checksum"]),
    "nonsense": (b"\x00\xff" * 50 + b"\n", 0, ["checksum"]),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_damage_is_counted_and_passed_by(path, case):
    data, facts_left, expected = DAMAGES[case]

    state, facts, damages = read_bytes(path, data)

    assert len(facts) == facts_left
    assert [damage.what for damage in damages] == expected
    assert (state.damages, state.position, state.is_complete) == (len(expected), len(data), True)


def test_an_unfinished_line_of_a_living_process_is_waited_for(path):
    state, facts, damages = read_bytes(path, WHOLE[:-5], is_over=False)
    path.write_bytes(WHOLE)
    later, more, _ = read_segment(path, state, is_over=False, limit=BUDGET)

    assert (len(facts), damages, state.is_complete) == (len(LINES) - 1, [], False)
    assert (len(more), later.position) == (1, len(WHOLE))


def test_a_segment_of_a_newer_format_is_left_alone(path):
    header = json.loads(HEADER[9:]) | {"version": JOURNAL_VERSION + 1}

    state, facts, damages = read_bytes(path, write_line(header) + b"".join(LINES))

    assert (facts, damages, state.position, state.is_complete) == ([], [], 0, False)


def test_a_line_longer_than_a_chunk_is_read(path, monkeypatch):
    monkeypatch.setattr("dagy_nb.store.scan.CHUNK", 64)

    _, facts, damages = read_bytes(path, WHOLE)

    assert (len(facts), damages) == (len(LINES), [])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(budget=st.integers(1, len(WHOLE)))
def test_a_budget_bounds_each_look_and_loses_nothing(path, budget):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagy_nb.store.scan.CHUNK", 256)
        path.write_bytes(WHOLE)
        tail = Tail(Place(path.parent.parent))
        patch.setattr(Place, "journal", path.parent)
        seen = []
        for _ in range(1000):
            seen += tail.read(budget).facts
            if tail.is_caught_up:
                break

    assert [fact.event for fact in seen] == whole_run("run-0001", "a", "b", "c")


def test_only_segments_are_read(tmp_path):
    place = Place(tmp_path)
    journal = Journal(place, TurnedClock())
    journal.append([LogWritten(at=NOON, text="hello")])
    for name in (
        ".hidden.jsonl",
        "notes.txt",
        ".01800000000000000000-77-abcdef01.jsonl",
        "old.jsonl",
    ):
        (place.journal / name).write_text("what")

    assert len(list_segments(place)) == 1
    assert len(Tail(place).read().facts) == 1
    journal.close()


def test_a_process_that_goes_on_in_a_new_segment_is_never_taken_for_dead(tmp_path, monkeypatch):
    """The old segment is let go while it is being looked at: the new one is found before judging."""
    place = Place(tmp_path)
    journal = Journal(place, TurnedClock(), rotate_at=1)
    journal.append([LogWritten(at=NOON, text="first")])
    tail = Tail(place)
    real = tail._read_segment
    looked = []

    def look(name, batch, budget):
        if not looked:
            journal.append([LogWritten(at=NOON, text="second")])
        looked.append(name)
        return real(name, batch, budget)

    monkeypatch.setattr(tail, "_read_segment", look)
    facts = tail.read().facts

    assert [fact.event.text for fact in facts] == ["first", "second"]
    assert tail.living_writers() == {journal.writer}
    journal.close()
    monkeypatch.undo()
    tail.read()
    assert tail.living_writers() == set()


def test_a_deleted_segment_belongs_to_nobody_alive(tmp_path):
    place = Place(tmp_path)
    journal = Journal(place, TurnedClock())
    journal.append([LogWritten(at=NOON, text="first")])
    tail = Tail(place)
    tail.read()
    before = tail.living_writers()
    for name in list_segments(place):
        (place.journal / name).unlink()

    tail.read()

    assert before == {journal.writer}
    assert tail.living_writers() == set()
    journal.close()
