"""What dagy_nb needs is looked at, and what is missing is said with what to do."""

from __future__ import annotations

import subprocess
import sys

import pytest

from dagy_nb.cli import doctor
from dagy_nb.session.current import set_session


def states(answer):
    return {each["what"]: each["state"] for each in answer["data"]["findings"]}


def test_a_healthy_machine_has_nothing_that_fails(call, ask):
    found = states(ask("doctor"))

    assert "fail" not in found.values()
    assert {
        *("dagy_nb", "duckdb", "setting home", "store readable", "store writable"),
        *("store backlog", "store damage", "kernels", "editor", "papermill --engine dagy"),
    } <= found.keys()
    done = call("doctor")
    assert done.exit_code == 0
    assert "2 runs" in done.stdout


def test_what_is_not_folded_yet_is_told_also_where_older_parts_are_gone(recorded, monkeypatch):
    """Packed segments were folded, so what they had must not count against what is new."""
    recorded.store.fold()
    folded = dict(
        recorded.store.connect().execute("SELECT name, position FROM segments").fetchall()
    )
    assert doctor._count_unfolded(recorded.settings.home, folded) == 0

    (path,) = (recorded.settings.home / "journal").glob("*.jsonl")
    with path.open("ab") as file:
        file.write(bytes(1000))

    known = {**folded, "00000000000000000001-1-00000000.jsonl": 5_000}
    assert doctor._count_unfolded(recorded.settings.home, known) == 1000


def test_settings_are_told_with_their_source(call, monkeypatch, tmp_path):
    monkeypatch.setenv("DAGY_TIMEOUT", "17")
    monkeypatch.setenv("DAGY_HOME", str(tmp_path / "elsewhere"))

    shown = call("doctor").stdout

    assert "17.0 (from DAGY_TIMEOUT)" in shown
    assert "elsewhere (from DAGY_HOME)" in shown


def test_a_wrong_setting_fails_with_its_name(ask, monkeypatch):
    monkeypatch.setenv("DAGY_TIMEOUT", "soon")

    answer = ask("doctor", code=3)

    assert states(answer)["settings"] == "fail"
    assert "DAGY_TIMEOUT" in str(answer["data"])


def test_a_store_folder_that_is_a_file_fails(ask, monkeypatch, tmp_path, recorded):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("DAGY_HOME", str(tmp_path / "file"))
    before = set_session(None)
    try:
        answer = ask("doctor", code=3)
    finally:
        set_session(before)

    assert "fail" in {state for what, state in states(answer).items() if "store" in what}


def test_a_disk_that_takes_nothing_fails_and_nothing_is_left_there(tmp_path):
    code = (
        "import resource, sys; from pathlib import Path; from dagy_nb.cli.doctor import _look_at_writing\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
        "print(*(each.state for each in _look_at_writing(Path(sys.argv[1]))))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )

    assert done.stdout == "fail\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("look", "what", "state"),
    [("look_at_packages", "papermill", "fail"), ("look_at_packages", "matplotlib", "warn")],
)
def test_a_missing_package_is_named(monkeypatch, look, what, state):
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "" if name == what else real(name))

    finding = next(each for each in getattr(doctor, look)() if each.what == what)

    assert (finding.state, finding.value) == (state, "missing")
    assert finding.suggestion


def test_an_editor_that_is_not_built_is_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "WIDGET", tmp_path)

    (finding,) = doctor.look_at_editor()

    assert finding.state == "warn"
    assert "npm" in finding.suggestion
