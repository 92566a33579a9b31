"""Flow files are read whole and written in one step."""

from __future__ import annotations

from pathlib import Path

import pytest

from dagy_nb.errors import FlowError, FlowTextError
from dagy_nb.flowfile.files import load_flow_file, save_flow_file
from dagy_nb.model.edit import SetFlow, apply_edit
from dagy_nb.model.flow import FlowSpec, NodeEntry

TEXT = "# mine\nnodes:\n  a: {type: A}  # first\n"


def test_a_file_without_a_name_names_the_flow(tmp_path: Path) -> None:
    path = tmp_path / "late-flights.flow.yaml"
    path.write_text(TEXT)

    assert load_flow_file(path).name == "late_flights"


def test_a_file_that_can_name_no_flow_must_hold_the_name(tmp_path: Path) -> None:
    path = tmp_path / "2013.yaml"
    path.write_text(TEXT)

    with pytest.raises(FlowTextError) as caught:
        load_flow_file(path)

    assert caught.value.code == "text.missing_field"


def test_saving_keeps_comments_and_the_file_s_mode(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT)
    path.chmod(0o640)
    spec = apply_edit(load_flow_file(path), SetFlow(timeout=5))

    save_flow_file(path, spec)

    assert path.read_text() == "# mine\ntimeout: 5\nnodes:\n  a: {type: A}  # first\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_flow_file(path) == spec
    assert [each.name for each in tmp_path.iterdir()] == ["f.yaml"]


def test_a_flow_that_cannot_be_written_leaves_the_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_text(TEXT)
    spec = FlowSpec(name="f", nodes=[NodeEntry(id="a", type="A", config={"x": object()})])

    with pytest.raises(FlowTextError):
        save_flow_file(path, spec)

    assert path.read_text() == TEXT
    assert [each.name for each in tmp_path.iterdir()] == ["f.yaml"]


def test_what_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FlowError) as reading:
        load_flow_file(tmp_path / "gone.yaml")
    with pytest.raises(FlowError) as writing:
        save_flow_file(tmp_path / "gone" / "f.yaml", FlowSpec(name="f"))

    assert (reading.value.code, writing.value.code) == ("flow.unreadable", "flow.unwritable")
    assert "gone" in reading.value.reason


def test_a_file_of_many_megabytes_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"# " + b"x" * 9_000_000)

    with pytest.raises(FlowTextError) as caught:
        load_flow_file(path)

    assert caught.value.code == "text.too_large"
