"""What cannot be run or saved is told before anything starts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dagy_nb.errors import NotebookError
from dagy_nb.schedules.notebook import run_notebook
from dagy_nb.schedules.places import check_output, find_kernel, read_notebook
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore
from tests.schedules.build import make_notebook, write_notebook


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "notebook.not_found"),
        (b"", "notebook.unreadable"),
        (b"print('no notebook')", "notebook.unreadable"),
        (b"{}", "notebook.unreadable"),
        (
            b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": 3}',
            "notebook.unreadable",
        ),
        (b"\xff\xfe", "notebook.unreadable"),
    ],
)
def test_what_is_no_notebook_is_refused(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "x.ipynb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NotebookError) as caught:
        read_notebook(path)

    assert caught.value.code == code
    assert "x.ipynb" in caught.value.reason


def test_a_mistyped_file_is_met_with_the_nearest_one(tmp_path: Path) -> None:
    write_notebook(tmp_path, "1", name="report.ipynb")
    with pytest.raises(NotebookError) as caught:
        read_notebook(tmp_path / "reprot.ipynb")

    assert caught.value.suggestion == "Did you mean `report.ipynb`?"


def test_the_output_must_be_another_file_in_a_folder_that_is_there(tmp_path: Path) -> None:
    source = write_notebook(tmp_path, "1")
    (tmp_path / "folder").mkdir()
    link = tmp_path / "link.ipynb"
    link.symlink_to(source)
    codes = {}
    for output in (source, link, tmp_path / "folder", tmp_path / "gone" / "out.ipynb"):
        with pytest.raises(NotebookError) as caught:
            check_output(output, source)
        codes[output.name] = caught.value.code

    assert codes == {
        "in.ipynb": "notebook.output_is_input",
        "link.ipynb": "notebook.output_is_input",
        "folder": "notebook.output_unwritable",
        "out.ipynb": "notebook.output_unwritable",
    }
    assert check_output(tmp_path / "out.ipynb", source) == tmp_path / "out.ipynb"
    assert sorted(os.listdir(tmp_path)) == ["folder", "in.ipynb", "link.ipynb"]  # noqa: PTH208


def test_a_folder_in_proc_cannot_be_written_even_by_root(tmp_path: Path) -> None:
    if not Path("/proc/self").is_dir():
        pytest.skip("there is no /proc here")
    source = write_notebook(tmp_path, "1")
    with pytest.raises(NotebookError) as caught:
        check_output(Path("/proc/self/out.ipynb"), source)

    assert caught.value.code == "notebook.output_unwritable"


def test_a_kernel_that_is_not_installed_is_met_with_those_that_are():
    with pytest.raises(NotebookError) as caught:
        find_kernel(make_notebook("1", kernel="pyton3"))

    assert caught.value.code == "notebook.no_kernel"
    assert "Did you mean `python3`?" in caught.value.suggestion
    assert "Installed: " in caught.value.suggestion


def test_the_kernel_is_the_notebook_s_unless_another_is_asked_for():
    assert find_kernel(make_notebook("1")) == ("python3", "python")
    assert find_kernel(make_notebook("1", kernel="gone"), "python3") == ("python3", "python")


@pytest.mark.parametrize(
    ("options", "kernel", "code"),
    [
        ({"parameters": {"month": 2}}, "python3", "notebook.no_parameters_cell"),
        ({}, "gone", "notebook.no_kernel"),
        ({"output": "in.ipynb"}, "python3", "notebook.output_is_input"),
    ],
)
def test_a_refused_notebook_is_not_recorded(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, object],
    kernel: str,
    code: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    write_notebook(tmp_path, "print(1)", kernel=kernel)
    store = MemoryStore()
    with pytest.raises(NotebookError) as caught:
        run_notebook("in.ipynb", store=store, settings=Settings(home=tmp_path / ".dagy"), **options)

    assert caught.value.code == code
    assert not store.runs().runs
