"""States, reasons and spans of time in words; the browser's words are the same."""

from __future__ import annotations

import re

import pytest

from dagy_nb.protocol.picture import NodeStatus
from dagy_nb.protocol.symbols import (
    ICONS,
    LOOKS,
    OUT_OF_MEMORY,
    REASONED,
    REASONS,
    look_at,
    look_at_node,
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
    assert word_status(NodeStatus(state="SKIPPED", reason="up_to_date")) == "Reused"
    assert word_status(NodeStatus(state="FAILED", reason="crashed")) == "Crashed"
    assert word_reason(NodeStatus(state="FAILED", reason="crashed")) == "its worker process died"
    assert word_reason(NodeStatus(state="COMPLETED")) == ""


def test_a_state_of_a_newer_version_has_words_too():
    assert look_at("SOMETHING_NEW").word == "something new"
    assert word_reason(NodeStatus(state="FAILED", reason="out_of_luck")) == "out of luck"


def test_the_browser_names_states_alike():
    source = (ROOT / "labextension/src/graph/status.ts").read_text(encoding="utf-8")

    found = re.findall(r"(\w+): \{ word: '([^']+)', tone: '(\w+)' \}", source)

    assert {state: (word, tone) for state, word, tone in found} == {
        name: (look.word, look.tone) for name, look in {**LOOKS, **REASONED}.items()
    }


def test_the_browser_words_reasons_alike():
    source = (ROOT / "labextension/src/graph/status.ts").read_text(encoding="utf-8")

    found = dict(re.findall(r"^  (\w+): '([^']+)',?$", source, re.MULTILINE))

    assert {reason: found.get(reason) for reason in REASONS} == REASONS


def test_a_node_that_took_too_much_memory_says_so_in_the_browser_too():
    source = (ROOT / "labextension/src/graph/status.ts").read_text(encoding="utf-8")
    status = NodeStatus(state="FAILED", reason="crashed", error_code=OUT_OF_MEMORY)

    assert word_status(status) == "Out of memory"
    assert f"'{OUT_OF_MEMORY}'" in source


def test_a_reused_node_looks_good():
    look = look_at_node(NodeStatus(state="SKIPPED", reason="up_to_date"))

    assert (look.word, look.tone) == ("Reused", "good")


def test_the_browser_knows_the_same_icons():
    source = (ROOT / "labextension/src/editor/icons.ts").read_text(encoding="utf-8")

    assert set(ICONS) <= set(re.findall(r"^  (\w+):", source, re.MULTILINE))
