"""Bytes of a worker's stream: what becomes of a flood of lines."""

from __future__ import annotations

import pytest

from dagy_nb.engine.output import BURST, LAST, NodeOutput
from dagy_nb.runners import streamlines
from dagy_nb.runners.streamlines import MOST_LINES, StreamLines


class Ear:
    """Hears lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def wrote(self, level: str, text: str) -> None:
        self.lines.append(text)

    def progressed(self, fraction: float, message: str) -> None:
        raise AssertionError


@pytest.mark.parametrize("count", [1, MOST_LINES + 1, MOST_LINES + LAST, BURST * 5])
@pytest.mark.parametrize("end", ["", "no line feed"])
def test_the_last_lines_of_a_piece_come_through_and_no_line_is_uncounted(count, end, monkeypatch):
    monkeypatch.setattr(streamlines, "FLOOD_PAUSE", 0.0)
    ear = Ear()
    output = NodeOutput(ear, lambda: 0.0)
    stream = StreamLines("STDOUT", output)

    stream.take("".join(f"{number}\n" for number in range(count)).encode() + end.encode())
    stream.close()
    output.close()

    written = [*map(str, range(count)), *filter(None, [end])]
    shown = [each for each in ear.lines if "left out" not in each]
    notes = [each for each in ear.lines if "left out" in each]
    assert shown[-min(LAST - 1, len(written)) :] == written[-min(LAST - 1, len(written)) :]
    left_out = sum(int(each.split()[1].replace(",", "")) for each in notes)
    assert left_out + len(shown) == len(written)
