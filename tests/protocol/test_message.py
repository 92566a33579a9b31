"""Messages are read strictly and written whole."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dagy_nb.errors import MessageError
from dagy_nb.protocol.message import (
    MAX_MESSAGE,
    PaletteChanged,
    StatusChanged,
    encode,
    read_id,
    read_request,
)
from dagy_nb.protocol.picture import PalettePicture, RunPicture, TypePicture
from tests.protocol.examples import EXAMPLES, FOLDER, REQUESTS, write_example


@pytest.mark.parametrize("name", EXAMPLES)
def test_encoding_gives_the_text_that_the_browser_was_tested_with(name):
    assert write_example(EXAMPLES[name]) == (FOLDER / f"{name}.json").read_text(encoding="utf-8")


def test_there_is_one_example_of_every_message():
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EXAMPLES)
    assert all(message.kind == name for name, message in EXAMPLES.items())


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_is_read_back_as_it_was_written(name):
    assert read_request(json.loads(json.dumps(encode(REQUESTS[name])))) == REQUESTS[name]


def deep(levels):
    value = {}
    for _ in range(levels):
        value = {"a": value}
    return value


MALFORMED = {
    "nothing": None,
    "a text": "hello",
    "a list": [],
    "no kind": {"id": "a"},
    "an unknown kind": {"kind": "explode", "id": "a"},
    "no id": {"kind": "hello"},
    "an empty id": {"kind": "hello", "id": ""},
    "a long id": {"kind": "hello", "id": "x" * 101},
    "an unknown field": {"kind": "hello", "id": "a", "more": 1},
    "no edits": {"kind": "edit", "id": "a", "base_revision": 1, "edits": []},
    "a wrong edit": {
        "kind": "edit",
        "id": "a",
        "base_revision": 1,
        "edits": [{"kind": "add_node", "node": {"id": "no name", "type": "T"}}],
    },
    "a wrong revision": {"kind": "run", "id": "a", "base_revision": "now"},
    "a position that is none": {"kind": "move", "id": "a", "positions": {"n": {"x": "left"}}},
    "a deep one": {
        "kind": "run",
        "id": "a",
        "base_revision": 1,
        "parameters": deep(100_000),
    },
    "bytes": b"\x00",
}


@pytest.mark.parametrize("content", MALFORMED.values(), ids=MALFORMED)
def test_a_message_of_wrong_shape_is_refused_with_a_code(content):
    with pytest.raises(MessageError) as caught:
        read_request(content)

    assert caught.value.code == "message.invalid"


def test_a_position_beyond_all_numbers_is_refused():
    with pytest.raises(MessageError):
        read_request({"kind": "move", "id": "a", "positions": {"n": {"x": math.inf, "y": 0}}})


def test_a_message_of_10_mb_is_refused_with_a_code():
    content = {"kind": "run", "id": "a", "base_revision": 1, "parameters": {"x": "y" * 10_000_000}}

    with pytest.raises(MessageError) as caught:
        read_request(content)

    assert caught.value.code == "message.too_large"
    assert f"{MAX_MESSAGE:,}" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"id": "a"}, "a"),
        ({"id": 3}, ""),
        ({"id": "x" * 101}, ""),
        ({}, ""),
        (None, ""),
        ([], ""),
    ],
)
def test_the_id_of_any_message_is_found_for_the_refusal(content, expected):
    assert read_id(content) == expected


def test_what_json_does_not_know_goes_as_its_repr():
    moment = datetime(2026, 11, 21, tzinfo=UTC)
    drawn = TypePicture(
        type="T",
        label="T",
        config_defaults={"at": moment, "place": Path("a"), "f": ValueError("no"), "n": math.nan},
    )
    content = encode(PaletteChanged(palette=PalettePicture(revision=1, types=(drawn,))))

    defaults = content["palette"]["types"][0]["config_defaults"]
    assert defaults == {
        "at": "2026-11-21T00:00:00Z",
        "place": "a",
        "f": "ValueError('no')",
        "n": None,
    }


def test_no_message_carries_a_number_that_breaks_a_browser():
    run = RunPicture(run_id="r", state="RUNNING", now=math.inf)

    text = json.dumps(encode(StatusChanged(run=run)), allow_nan=False)

    assert json.loads(text)["run"]["now"] is None
