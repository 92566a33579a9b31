"""What was drawn of a flow is kept whole, the last one only, and what cannot be read is put aside."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from dagy_nb.errors import StoreError
from dagy_nb.model.flow import FlowSpec, NodeEntry, Position
from dagy_nb.store.drafts import DraftFiles, KeptDraft
from tests import strategies

DRAFT = KeptDraft(flow=FlowSpec(name="f"), positions={"a": Position(x=1, y=2)}, drawn_at=3.0)


def test_the_last_one_kept_is_found_by_another_reader(tmp_path: Path) -> None:
    files = DraftFiles(tmp_path / "drafts")
    assert files.find("f") is None
    assert files.names() == []
    files.keep(DRAFT)
    later = DRAFT.model_copy(update={"drawn_at": 4.0})
    files.keep(later)

    assert DraftFiles(tmp_path / "drafts").find("f") == later
    assert files.find("g") is None
    assert files.names() == ["f"]
    assert [each.name for each in (tmp_path / "drafts").iterdir()] == ["f.json"]


@given(flow=strategies.flow_specs())
def test_every_flow_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, flow) -> None:
    files = DraftFiles(tmp_path_factory.mktemp("drafts"))
    draft = KeptDraft(flow=flow)
    files.keep(draft)

    assert files.find(flow.name) == draft


@pytest.mark.parametrize("text", ["", "{", "[]", '{"flow": {"name": "f", "colour": 1}}', "\udcff"])
def test_a_file_that_cannot_be_read_is_put_aside_and_said_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    files = DraftFiles(tmp_path)
    (tmp_path / "f.json").write_bytes(text.encode(errors="surrogateescape"))

    assert files.find("f") is None
    assert "cannot be read" in caplog.text
    assert files.names() == []
    files.keep(DRAFT)
    assert files.find("f") == DRAFT
    assert (tmp_path / "quarantine-f.json").read_bytes() == text.encode(errors="surrogateescape")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "drafts").write_text("a file")

    with pytest.raises(StoreError, match="flow f cannot be kept") as raised:
        DraftFiles(tmp_path / "drafts").keep(DRAFT)

    assert raised.value.code == "store.draft_unwritable"
    assert str(tmp_path / "drafts") in raised.value.suggestion


def test_the_file_of_a_name_that_differs_by_case_is_not_taken_for_it(tmp_path: Path) -> None:
    (tmp_path / "F.json").write_text(DRAFT.model_dump_json())

    assert DraftFiles(tmp_path).find("F") is None


def test_numbers_and_texts_that_json_does_not_know_are_kept(tmp_path: Path) -> None:
    config = {"most": float("inf"), "least": float("-inf"), "text": "half \ud800"}
    node = NodeEntry(id="a", type="Any", config=config)
    files = DraftFiles(tmp_path)
    files.keep(KeptDraft(flow=FlowSpec(name="f", nodes=(node,))))

    kept = files.find("f").flow.node("a").config
    assert kept == {**config, "text": "half \\ud800"}


@pytest.mark.parametrize(
    "name", ["../mine", "{folder}/mine", "mine/../mine", "a\0b", "x" * 300, ""]
)
def test_no_file_but_a_draft_is_ever_looked_at(tmp_path: Path, name: str) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("[1]")
    (tmp_path / "drafts" / "mine").mkdir(parents=True)

    assert DraftFiles(tmp_path / "drafts").find(name.format(folder=tmp_path)) is None
    assert mine.read_text() == "[1]"
