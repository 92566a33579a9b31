"""What a body prints and tells: whole lines, bounded, floods cut with a note."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from dagy_nb.engine.output import BURST, LINES_PER_SECOND, MAX_LINE, NodeOutput


class Ear:
    """Hears everything."""

    def __init__(self):
        self.lines = []
        self.progress = []

    def wrote(self, level, text):
        self.lines.append((level, text))

    def progressed(self, fraction, message):
        self.progress.append((fraction, message))


@pytest.fixture
def ear():
    return Ear()


@pytest.fixture
def output(ear, clock):
    return NodeOutput(ear, clock.monotonic)


PIECES = [
    (["one\n"], ["one"]),
    (["o", "ne", "\n"], ["one"]),
    (["one\ntwo\n"], ["one", "two"]),
    (["one\ntwo"], ["one", "two"]),
    (["\n"], [""]),
    ([""], []),
    (["10%\r20%\r100%\n"], ["100%"]),
    (["10%\r", "20%\r", "100%\r"], ["100%"]),
    (["windows\r", "\n"], ["windows"]),
    (["10%\r", "20%"], ["20%"]),
    (["windows\r\n"], ["windows"]),
    (["half \ud83d\n"], ["half \\ud83d"]),
]


@pytest.mark.parametrize(("pieces", "lines"), PIECES)
def test_pieces_become_lines(output, ear, pieces, lines):
    for piece in pieces:
        output.write("STDOUT", piece)
    output.close()

    assert ear.lines == [("STDOUT", line) for line in lines]


def test_a_line_goes_on_as_soon_as_it_is_complete(output, ear):
    output.write("STDOUT", "one\ntwo")

    assert ear.lines == [("STDOUT", "one")]


def test_the_two_streams_do_not_mix_their_pieces(output, ear):
    output.write("STDOUT", "out ")
    output.write("STDERR", "err ")
    output.write("STDOUT", "end\n")
    output.write("STDERR", "end\n")

    assert ear.lines == [("STDOUT", "out end"), ("STDERR", "err end")]


def test_a_long_line_is_cut_and_says_so(output, ear):
    output.wrote("INFO", "x" * (MAX_LINE + 1_234))

    ((_, text),) = ear.lines
    assert text.startswith("x" * MAX_LINE)
    assert text.endswith("… (1,234 more characters)")


def test_a_line_without_end_is_not_gathered_without_end(output, ear):
    for _ in range(100):
        output.write("STDOUT", "x" * 1_000)
    output.close()

    ((_, text),) = ear.lines
    assert len(text) < MAX_LINE + 100


def test_of_a_flood_a_burst_comes_through_and_a_note(output, ear):
    for number in range(BURST + 500):
        output.write("STDOUT", f"{number}\n")
    assert len(ear.lines) == BURST

    output.close()
    assert ear.lines[BURST] == ("WARNING", "… 480 lines left out: too many at once.")
    assert ear.lines[BURST + 1 :] == [("STDOUT", str(BURST + each)) for each in range(480, 500)]


def test_after_a_flood_lines_come_through_again(output, ear, clock):
    for number in range(BURST + 3):
        output.wrote("INFO", str(number))

    clock.turn(1.0)
    for number in range(1_000):
        output.wrote("INFO", str(number))

    later = ear.lines[BURST:]
    assert later[0] == ("WARNING", "… 3 lines left out: too many at once.")
    assert len(later) == 1 + LINES_PER_SECOND


def test_an_endless_flood_brings_a_note_for_a_hundred_lines_not_for_each(output, ear, clock):
    for number in range(20_000):
        clock.turn(0.001)  # five times as many as come through
        output.wrote("INFO", str(number))
    output.close()

    notes = [text for level, text in ear.lines if level == "WARNING"]
    lines = [int(text) for level, text in ear.lines if level == "INFO"]
    assert len(notes) <= len(lines) / 50
    assert lines == sorted(set(lines))
    assert lines[-20:] == list(range(19_980, 20_000))
    left_out = sum(int(text.split()[1].replace(",", "")) for text in notes)
    assert left_out + len(lines) == 20_000


def test_what_is_written_after_the_end_is_dropped(output, ear):
    output.close()

    output.write("STDOUT", "late\n")
    output.wrote("INFO", "late")
    output.progressed(0.5, "late")

    assert ear.lines == []
    assert ear.progress == []


def test_progress_never_falls_and_does_not_flood(output, ear, clock):
    for fraction in (0.1, 0.2, 0.3):
        output.progressed(fraction, "soon")
    clock.turn(1.0)
    output.progressed(0.05, "back")
    output.progressed(0.4, "later")
    output.progressed(1.0, "done")

    assert ear.progress == [(0.1, "soon"), (0.4, "later"), (1.0, "done")]


def test_lines_of_many_threads_stay_whole(output, ear):
    def talk(name):
        for _ in range(50):
            output.write("STDOUT", f"{name}{name}{name}\n")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(talk, "abcd"))

    assert len(ear.lines) == 200
    assert {text for _, text in ear.lines} == {"aaa", "bbb", "ccc", "ddd"}
