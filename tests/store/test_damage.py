"""Whatever happens to the DuckDB files, everything recorded comes back from the journal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagy_nb.store.database import CONFIG
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.place import Place, wal_of
from dagy_nb.store.publish import is_up_to_date
from dagy_nb.store.segment import writer_of
from dagy_nb.store.tail import list_segments
from tests.store.facts import NOON, TurnedClock, failed_run, make_flow, see_flow, whole_run
from tests.store.oracle import check_against_journal, dump_exactly

FILES = ("base.duckdb", "snap.duckdb", "runs.duckdb")


def remove(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def cut_a_block(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 262_144)


def overwrite_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(os.urandom(12_288))


def overwrite_middle(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(12_288)
        file.write(os.urandom(path.stat().st_size - 12_288))


def replace_by_text(path: Path) -> None:
    path.write_text("these are not the records you are looking for\n" * 500)


def replace_by_sqlite(path: Path) -> None:
    path.write_bytes(b"SQLite format 3\x00" + bytes(8000))


def replace_by_foreign_tables(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs AS SELECT 1 AS mine")


def raise_storage_version(path: Path) -> None:
    """As a DuckDB of the far future would write it."""
    with path.open("r+b") as file:
        file.seek(12)
        file.write((200).to_bytes(8, "little"))


def put_nonsense_into_log(path: Path) -> None:
    wal_of(path.resolve()).write_bytes(os.urandom(5000))


def put_empty_log(path: Path) -> None:
    wal_of(path.resolve()).touch()


DAMAGES: list[Callable[[Path], None]] = [
    remove,
    empty,
    cut_in_half,
    cut_a_block,
    overwrite_header,
    overwrite_middle,
    replace_by_text,
    replace_by_sqlite,
    replace_by_foreign_tables,
    raise_storage_version,
    put_nonsense_into_log,
    put_empty_log,
]


def open_store(folder: Path) -> JournalStore:
    return JournalStore(folder, TurnedClock(), fold_after=None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with twenty runs, folded and published; its process has ended."""
    folder = tmp_path_factory.mktemp("whole") / ".dagy"
    store = open_store(folder)
    flow = make_flow()
    store.append(see_flow(flow))
    for number in range(20):
        store.append(*whole_run(f"run-{number:04d}", at=NOON + number, flow=flow))
    store.publish_flow(flow, node_versions={"Work": "v1"}, author="ada")
    store.fold()
    store.close()
    store.fold()
    return folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / ".dagy")


def read_plainly(path: Path) -> int:
    """Open the user's copy as a user does, in another program."""
    script = "import duckdb, sys; print(duckdb.connect(sys.argv[1]).execute('SELECT count(*) FROM runs').fetchone()[0])"
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_to_a_database_file_is_made_good(folder, name, damage):
    damage(folder / name)
    store = open_store(folder)

    assert len(store.runs(limit=100).runs) == 20
    assert [node.state for node in store.run("run-0007").nodes.values()] == ["COMPLETED"] * 2
    store.append(*failed_run("run-9999", at=NOON + 99))
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (21,)
    store.fold()

    for connection in (
        store.connect(),
        duckdb.connect(str(folder / "runs.duckdb"), read_only=True),
    ):
        check_against_journal(store.place, connection)
        connection.close()
    assert store.flow_version("delays").author == "ada"
    assert is_up_to_date(store.place)
    store.close()


@pytest.mark.parametrize("name", ["base.duckdb", "snap.duckdb"])
def test_blocks_that_rot_in_silence_are_made_good(folder, name):
    """The file has its old size and time; only reading its blocks tells."""
    path = folder / name
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    with path.open("r+b") as file:
        file.seek(12_288 + 262_144)
        file.write(os.urandom(path.stat().st_size - 2 * 262_144 - 12_288))
    os.utime(path, ns=times)
    store = open_store(folder)

    for number in range(20):
        assert store.run(f"run-{number:04d}").nodes["b"].state == "COMPLETED"
    store.append(
        *whole_run("run-0007", "a", "b", "c", at=NOON + 7), *whole_run("run-9999", at=NOON + 99)
    )
    store.fold()

    check_against_journal(store.place, store.connect())
    store.close()


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_damage_to_all_of_them_is_made_good(folder, damage):
    before = dump_exactly(open_store(folder).connect())
    for name in FILES:
        damage(folder / name)
    store = open_store(folder)

    assert dump_exactly(store.connect()) == before
    store.fold()
    assert dump_exactly(store.connect()) == before
    assert read_plainly(folder / "runs.duckdb") == 20
    store.close()


@pytest.mark.parametrize("damage", [remove, cut_in_half, overwrite_header, put_nonsense_into_log])
def test_the_users_copy_is_made_good_without_new_facts(folder, damage):
    damage(folder / "runs.duckdb")

    store = open_store(folder)
    store.connect().close()

    assert read_plainly(folder / "runs.duckdb") == 20
    store.close()


@pytest.mark.parametrize("damage", [replace_by_text, replace_by_foreign_tables])
def test_what_cannot_be_read_is_put_aside_and_not_piled_up(folder, damage):
    store = open_store(folder)
    for _ in range(6):
        damage(folder / "base.duckdb")
        store.fold()

    assert 1 <= len(list(folder.glob("quarantine-*-base.duckdb"))) <= 3
    store.close()


def test_a_log_of_a_program_that_still_had_the_old_copy_does_no_harm(folder):
    """A user keeps `runs.duckdb` open for writing while it is replaced, and writes later."""
    script = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("open", flush=True)
sys.stdin.readline()
connection.execute("CREATE TABLE mine AS SELECT 1 AS x")
print("written", flush=True)
sys.stdin.readline()
"""
    path = folder / "runs.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert user.stdout.readline() == "open\n"
        store = open_store(folder)
        store.append(*whole_run("run-9999", at=NOON + 99))
        store.fold()
        user.stdin.write("\n")
        user.stdin.flush()
        assert user.stdout.readline() == "written\n"

        assert read_plainly(path) == 21
        user.communicate("\n")
    assert read_plainly(path) == 21
    store.close()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", ["another program", "this program"])
def test_whoever_has_a_file_open_stops_nobody(folder, name, where):
    held = None
    if where == "this program":
        held = duckdb.connect(str(folder / name))
    script = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(folder / name)]
        if held is None
        else [sys.executable, "-c", "print('open'); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as user:
        assert held is not None or user.stdout.readline() == "open\n"
        store = open_store(folder)
        for number in (1, 2):
            store.append(*whole_run(f"run-999{number}", at=NOON + 99))
            assert len(store.runs(limit=100).runs) == 20 + number
            assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (20 + number,)
            assert store.fold()
        check_against_journal(store.place, store.connect())
        user.communicate("\n")
    if held is not None:
        held.close()
    store.fold()
    assert read_plainly(folder / "runs.duckdb") == 22
    assert list(folder.glob("quarantine-*")) == []
    store.close()


def test_files_that_a_killed_fold_left_behind_do_no_harm(folder):
    names = (
        ".new-base.duckdb",
        ".held-base.duckdb",
        ".new-snap.duckdb",
        ".new-runs.duckdb",
        ".restored-base.duckdb",
    )
    for name in names:
        (folder / name).write_bytes(b"half a file")
        (folder / f"{name}.wal").write_bytes(b"half a log")
    (folder / "base.duckdb").unlink()
    store = open_store(folder)
    store.append(*whole_run("run-9999", at=NOON + 99))

    store.fold()

    check_against_journal(store.place, store.connect())
    store.close()


def test_a_flipped_byte_of_the_journal_costs_its_line_and_is_counted(folder):
    for name in FILES:
        (folder / name).unlink()
    place = Place(folder)
    path = place.journal / list_segments(place)[0]
    data = bytearray(path.read_bytes())
    at = data.index(b"hello from b")
    data[at] ^= 0x01
    path.write_bytes(data)
    store = open_store(folder)

    connection = store.connect()

    assert connection.execute("SELECT count(*) FROM logs").fetchone() == (39,)
    assert connection.execute(
        "SELECT count(*), sum(length) > 50, any_value(what) FROM damage"
    ).fetchone() == (
        1,
        True,
        "checksum",
    )
    assert connection.execute("SELECT count(*) FROM runs WHERE state = 'COMPLETED'").fetchone() == (
        20,
    )
    assert connection.execute("SELECT sum(damages) FROM segments").fetchone() == (1,)
    store.close()


@pytest.mark.parametrize(
    "tail", [b"0000", bytes(3000), b'deadbeef {"kind":"run_ended"'], ids=["torn", "zeros", "half"]
)
def test_an_unfinished_end_of_a_segment_is_counted(folder, tail):
    place = Place(folder)
    dying = open_store(folder)
    dying.append(*whole_run("run-9999", at=NOON + 99))
    (name,) = (each for each in list_segments(place) if writer_of(each) == dying._journal.writer)
    dying.close()
    path = place.journal / name
    path.write_bytes(path.read_bytes() + tail)
    store = open_store(folder)

    for _ in range(2):
        store.fold()
        connection = store.connect()
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (21,)
        assert connection.execute("SELECT length, what FROM damage").fetchall() == [
            (len(tail), "torn")
        ]
        connection.close()
    store.close()


def test_values_of_wrong_types_do_not_stop_the_fold(folder):
    """Only a fault of ours can write them; they must not stop recording for ever."""
    from dagy_nb.model.event import AttemptStarted, LogWritten, NodeProgressed

    store = open_store(folder)
    store.append(
        AttemptStarted(at=NOON, run_id="run-9999", node_id="a", attempt="one"),
        AttemptStarted(at=NOON, run_id="run-9999", node_id=["a"], attempt=1),
        NodeProgressed(at=NOON, run_id="run-9999", node_id="a", fraction=float("nan")),
        LogWritten(at=NOON, run_id="run-9999", node_id=7, attempt="x", text=["a", {"b": 1}]),
        *whole_run("run-9998", at=NOON + 99),
    )

    store.fold()

    assert store.run("run-9998").state == "COMPLETED"
    connection = store.connect()
    assert connection.execute(
        "SELECT count(*) FROM damage WHERE what = 'malformed'"
    ).fetchone() == (2,)
    assert connection.execute("SELECT count(*) FROM logs WHERE run_id = 'run-9999'").fetchone() == (
        1,
    )
    store.close()


def test_a_base_of_a_newer_schema_is_left_alone(folder):
    from dagy_nb.errors import StoreError

    with duckdb.connect(str(folder / "base.duckdb"), config=CONFIG) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99, 'the future', NULL)")
    store = open_store(folder)
    store.append(*whole_run("run-9999", at=NOON + 99))

    with pytest.raises(StoreError) as caught:
        store.fold()

    assert caught.value.code == "store.newer"
    assert len(store.runs(limit=100).runs) == 21
    assert store.connect().execute("SELECT count(*) FROM runs").fetchone() == (21,)
    assert list(folder.glob("quarantine-*")) == []
    store.close()
