"""States, reasons and spans of time in words; the browser's words are the same."""

from __future__ import annotations

import re

import pytest

from dagy_nb.protocol.picture import NodeStatus
from dagy_nb.protocol.symbols import (
    ICONS,
    LOOKS,
    look_at,
    word_duration,
    word_reason,
    word_status,
)
from tests.source import ROOT


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.04, "40 ms"),
        (0.1, "0.1 s"),
        (3.21, "3.2 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 00 s"),
        (65.4, "1 min 05 s"),
        (7380, "2 h 03 min"),
    ],
)
def test_durations_in_words(seconds, words):
    assert word_duration(seconds) == words


def test_a_status_in_words():
    assert word_status(NodeStatus(state="COMPLETED", attempts=1)) == "Completed"
    assert word_status(NodeStatus(state="FAILED", attempts=3)) == "Failed (attempt 3)"
    assert word_status(NodeStatus(state="SKIPPED", reason="up_to_date")) == "Up to date"
    assert word_reason(NodeStatus(state="FAILED", reason="crashed")) == "its process crashed"
    assert word_reason(NodeStatus(state="COMPLETED")) == ""


def test_a_state_of_a_newer_version_has_words_too():
    assert look_at("SOMETHING_NEW").word == "something new"
    assert word_reason(NodeStatus(state="FAILED", reason="out_of_luck")) == "out of luck"


def test_the_browser_names_states_alike():
    source = (ROOT / "labextension/src/graph/status.ts").read_text(encoding="utf-8")

    found = re.findall(r"(\w+): \{ word: '([^']+)', tone: '(\w+)' \}", source)

    assert {state: (word, tone) for state, word, tone in found} == {
        state: (look.word, look.tone) for state, look in LOOKS.items()
    }


def test_the_browser_knows_the_same_icons():
    source = (ROOT / "labextension/src/editor/icons.ts").read_text(encoding="utf-8")

    assert set(ICONS) <= set(re.findall(r"^  (\w+):", source, re.MULTILINE))
