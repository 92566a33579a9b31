"""A module of the user's own that was edited and not loaded anew: another process runs its new text, and it is told."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagy_nb.runners.edits import CODE
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from tests.cluster import close_cluster, cluster_address
from tests.session.own_modules import Files
from tests.session.reusing import Notebook, ran, reused

pytestmark = pytest.mark.timeout(120)

CELL = "def use() -> int:\n    from own_top import top\n    return top()"


@pytest.fixture
def define(tmp_path: Path, files: Files):
    """Return what defines a node that uses a module which this process has loaded, and gives its flow."""
    with Notebook(tmp_path / ".dagy") as notebook:

        def define_one(runner: str) -> Flow:
            files.write(own_top="def top(): return 1")
            notebook.run("import own_top")
            notebook.define(CELL, runner=runner)
            if runner == "dask":
                close_cluster()  # one that lives already does not look into the folder of these modules
                use_dask(cluster_address(), session=notebook.session)
            return notebook.flow("name: one\nnodes: {n: {type: use}}")

        yield define_one


def warnings_of(flow: Flow, run_id: str) -> list[str]:
    lines = flow.session.store.logs(run_id)
    return [each.text for each in lines if each.level == "WARNING" and CODE in each.text]


@pytest.mark.parametrize("runner", ["process", "dask"])
def test_what_a_worker_makes_of_an_edited_module_is_told_and_not_kept(
    define: Callable[[str], Flow], files: Files, runner: str
) -> None:
    flow = define(runner)
    assert flow.run(reuse=True).wait().outputs == {"n.output": 1}

    files.write(own_top="def top(): return 2")
    edited = flow.run(reuse=True, force="n").wait()
    after = flow.run(reuse=True).wait()

    assert edited.outputs == {"n.output": 2}
    (told,) = warnings_of(flow, edited.id)
    assert "`own_top`" in told
    # Its key tells the text that is loaded here.
    assert reused(after) == ["n"]
    assert after.outputs == {"n.output": 1}


def test_the_module_of_the_node_itself_counts_too(tmp_path: Path, files: Files) -> None:
    text = "from dagy_nb import node\n\n@node(runner='process')\ndef use() -> int: return {}\n"
    files.write(own_top=text.format(1))
    with Notebook(tmp_path / ".dagy") as notebook:
        notebook.run("import own_top")
        flow = notebook.flow("name: one\nnodes: {n: {type: use}}")
        flow.run(reuse=True).wait()
        files.write(own_top=text.format(2))

        edited = flow.run(reuse=True, force="n").wait()

        assert edited.outputs == {"n.output": 2}
        assert len(warnings_of(flow, edited.id)) == 1
        assert flow.run(reuse=True).wait().outputs == {"n.output": 1}


def test_a_module_that_is_loaded_anew_counts_as_what_it_is_now(
    define: Callable[[str], Flow], files: Files
) -> None:
    flow = define("process")
    flow.run(reuse=True).wait()
    files.write(own_top="def top(): return 2")
    importlib.reload(sys.modules["own_top"])

    anew = flow.run(reuse=True).wait()

    assert ran(anew) == {"n": "code: module own_top changed"}
    assert anew.outputs == {"n.output": 2}
    assert not warnings_of(flow, anew.id)
    assert reused(flow.run(reuse=True).wait()) == ["n"]


def test_a_module_that_is_written_as_it_was_counts_as_that(
    define: Callable[[str], Flow], files: Files
) -> None:
    flow = define("process")
    flow.run().wait()
    files.write(own_top="def top(): return 1")

    run = flow.run(reuse=True).wait()

    assert not warnings_of(flow, run.id)
    assert reused(flow.run(reuse=True).wait()) == ["n"]


def test_a_node_in_this_process_runs_what_is_loaded_and_is_kept(
    define: Callable[[str], Flow], files: Files
) -> None:
    flow = define("thread")
    files.write(own_top="def top(): return 2")

    run = flow.run(reuse=True).wait()

    assert run.outputs == {"n.output": 1}
    assert not warnings_of(flow, run.id)
    assert reused(flow.run(reuse=True).wait()) == ["n"]


def test_a_node_around_one_that_ran_elsewhere_is_not_kept_either(
    define: Callable[[str], Flow], files: Files
) -> None:
    inner = define("process")
    inner.as_node("Around")
    outer = Flow.from_yaml("name: outer\nnodes: {a: {type: Around}}", session=inner.session)
    outer.run(reuse=True).wait()

    files.write(own_top="def top(): return 2")
    assert outer.run(reuse=True, force="a").wait().outputs == {"a.output": 2}

    assert outer.run(reuse=True).wait().outputs == {"a.output": 1}


def test_a_node_around_one_that_ran_here_is_kept(
    define: Callable[[str], Flow], files: Files
) -> None:
    inner = define("thread")
    inner.as_node("Around")
    outer = Flow.from_yaml("name: outer\nnodes: {a: {type: Around}}", session=inner.session)
    files.write(own_top="def top(): return 2")

    run = outer.run(reuse=True).wait()

    assert run.outputs == {"a.output": 1}
    assert reused(outer.run(reuse=True).wait()) == ["a"]
