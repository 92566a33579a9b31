"""A checkout in, an sdist, a wheel from that sdist, and an environment without Node.js that has it out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.source import ROOT, list_files, list_modules

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

BUILT = ("dagy_nb/static/widget.js", "dagy_nb/static/widget.css")
# What a person sees who has the package installed, and nothing else.
LOOK = """
import importlib, json, pkgutil, warnings
from importlib.metadata import entry_points, version
from importlib.resources import files

warnings.simplefilter("error", DeprecationWarning)
import dagy_nb
names = [each.name for each in pkgutil.walk_packages(dagy_nb.__path__, "dagy_nb.")]
for name in names:
    importlib.import_module(name)
(engine,) = entry_points(group="papermill.engine", name="dagy")
(command,) = entry_points(group="console_scripts", name="dagy-nb")
print(json.dumps({
    "place": dagy_nb.__path__[0],
    "version": version("dagy_nb"),
    "modules": names,
    "engine": engine.load().__name__,
    "command": callable(command.load()),
    "plug-ins": len(entry_points(group="dagy_nb.nodes")),
    "typed": files("dagy_nb").joinpath("py.typed").is_file(),
    "static": {each.name: len(each.read_bytes()) for each in files("dagy_nb").joinpath("static").iterdir()},
}))
"""


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory) -> Path:
    """The sdist of a clean copy: what git keeps, with the editor as it was built for this checkout."""
    missing = [name for name in BUILT if not (ROOT / name).is_file()]
    if missing:
        pytest.fail(
            f"{missing} not built: run `npm run build:prod` in labextension/, or `pip install -e .`"
        )
    copy = tmp_path_factory.mktemp("checkout")
    for path in [*list_files(), *(ROOT / name for name in BUILT)]:
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    run([sys.executable, "-m", "hatchling", "build", "-t", "sdist"], copy, DAGY_SKIP_JS="1")
    (made,) = (copy / "dist").glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory) -> Path:
    """The wheel built from the unpacked sdist, where no Node.js is to be found."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    (root,) = folder.iterdir()
    run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"], root, PATH="", DAGY_SKIP_JS="0"
    )
    (made,) = (root / "dist").glob("*.whl")
    return made


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory) -> Path:
    """An empty virtual environment with the wheel and what it depends on."""
    place = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(place, with_pip=shutil.which("uv") is None, symlinks=True)
    python = str(place / "bin" / "python")
    if shutil.which("uv"):
        run(["uv", "pip", "install", "--quiet", "--python", python, str(wheel)], place)
    else:
        run([python, "-m", "pip", "install", "--quiet", str(wheel)], place)
    return place


@pytest.fixture(scope="module")
def seen(environment: Path) -> dict:
    """What `LOOK` sees there, from a folder that is not the checkout."""
    python = str(environment / "bin" / "python")
    return json.loads(
        run([python, "-c", LOOK], environment, PATH=str(environment / "bin"), PYTHONPATH="")
    )


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_sdist_carries_source_tests_and_the_built_editor(sdist):
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {*BUILT, "pyproject.toml", "LICENSE", "README.md", "labextension/package.json"} <= names
    assert {
        "labextension/package-lock.json",
        "labextension/hatch_build.py",
        "tests/test_wheel.py",
    } <= names
    assert not [name for name in names if "node_modules" in name]


def test_the_wheel_carries_the_package_and_nothing_else(wheel):
    roots = {name.partition("/")[0] for name in names_in(wheel)}

    assert {root.partition("-")[0] for root in roots} == {"dagy_nb"}
    assert set(BUILT) <= names_in(wheel)
    assert any(name.endswith("licenses/LICENSE") for name in names_in(wheel))


def test_the_wheel_is_small(wheel):
    assert wheel.stat().st_size < 1_500_000


def test_every_module_can_be_imported_without_the_extras(seen):
    ours = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in list_modules()
    }

    assert ours - {"dagy_nb"} == set(seen["modules"])


def test_the_installed_package_is_the_one_that_was_looked_at(seen, environment):
    assert Path(seen["place"]).is_relative_to(environment)
    assert (
        seen["version"]
        == json.loads((ROOT / "labextension" / "package.json").read_text())["version"]
    )


def test_the_built_editor_is_found_without_node(seen):
    assert {"widget.js", "widget.css"} <= set(seen["static"])
    assert all(size > 0 for size in seen["static"].values())


def test_the_entry_points_lead_to_the_engine_and_the_command(seen):
    assert seen["engine"] == "DagyEngine"
    assert seen["command"]
    assert seen["plug-ins"] == 0


def test_type_checkers_are_told(seen):
    assert seen["typed"]


def test_the_command_answers_without_the_extras(environment):
    answer = run(
        [str(environment / "bin" / "dagy-nb"), "--help"], environment, PATH=str(environment / "bin")
    )

    assert "demo" in answer
