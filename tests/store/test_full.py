"""No room and no rights: recording says so at once, what is recorded stays readable, and it goes on later."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.store.journal_store import JournalStore
from tests.store.facts import ROOT, TurnedClock, whole_run

NOBODY = 65534

FILL = """
import json, resource, sys
from pathlib import Path
from dagy_nb.errors import StoreError
from dagy_nb.store.journal_store import JournalStore
from tests.store.facts import TurnedClock, whole_run
folder, limit = Path(sys.argv[1]), int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
store = JournalStore(folder, TurnedClock(), fold_after=None)
written, codes = 0, []
while len(codes) < 3 and written < 5000:
    try:
        store.append(*whole_run(f"run-{written:05d}"))
        written += 1
    except StoreError as error:
        codes.append(error.code)
        assert error.suggestion
        if limit:
            break
print(json.dumps([written, codes]))
"""


def run_filling(folder: Path, limit: int = 0) -> tuple[int, list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(folder), str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    written, codes = json.loads(done.stdout)
    return written, codes


def count_completed(folder: Path) -> int:
    store = JournalStore(folder, TurnedClock(), fold_after=None)
    store.append(*whole_run("run-later"))
    found = (
        store.connect().execute("SELECT count(*) FROM runs WHERE state = 'COMPLETED'").fetchone()
    )
    store.close()
    return found[0] - 1


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of 256 kB, where this user may mount one."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        pytest.skip("Only root can mount a small file system.")
    folder = Path(tempfile.mkdtemp())
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=256k", "dagy-test", str(folder)],
        check=False,
        capture_output=True,
    )
    if done.returncode != 0:
        pytest.skip("This machine does not let root mount a file system.")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_a_full_disk_is_said_and_what_fitted_stays(small_disk):
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(100_000))
    written, codes = run_filling(small_disk / ".dagy")

    assert written > 5
    assert codes == ["store.full"] * 3
    store = JournalStore(small_disk / ".dagy", TurnedClock(), fold_after=None)
    live = store.connect()  # there is no room to fold either
    completed = live.execute("SELECT count(*) FROM runs WHERE state = 'COMPLETED'").fetchone()[0]
    assert written <= completed <= written + 1

    ballast.unlink()
    store.append(*whole_run("run-later"))
    assert store.run("run-later").state == "COMPLETED"
    store.close()


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of this kind")
@pytest.mark.parametrize("limit", [100, 5_000, 60_000])
def test_a_file_that_may_not_grow_is_as_good_as_full(tmp_path, limit):
    written, codes = run_filling(tmp_path / ".dagy", limit)

    assert codes == ["store.full"]
    assert written <= count_completed(tmp_path / ".dagy") <= written + 1


@pytest.fixture
def read_only() -> Iterator[tuple[Path, int | None]]:
    """A store that another user may only read, and that user (None: this one)."""
    folder = Path(tempfile.mkdtemp(dir="/tmp" if os.geteuid() == 0 else None))
    store = JournalStore(folder / ".dagy", TurnedClock(), fold_after=None)
    store.append(*whole_run("run-0001"))
    store.fold()
    store.append(*whole_run("run-0002"))
    store.close()
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    yield folder / ".dagy", NOBODY if os.geteuid() == 0 else None
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    shutil.rmtree(folder)


READ = """
import json, os, sys, tempfile
from pathlib import Path
import duckdb, filelock, pydantic.dataclasses
import dagy_nb.store.base, dagy_nb.store.view
from dagy_nb.errors import StoreError
from dagy_nb.store.journal_store import JournalStore
from tests.store.facts import TurnedClock, make_flow, see_flow, whole_run
if sys.argv[2]:  # after the imports, which another user may not be able to make
    os.setuid(int(sys.argv[2]))
store = JournalStore(Path(sys.argv[1]), TurnedClock(), fold_after=None)
found = {
    "runs": [run.run_id for run in store.runs().runs],
    "sql": store.connect().execute("SELECT count(*) FROM node_runs").fetchone()[0],
    "logs": len(store.logs("run-0002")),
}
for name, act in {
    "append": lambda: store.append(*whole_run("run-0003")),
    "fold": lambda: store.fold(),
    "publish": lambda: store.publish_flow(make_flow(), node_versions={}),
}.items():
    try:
        act()
    except StoreError as error:
        found[name] = [error.code, bool(error.suggestion)]
print(json.dumps(found))
"""


def test_a_read_only_folder_is_read_and_not_written(read_only):
    folder, user = read_only
    before = sorted(path.name for path in folder.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-c", READ, str(folder), "" if user is None else str(user)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert json.loads(done.stdout or repr(done.stderr)) == {
        "runs": ["run-0002", "run-0001"],
        "sql": 4,
        "logs": 2,
        "append": ["store.unwritable", True],
        "fold": ["store.unwritable", True],
        "publish": ["store.unwritable", True],
    }
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    written, codes = run_filling(tmp_path / "file" / ".dagy")

    assert (written, codes) == (0, ["store.unwritable"] * 3)


FOLD = """
import json, resource, sys
from pathlib import Path
from dagy_nb.errors import StoreError
from dagy_nb.store.journal_store import JournalStore
from tests.store.facts import TurnedClock
store = JournalStore(Path(sys.argv[1]), TurnedClock(), fold_after=None)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
code = ""
try:
    store.fold()
except StoreError as error:
    code = error.code
count = store.connect().execute("SELECT count(*) FROM runs").fetchone()[0]
print(json.dumps([code, count]))
"""


@pytest.mark.parametrize("limit", [1_000, 20_000, 300_000, 1_200_000, 2_500_000])
@pytest.mark.parametrize("folded_before", [False, True])
def test_a_fold_without_room_leaves_everything_as_it_was(tmp_path, limit, folded_before):
    store = JournalStore(tmp_path, TurnedClock(), fold_after=None)
    for number in range(10):
        store.append(*whole_run(f"run-{number:05d}"))
    if folded_before:
        store.fold()
    for number in range(10, 30):
        store.append(*whole_run(f"run-{number:05d}"))
    done = subprocess.run(
        [sys.executable, "-c", FOLD, str(tmp_path), str(limit)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    code, count = json.loads(done.stdout or repr(done.stderr))
    assert code in {"store.full", ""}
    assert count == 30
    assert store.fold()
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (30,)
    assert list(tmp_path.glob("quarantine-*")) == []
    store.close()
