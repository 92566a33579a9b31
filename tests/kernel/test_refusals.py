"""What a cell shows where plain Python, not a magic, raises an error of ours."""

from __future__ import annotations

import pytest

from tests.kernel.live import Kernel

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def flow(kernel):
    """A kernel with two nodes and a flow of one of them."""
    cells = (
        "import dagy_nb\nfrom dagy_nb import *",
        "%%flownode\ndef one() -> int:\n    return 1",
        "%%flownode\ndef bad(x: int) -> int:\n    raise ValueError('on purpose')",
        "flow = Flow('refused')\n_ = flow.add('one')",
    )
    for cell in cells:
        assert kernel.run(cell).status == "ok", cell
    return kernel


def _list_frames(traceback):
    return [line for line in traceback.splitlines() if line.startswith(("Cell ", "File "))]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("flow.connect('one.output', 'bad.x')", "edge.unknown_node"),
        ("flow.add('one', bogus=1)", "config.invalid"),
        ("flow.add('one', timeout=-1)", "flow.node_invalid"),
        ("flow.run(backend='nope')", "unknown.backend"),
        ("dagy_nb.replay('nope', 'one')", "unknown.run"),
        ("history(limit=0)", "usage.limit"),
        ("flow.run(force=3)", "unknown.node"),
        ("flow.run().wait().outputs['one.outptu']", "unknown.output"),
        ("Flow.from_yaml('nodes: [')", "text.syntax"),
    ],
)
def test_an_error_of_ours_shows_the_users_line_only(flow, line, code):
    cell = flow.run(f"x = 1\n{line}")

    assert cell.status == "error"
    assert f"[{code}]" in cell.traceback
    assert f"----> 2 {line}" in cell.traceback
    assert all(each.startswith("Cell In[") for each in _list_frames(cell.traceback))


def test_what_publishing_gives_shows_itself_in_a_line(flow):
    assert flow.run("flow.publish('why')").result.startswith("<FlowVersion refused 1: ")


def test_a_failed_run_shows_the_users_line_and_the_nodes(flow):
    assert flow.run("run = Flow('fails'); run.add('one'); run.add('bad')").status == "ok"
    assert flow.run("run.connect('one.output', 'bad.x')").status == "ok"

    cell = flow.run("run.run().wait()")

    assert "----> 2 def bad" not in cell.traceback
    assert "----> 3     raise ValueError('on purpose')" in cell.traceback
    assert "----> 1 run.run().wait()" in cell.traceback
    assert len(_list_frames(cell.traceback)) == 2


def test_where_only_a_library_failed_its_frames_are_left_out(flow):
    """A scheduler that cannot be reached is told in a line, not in Dask's own frames."""
    cell = flow.run("dagy_nb.use_dask('nonsense://127.0.0.1:1')\nflow.run(backend='dask')")

    assert "[runner.cluster_unreachable]" in cell.traceback
    assert "ValueError" in cell.traceback
    assert len(_list_frames(cell.traceback)) == 1
    assert "----> 2 flow.run(backend='dask')" in cell.traceback


def test_a_place_that_cannot_be_written_is_told_at_the_users_line(tmp_path):
    """The run goes on; what is told of it names the cell's line, none of ours and none of Python's."""
    place = tmp_path / "file"
    place.touch()
    kernel = Kernel(tmp_path, DAGY_HOME=str(place))
    try:
        for cell in (
            "from dagy_nb import *",
            "%%flownode\ndef one() -> int:\n    return 1",
            "flow = Flow('f'); _ = flow.add('one')",
        ):
            assert kernel.run(cell).status == "ok"
        ran = [kernel.run("%flow run f"), kernel.run("flow.run().wait()")]
        refused = kernel.run("flow.publish()")
    finally:
        kernel.close()

    for cell in ran:
        assert cell.status == "ok"
        assert "UserWarning" in cell.stderr
        assert "dagy_nb/" not in cell.stderr.split("UserWarning")[0].splitlines()[-1]
    assert "[store.unwritable]" in refused.traceback
    assert len(_list_frames(refused.traceback)) == 1


def test_an_error_of_the_users_own_is_shown_as_ever(flow):
    cell = flow.run("1 / 0")

    assert "----> 1 1 / 0" in cell.traceback
    assert cell.ename == "ZeroDivisionError"


def test_an_error_that_was_shown_can_be_pickled(flow):
    cell = flow.run(
        "import pickle\n"
        "try:\n"
        "    get_ipython().run_line_magic('flow', 'nonsense')\n"
        "except Exception as error:\n"
        "    print(pickle.loads(pickle.dumps(error)).code)"
    )

    assert cell.stdout == "usage.unknown_command\n"


def test_unloading_takes_the_short_errors_away(fresh_kernel):
    for each in ("%load_ext dagy_nb", "%unload_ext dagy_nb", "import dagy_nb"):
        assert fresh_kernel.run(each).status == "ok"
    fresh_kernel.run("%unload_ext dagy_nb")

    cell = fresh_kernel.run("dagy_nb.Flow('not a name')")

    assert any(each.startswith("File ") for each in _list_frames(cell.traceback))
