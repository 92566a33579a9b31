"""The house's law: imports, sizes, one place that executes code, one version, fresh types."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.source import ROOT, list_files, list_modules, name_of, parse, show

MAX_LINES = 400
GENERATED = frozenset({"generated.ts"})
EXECUTORS = frozenset({"exec", "eval", "compile", "__import__"})
EXECUTING_METHODS = frozenset(
    {"exec_module", "run_path", "run_module", "run_cell", "run_code", "runcode"}
)
HEAVY = frozenset(
    {"duckdb", "papermill", "nbformat", "pandas", "IPython", "numpy"}
    | {"ipywidgets", "anywidget", "rich", "typer"}
)
RUNNING = frozenset(
    {"asyncio", "multiprocessing", "subprocess", "sqlite3", "ctypes", "ssl", "http"}
    | {"distributed", "dask", "cloudpickle", "psutil", "filelock", "platformdirs", "ruamel", "cel"}
)
RUNNING_ROOMS = (
    *("dagy_nb.runners", "dagy_nb.backends", "dagy_nb.store", "dagy_nb.schedules"),
    *("dagy_nb.engine.driver", "dagy_nb.session.session", "dagy_nb.protocol"),
)


def test_imports_go_down_the_stairs_only():
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_is_held_by_a_contract_of_its_own_layer():
    """A layer in parentheses may be missing; none of those that are there is left out."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    stairs = next(each for each in contracts if each["id"] == "stairs")
    held = {name for layer in stairs["layers"] for name in re.findall(r"\w+", layer)}
    rooms = {
        path.relative_to(ROOT / "dagy_nb").parts[0].removesuffix(".py") for path in list_modules()
    }

    assert rooms - held == {"__init__", "_version"}


def test_no_room_imports_from_the_package_root():
    problems = [
        f"{name_of(path)}:{statement.lineno} imports from the root: import from the room"
        for path in list_modules()
        if path != ROOT / "dagy_nb" / "__init__.py"
        for statement in ast.walk(parse(path))
        if (
            isinstance(statement, ast.ImportFrom)
            and statement.module == "dagy_nb"
            and not statement.level
        )
        or (
            isinstance(statement, ast.Import)
            and any(alias.name == "dagy_nb" for alias in statement.names)
        )
    ]

    assert not problems, show(problems)


@pytest.mark.parametrize("folder", ["dagy_nb", "tests", "labextension"])
def test_no_module_is_two_ideas_long(folder):
    problems = []
    for path in list_files():
        if not path.is_relative_to(ROOT / folder) or path.name in GENERATED:
            continue
        if path.suffix in {".py", ".ts", ".tsx", ".mjs", ".css"}:
            count = len(path.read_text(encoding="utf-8").splitlines())
            if count > MAX_LINES:
                problems.append(f"{name_of(path)} has {count} lines, {MAX_LINES} are allowed")

    assert not problems, show(problems)


def find_executions(path: Path) -> list[tuple[str, int]]:
    found = []
    for call in ast.walk(parse(path)):
        if not isinstance(call, ast.Call):
            continue
        match call.func:
            case ast.Name(id=name) if name in EXECUTORS:
                found.append((name, call.lineno))
            case ast.Attribute(value=ast.Name(id="builtins"), attr=name) if name in EXECUTORS:
                found.append((name, call.lineno))
            case ast.Attribute(attr=name) if name in EXECUTING_METHODS:
                found.append((name, call.lineno))
    return found


def test_one_place_compiles_and_executes_code():
    """Stored or opened text is never executed: only a cell that a user runs, in one module (D2)."""
    places = {name_of(path): find_executions(path) for path in list_modules()}
    places = {name: found for name, found in places.items() if found}

    assert set(places) == {"dagy_nb/nodes/cell.py"}
    counts = Counter(name for name, _ in places["dagy_nb/nodes/cell.py"])
    assert counts["exec"] == 1
    assert counts["compile"] <= 1
    assert set(counts) <= {"exec", "compile"}


def test_importing_the_package_loads_nothing_heavy():
    assert not HEAVY & {name.partition(".")[0] for name in list_loaded("import dagy_nb")}


def test_a_module_that_defines_nodes_and_flows_does_not_load_what_runs_them():
    loaded = list_loaded("from dagy_nb import Flow, FlowNode, Input, Output, node")

    assert "dagy_nb.nodes.base" in loaded
    assert not (HEAVY | RUNNING) & {name.partition(".")[0] for name in loaded}
    assert not [name for name in loaded if name.startswith(RUNNING_ROOMS)]


def list_loaded(statement: str) -> set[str]:
    """Return the names of all modules that a fresh interpreter has after a statement."""
    script = f"{statement}\nimport sys, json; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_one_version_for_both_languages():
    package = json.loads((ROOT / "labextension" / "package.json").read_text())

    assert version("dagy_nb") == package["version"]


def test_generated_types_follow_the_python_schema():
    npm = shutil.which("npm")
    if npm is None or not (ROOT / "labextension" / "node_modules").is_dir():
        pytest.skip(
            "Comparing the generated types needs npm and labextension/node_modules (pip install -e . makes them)."
        )
    done = subprocess.run(
        [npm, "run", "--silent", "types:check"],
        cwd=ROOT / "labextension",
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
