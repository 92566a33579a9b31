"""Kept outputs come back whole, to any process, within bounds; what is not ours is never unpickled."""

from __future__ import annotations

import os
import pickle
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from dagy_nb.engine.content import NoDigest, digest_value
from dagy_nb.engine.output_store import OutputStore
from dagy_nb.errors import StoreError
from dagy_nb.model.kept import KeptInputs, KeptOutputs
from dagy_nb.store.output_blobs import MARK
from dagy_nb.store.output_eviction import Limits
from dagy_nb.store.outputs import OutputFiles
from tests.store.keeping import big, keep, read

VALUES = [
    (1, "pickle"),
    ("text", "pickle"),
    ([1, {"a": None}], "pickle"),
    (np.arange(9_000).reshape(3, -1), "pickle"),
    (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), "arrow pandas"),
    (pd.DataFrame({"t": pd.date_range("2020", periods=2, tz="Europe/Brussels")}), "arrow pandas"),
    (pd.DataFrame({"c": pd.Categorical(["u", "v"], ["v", "u"])}), "arrow pandas"),
    (pd.DataFrame({"a": [1]}, index=pd.Index([7], name="row")), None),
    (pd.DataFrame({"o": [1, "a"]}), "pickle"),  # Arrow has no such column
    (pd.DataFrame([[1, 2]], columns=["a", "a"]), "pickle"),
    (pd.DataFrame([[1]], columns=[("a", 1)]), None),
    (pd.DataFrame({1: [1]}), None),
    (pd.Series([1, 2]), "pickle"),
    (pl.DataFrame({"a": [1, None], "b": ["x", "y"]}), "arrow polars"),
    (pa.table({"a": [1, 2]}), "arrow pyarrow"),
]


@pytest.fixture
def outputs(tmp_path: Path) -> OutputFiles:
    return OutputFiles(tmp_path / "outputs")


def test_it_is_an_output_store(outputs: OutputFiles) -> None:
    assert isinstance(outputs, OutputStore)


@pytest.mark.parametrize(("value", "form"), VALUES, ids=lambda each: repr(each)[:20])
def test_a_value_comes_back_as_it_was_in_another_process(
    outputs: OutputFiles, value: Any, form: str | None
) -> None:
    keep(outputs, "k", value)
    later = OutputFiles(outputs.folder)
    found = later.find("k")

    assert isinstance(found, KeptOutputs)
    assert form is None or found.outputs["y"].form == form
    back = later.load(found.outputs["y"])
    assert type(back) is type(value)
    assert digest_value(back).digest == digest_value(value).digest == found.outputs["y"].digest


def test_nothing_is_made_before_something_is_kept(outputs: OutputFiles) -> None:
    assert outputs.find("k") is None
    assert outputs.last("f") == {}
    assert outputs.recipes() == set()
    assert not outputs.folder.exists()


def test_only_the_owner_can_read_the_key(outputs: OutputFiles) -> None:
    keep(outputs, "k", 1)

    assert stat.S_IMODE((outputs.folder / "key").stat().st_mode) == 0o600


class Bomb:
    """What an attacker would leave: reading it calls something."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (os.environ["BOMB"],))


@pytest.mark.parametrize("signed", ["not", "by another key", "for another value"])
def test_a_pickle_that_is_not_ours_is_never_read(
    outputs: OutputFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: str
) -> None:
    monkeypatch.setenv("BOMB", str(tmp_path / "bomb"))
    keep(outputs, "k", big(1))
    (path,) = (outputs.folder / "values").rglob("*-pickle")
    hostile = pickle.dumps(Bomb())
    if signed == "not":
        path.write_bytes(hostile)
    elif signed == "by another key":
        other = OutputFiles(tmp_path / "other")
        head = other._signer.sign(path.name, "pickle", hostile)
        path.write_bytes(MARK + head.encode() + b"\n" + hostile)
    else:
        head = outputs._signer.sign("another", "pickle", hostile)
        path.write_bytes(MARK + head.encode() + b"\n" + hostile)
    found = OutputFiles(outputs.folder).find("k")

    assert found == "its kept outputs are damaged"
    assert not (tmp_path / "bomb").exists()


@pytest.mark.parametrize(
    "harm", ["data = replace(data, 'run', 'ruin')", "data = NULL", "mac = NULL", "mac = 'é'"]
)
def test_a_row_that_is_not_ours_counts_as_none(outputs: OutputFiles, harm: str) -> None:
    keep(outputs, "k", 1)
    outputs.close()
    with closing(sqlite3.connect(outputs.folder / "index.sqlite")) as db, db:
        db.execute(f"UPDATE entries SET {harm}")

    assert OutputFiles(outputs.folder).find("k") is None
    assert OutputFiles(outputs.folder).last("f") == {}


def test_a_row_that_was_put_under_another_key_counts_as_none(outputs: OutputFiles) -> None:
    keep(outputs, "k", 1)
    keep(outputs, "l", 2)
    with closing(sqlite3.connect(outputs.folder / "index.sqlite")) as db, db:
        db.execute(
            "UPDATE entries SET data = o.data, mac = o.mac "
            "FROM entries AS o WHERE entries.key = 'k' AND o.key = 'l'"
        )

    assert outputs.find("k") is None
    assert read(outputs, "l") == 2


def test_a_value_is_checked_again_when_it_is_read(outputs: OutputFiles) -> None:
    keep(outputs, "k", big(1))
    found = outputs.find("k")
    assert isinstance(found, KeptOutputs)
    (path,) = (outputs.folder / "values").rglob("*-pickle")
    path.write_bytes(path.read_bytes()[:-1] + b"!")

    with pytest.raises(StoreError) as caught:
        outputs.load(found.outputs["y"])
    assert caught.value.code == "outputs.damaged"


def test_an_index_that_is_no_database_is_put_aside(outputs: OutputFiles) -> None:
    keep(outputs, "k", 1)
    outputs.close()
    for each in outputs.folder.glob("index.sqlite*"):
        each.unlink()
    (outputs.folder / "index.sqlite").write_bytes(b"no database" * 1_000)
    later = OutputFiles(outputs.folder)

    assert later.find("k") is None
    keep(later, "k", 2)
    assert read(later, "k") == 2
    assert list(outputs.folder.glob("quarantine-*"))


def test_half_a_file_of_a_process_that_died_is_not_taken(outputs: OutputFiles) -> None:
    keep(outputs, "k", big(1))
    (path,) = (outputs.folder / "values").rglob("*-pickle")
    path.rename(path.with_name(f".{path.name}-1-abcd"))

    assert outputs.find("k") == "its kept outputs are gone"
    keep(outputs, "k", big(1))
    assert read(outputs, "k") == big(1)


def test_the_same_value_is_kept_once(outputs: OutputFiles) -> None:
    keep(outputs, "one", big(1))
    keep(outputs, "two", big(1), node="m")

    assert len(list((outputs.folder / "values").rglob("*-pickle"))) == 1


# --- bounds -----------------------------------------------------------------------------------------


def look_at(outputs: OutputFiles, number: int, at: float) -> None:
    """Say when a value was looked at last."""
    (path,) = (outputs.folder / "values").rglob(f"{digest_value(big(number)).digest}-pickle")
    os.utime(path, ns=(int(at * 1e9), path.stat().st_mtime_ns))


def test_what_was_not_looked_at_for_longest_goes_first(outputs: OutputFiles) -> None:
    outputs.limits = Limits(megabytes=2.5)
    for number in (1, 2, 3):
        keep(outputs, str(number), big(number), node=f"n{number}")
        look_at(outputs, number, time.time() - 1_000 + number)
    outputs.find("1")

    assert len(outputs.evict()) == 1
    assert outputs.find("2") == "its kept outputs are gone"
    assert read(outputs, "1") == big(1)
    assert read(outputs, "3") == big(3)
    assert "recipe of 2" not in outputs.recipes()
    assert set(outputs.last("f")) == {"n1", "n2", "n3"}


def test_what_is_too_old_goes(outputs: OutputFiles) -> None:
    keep(outputs, "1", big(1))
    look_at(outputs, 1, 1_000_000_000.0)

    assert len(outputs.evict()) == 1


@pytest.mark.parametrize(("ago", "is_noted"), [(60.0, False), (3_600.0, True)])
def test_a_use_is_noted_where_the_one_before_is_long_ago(
    outputs: OutputFiles, ago: float, *, is_noted: bool
) -> None:
    keep(outputs, "1", 1)
    before = time.time() - ago
    with closing(sqlite3.connect(outputs.folder / "index.sqlite")) as db:
        db.execute("UPDATE entries SET used_at = ?", (before,))
        db.commit()
        outputs.last("f")
        outputs.used("f", "n", "1")
        outputs.flush()

        ((used_at,),) = db.execute("SELECT used_at FROM entries").fetchall()
    assert (used_at > before) is is_noted


def test_what_a_node_took_last_is_the_last_of_it(outputs: OutputFiles) -> None:
    keep(outputs, "1", 1)
    keep(outputs, "2", 2)
    assert outputs.last("f")["n"].key == "2"

    outputs.used("f", "n", "1")
    assert outputs.last("f")["n"].key == "1"
    outputs.used("f", "n", "2")
    outputs.used("f", "n", "1")
    assert outputs.last("f")["n"].key == "1"


def test_what_a_run_that_goes_on_looked_at_stays_whatever_it_costs(outputs: OutputFiles) -> None:
    keep(outputs, "1", big(1))
    keep(outputs, "2", big(2), node="m")
    look_at(outputs, 1, 1_700_000_000.0)
    look_at(outputs, 2, 1_700_000_001.0)
    live, other = OutputFiles(outputs.folder), OutputFiles(outputs.folder, Limits(megabytes=0.1))
    live.hold()
    found = live.find("1")
    assert isinstance(found, KeptOutputs)

    assert len(other.evict()) == 1
    assert live.load(found.outputs["y"]) == big(1)
    assert other.find("2") == "its kept outputs are gone"
    live.release()
    assert len(other.evict()) == 1


def test_a_lease_ends_with_its_process(outputs: OutputFiles) -> None:
    keep(outputs, "1", big(1))
    script = (
        "import sys, os\nfrom pathlib import Path\n"
        "from dagy_nb.store.outputs import OutputFiles\n"
        "held = OutputFiles(Path(sys.argv[1]))\nheld.hold()\nheld.find('1')\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(outputs.folder)], check=False)
    outputs.limits = Limits(megabytes=0.1)

    assert len(outputs.evict()) == 1
    assert list((outputs.folder / "leases").iterdir()) == []


def test_a_value_that_would_fill_the_place_is_refused(outputs: OutputFiles) -> None:
    outputs.limits = Limits(megabytes=1.5)

    with pytest.raises(StoreError) as caught:
        keep(outputs, "1", big(1))
    assert caught.value.code == "outputs.too_large"


def test_what_cannot_be_pickled_is_refused_by_code(outputs: OutputFiles) -> None:
    with pytest.raises(StoreError) as caught:
        outputs.pack(threading.Lock(), None)
    assert caught.value.code == "outputs.unpicklable"
    with pytest.raises(NoDigest):
        digest_value(threading.Lock())


# --- several at once --------------------------------------------------------------------------------


def test_processes_and_threads_write_and_read_at_once(outputs: OutputFiles) -> None:
    script = (
        "import sys\nfrom pathlib import Path\nfrom dagy_nb.store.outputs import OutputFiles\n"
        "from tests.store.keeping import big, keep, read\n"
        "made = OutputFiles(Path(sys.argv[1]))\n"
        "for n in range(30):\n"
        "    keep(made, f'{sys.argv[2]}-{n}', big(n)[:9_000], node=f'{sys.argv[2]}-{n}')\n"
        "    keep(made, f'shared-{n}', n, node=f'n{n}')\n"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", script, str(outputs.folder), str(number)])
        for number in range(3)
    ]
    threads = [
        threading.Thread(target=keep, args=(outputs, f"thread-{n}", n), kwargs={"node": f"t{n}"})
        for n in range(8)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert [each.wait(50) for each in started] == [0, 0, 0]

    later = OutputFiles(outputs.folder)
    for number in range(3):
        for n in range(30):
            assert read(later, f"{number}-{n}") == big(n)[:9_000]
    assert [read(later, f"shared-{n}") for n in range(30)] == list(range(30))
    assert [read(later, f"thread-{n}") for n in range(8)] == list(range(8))


ENDINGS = {
    "dropped": "del made; gc.collect()",
    "dropped in a cycle": "made.itself = made; del made; gc.collect()",
    "with Python": "",
    "held by a thread": "threading.Thread(target=lambda _: time.sleep(99), args=(made,), daemon=True).start()",
    "with a fork": "child = os.fork(); child and print(os.waitpid(child, 0)[1], made.find('k').key)",
    "with a fork that writes": "child = os.fork(); keep(made, 'c', 2)\nif child: os.waitpid(child, 0)",
}


@pytest.mark.parametrize("end", ENDINGS.values(), ids=ENDINGS)
def test_what_nobody_closes_is_closed_without_a_word(outputs: OutputFiles, end: str) -> None:
    script = (
        "import gc, os, sys, threading, time\nfrom pathlib import Path\n"
        "from dagy_nb.store.outputs import OutputFiles\nfrom tests.store.keeping import keep\n"
        f"made = OutputFiles(Path(sys.argv[1]))\nkeep(made, 'k', 1)\n{end}"
    )
    said = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", script, str(outputs.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert said.stderr == ""
    assert read(outputs, "k") == 1


def test_a_forked_child_goes_on(outputs: OutputFiles) -> None:
    keep(outputs, "k", 1)
    child = os.fork()
    if not child:
        try:
            keep(outputs, "c", 2)
            os._exit(0 if read(outputs, "k") == 1 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert read(outputs, "c") == 2


def test_inputs_are_kept_by_attempt(outputs: OutputFiles) -> None:
    packed = outputs.pack([1], digest_value([1]))
    made = KeptInputs(
        run_id="r", node_id="n", attempt=2, node_type="N", node_version="1", at=1.0,
        inputs={"x": (packed.value,)}, config={"a": 1},
    )  # fmt: skip
    outputs.tap(made, [packed])
    outputs.tap(replace(made, attempt=1), [packed])

    assert [each.attempt for each in outputs.tapped("r", "n")] == [1, 2]
    assert outputs.load(outputs.tapped("r", "n")[0].inputs["x"][0]) == [1]
    assert outputs.tapped("r", "m") == []
