"""`%%flow` and `%flow run` in a real kernel: waiting, failing, interrupting, looking back."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.timeout(180)]

NODES = (
    "%%flownode\ndef number(value: int = 1) -> int:\n    return value",
    "%%flownode\ndef double(x: int) -> int:\n    print('doubling', x)\n    return 2 * x",
    "%%flownode\ndef fail(x: int) -> int:\n    raise ValueError('on purpose')",
    "%%flownode\nimport time\ndef stuck() -> int:\n    time.sleep(30)\n    return 1",
    "%%flownode\nimport asyncio\nasync def waiting() -> int:\n    await asyncio.sleep(30)\n    return 1",
    (
        "%%flow sums\n"
        "parameters: {start: {type: integer, default: 4}}\n"
        "nodes:\n"
        "  n: {type: number, config: {value: '${params.start}'}}\n"
        "  d: {type: double}\n"
        "edges:\n"
        "  - n.output -> d.x"
    ),
    "%%flow failing\nnodes: {n: {type: number}, bad: {type: fail}}\nedges: [n.output -> bad.x]",
    "%%flow stuck\nnodes: {s: {type: stuck}}",
    "%%flow waiting\nnodes: {w: {type: waiting}}",
)


@pytest.fixture(scope="module")
def kernel(kernel):
    for cell in NODES:
        assert kernel.run(cell).status == "ok", cell
    return kernel


def test_a_run_waits_shows_its_nodes_and_echoes_their_output(kernel):
    cell = kernel.run("%flow run sums -p start=21")

    assert cell.status == "ok"
    assert cell.stdout == "d | doubling 21\n"
    assert cell.result == ""
    last = (cell.displays + cell.updates)[-1]["text/plain"]
    assert "COMPLETED" in last.splitlines()[0]
    assert "output: 42" in last


def test_a_run_can_be_kept_in_the_middle_of_a_cell(kernel):
    cell = kernel.run(
        "before = 1\nrun = %flow run sums\nprint(run.outputs['d.output'] + before)\nrun['d'].state"
    )

    assert cell.status == "ok"
    assert cell.stdout.splitlines() == ["d | doubling 4", "9"]
    assert "COMPLETED" in cell.result


def test_values_of_the_notebook_go_into_parameters(kernel):
    cell = kernel.run("start = 5\nrun = %flow run sums -p start={start}\nrun.outputs['d.output']")

    assert cell.result == "10"


@pytest.mark.parametrize(
    "code",
    [
        "def inside():\n    run = %flow run sums\n    return run.outputs['d.output']\nprint(inside())",
        "%%time\nrun = %flow run sums\nprint(run.outputs['d.output'])",
        "async def inside():\n    run = %flow run sums\n    return run.outputs['d.output']\nprint(await inside())",
        "for start in (4,):\n    run = %flow run sums -p start={start}\n    print(run.outputs['d.output'])",
    ],
    ids=["function", "time", "coroutine", "loop"],
)
def test_a_run_works_wherever_a_magic_does(kernel, code):
    cell = kernel.run(code)

    assert cell.status == "ok"
    assert "8" in cell.stdout.split()


def test_a_failed_run_fails_the_cell_and_shows_the_nodes_line(kernel):
    cell = kernel.run("%flow run failing")

    assert (cell.status, cell.ename) == ("error", "RunFailed")
    assert "bad FAILED(raised): on purpose" in cell.evalue
    assert "Look at it with %runs " in cell.evalue
    assert "----> 3     raise ValueError('on purpose')" in cell.traceback
    frames = [line for line in cell.traceback.splitlines() if line.startswith(("Cell ", "File "))]
    assert len(frames) == 1


def test_a_run_tells_once_what_a_check_warns_of(kernel):
    """What is asked for and has no effect is told under the run's nodes, and keeps nothing from running."""
    text = "%%flow warned\nnodes: {n: {type: number, trigger: all_done}}"
    assert kernel.run(text).status == "ok"

    waited = kernel.run("%flow run warned")
    behind = kernel.run("handle = %flow run warned --background")

    for cell in (waited, behind):
        assert cell.status == "ok"
        assert cell.shown.count("[trigger.unused]") == 1
        assert cell.shown.count("warning n.trigger: n starts at once") == 1
    assert "COMPLETED" in waited.shown


def test_a_background_run_returns_a_handle_at_once(kernel):
    cell = kernel.run("handle = %flow run waiting --background\nhandle")

    assert cell.status == "ok"
    assert cell.result.startswith("<RunHandle ")
    assert kernel.run("%flow cancel waiting").result.startswith("Asked to cancel ")
    assert kernel.run("str(handle.wait(check=False).state)").result == "'CANCELLED'"
    ended = kernel.run("%flow cancel {handle.run_id}").result
    assert ended.endswith("has already ended: CANCELLED."), ended


@pytest.mark.parametrize("flow", ["stuck", "waiting"])
@pytest.mark.parametrize("inside", [False, True], ids=["awaited", "blocking"])
def test_an_interrupt_cancels_the_run_once(kernel, flow, inside):
    code = f"def inside():\n    %flow run {flow}\ninside()" if inside else f"%flow run {flow}"
    asked = kernel.send(code)
    kernel.collect(
        asked,
        until=lambda got: any(
            "RUNNING" in each["text/plain"].split("what happened")[-1]
            for each in got.displays + got.updates
        ),
    )

    kernel.interrupt()
    cell = kernel.collect(asked)

    assert cell.status == "error"
    assert cell.ename == ("KeyboardInterrupt" if inside else "RunFailed")
    asked_for = kernel.run(
        "from dagy_nb import connect\n"
        "newest = connect().execute('SELECT max(run_id) FROM runs').fetchone()[0]\n"
        "print(*connect().execute('SELECT state FROM runs WHERE run_id = ?', [newest]).fetchone())\n"
        "print(*connect().execute(\"SELECT count(*) FROM events WHERE run_id = ? AND kind = 'cancel_requested'\", [newest]).fetchone())"
    )
    assert asked_for.stdout.split() == ["CANCELLED", "1"]
    assert kernel.run("1 + 1").result == "2"


def test_a_cell_changes_the_open_flow_in_place(kernel):
    kernel.run("from dagy_nb import Flow\nflow = Flow.load('sums')\nrevision = flow.revision")

    cell = kernel.run(
        "%%flow sums\nnodes:\n  n: {type: number, config: {value: 3}}\n  d: {type: double}\n"
        "  e: {type: double}\nedges: [n.output -> d.x, d.output -> e.x]"
    )

    assert cell.status == "ok"
    assert "Changed: node n changed; node e is new; parameter start is gone" in cell.shown
    assert kernel.run("Flow.load('sums') is flow, flow.revision - revision").result == "(True, 1)"
    assert kernel.run("flow.undo()\nflow.spec.parameters[0].name").result == "'start'"


def test_text_that_is_no_flow_says_the_cells_line_and_column(kernel):
    cell = kernel.run("%%flow wrong\nnodes:\n  n: {typ: number}")

    assert (cell.status, cell.ename) == ("error", "FlowTextError")
    assert cell.evalue.startswith("line 3, column 7: ")
    assert "-->   3 |   n: {typ: number}\n        |       ^" in cell.traceback
    assert "dagy_nb/" not in cell.traceback


def test_a_name_that_is_no_name_is_told_without_blank_lines(kernel):
    cell = kernel.run("%%flow no-name\nnodes: {n: {type: number}}")

    assert "[text.name]" in cell.traceback
    assert not cell.traceback.rstrip("\n").count("\n")


def test_a_flow_with_errors_is_kept_and_says_what_to_mend(kernel):
    cell = kernel.run("%%flow unfinished\nnodes: {d: {type: double}}")

    assert cell.status == "ok"
    assert "input.missing" in cell.shown
    assert kernel.run("%flow run unfinished").ename == "CheckFailed"


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("%flow run nowhere", "unknown.flow"),
        ("%flow rnu sums", "usage.unknown_command"),
        ("%flow run sums -p stat=1", "parameter.unknown"),
        ("%flow run sums -p start=x", "parameter.type"),
        ("%flow run sums -p start", "usage.option_value"),
        ("%flow run sums --backend nope", "unknown.backend"),
        ("%flow run sums --reuse --force nope", "unknown.node"),
        ("%flow resume", "usage.missing"),
        ("%flow resume 99999999", "unknown.run"),
        ("%flow cancel 99999999", "unknown.run"),
        ("%runs 99999999", "unknown.run"),
        ("%runs --limit none", "usage.option_value"),
        ("%runs --state DONE", "usage.option_value"),
        ("%runsql SELEC 1", "usage.sql"),
        ("%runsql", "usage.missing"),
        ("%%runsql\n \n", "usage.missing"),
        ("%%flow\nnodes: {}", "usage.missing"),
    ],
)
def test_what_is_written_wrongly_has_a_code_and_no_frames(kernel, line, code):
    cell = kernel.run(line)

    assert cell.status == "error"
    assert f"[{code}]" in cell.evalue
    assert "dagy_nb/" not in cell.traceback


def test_runs_are_listed_and_shown(kernel):
    kernel.run("run = %flow run sums")

    listed = kernel.run("%runs --flow sums -n 1")
    shown = kernel.run("%runs {run.id}")
    logs = kernel.run("%runs {run.id} --logs")

    assert "sums  flow  COMPLETED" in listed.result
    assert "double  COMPLETED" in shown.result
    assert "d     STDOUT  doubling 4" in logs.result


def test_a_choice_that_no_run_fits_is_not_called_an_empty_store(kernel):
    assert kernel.run("%flow run sums").status == "ok"

    assert "No such run is recorded." in kernel.run("%runs --flow nowhere").result
    assert "No such run is recorded." in kernel.run("%runs --flow sums --state TIMED_OUT").result


def test_runs_inside_a_node_are_shown_under_their_parent(kernel):
    kernel.run("run = %flow run sums")
    kernel.run(
        "from dagy_nb.session.current import current_session\n"
        "from dagy_nb.model.event import RunQueued\n"
        "current_session().store.append(RunQueued(at=1e9, run_id='20010909-inside', flow='inner', "
        "parent_run_id=run.id, parent_node_id='d'))"
    )

    shown = kernel.run("%runs {run.id}").result
    (line,) = kernel.run("%runs --parent {run.id}").result.splitlines()[1:]

    assert "It has runs inside: %runs --parent " in shown
    assert line.startswith("20010909-inside  inner")
    assert "inner" not in kernel.run("%runs -n 1000").result


def test_records_are_asked_in_sql(kernel):
    kernel.run("run = %flow run sums")
    kernel.run(
        "%%runsql states <<\nSELECT state, count(*) AS n FROM node_runs\n"
        "WHERE run_id = (SELECT max(run_id) FROM runs) GROUP BY state"
    )

    assert kernel.run("states.to_dict('records')").result == "[{'state': 'COMPLETED', 'n': 2}]"
    assert "1" in kernel.run("%runsql SELECT 1 AS one").result
    # A widget in the outputs of every slow question says nothing to who reads the notebook later.
    bars = "SELECT current_setting('enable_progress_bar')"
    assert "False" in kernel.run(f"%runsql {bars}").result
    asked = f'from dagy_nb import connect\nconnect().execute("{bars}").fetchone()'
    assert kernel.run(asked).result == "(False,)"


def test_a_flow_is_exported_and_its_versions_are_listed(kernel, tmp_path):
    kernel.run("run = %flow run sums")

    assert "type: double" in kernel.run("%flow export sums").stdout
    assert kernel.run(f"%flow export sums {tmp_path}/sums.flow.yaml").status == "ok"
    assert "usage.file_exists" in kernel.run(f"%flow export sums {tmp_path}/sums.flow.yaml").evalue
    assert "flow.unwritable" in kernel.run(f"%flow export sums {tmp_path}/gone/sums.yaml").evalue
    assert "type: double" in (tmp_path / "sums.flow.yaml").read_text()
    assert "sums" in kernel.run("%flow versions sums").result
    assert "sums" in kernel.run("%flow list").result


KEEP = """
from dagy_nb.model.flow import FlowSpec
from dagy_nb.session.current import current_session
from dagy_nb.store.drafts import KeptDraft
current_session().drafts.keep(KeptDraft(flow=FlowSpec(name="sketch")))
"""


def test_a_flow_that_was_only_drawn_is_listed_and_offered(kernel):
    assert "sketch" not in kernel.run("%flow list").result
    assert kernel.run(KEEP).status == "ok"

    (row,) = [line for line in kernel.run("%flow list").result.splitlines() if "sketch" in line]
    assert row.split() == ["sketch", "drawn"]
    assert "sketch" in kernel.complete("%flow show sk")


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("%flow r", "run"),
        ("%flow run s", "sums"),
        ("%flow run sums --b", "--background"),
        ("run = %flow run sums -p ", "start="),
        ("%flow run sums --runner ", "process"),
        ("%flow run sums --backend ", "papermill"),
        ("%flow run sums --force ", "d"),
        ("%runs --flow s", "sums"),
        ("%runs --state C", "CANCELLED"),
        ("%%flownode --re", "--retries"),
        ("%%flow x\nnodes:\n  a: {type: dou", "double"),
    ],
)
def test_completion_knows_commands_flows_options_and_nodes(kernel, text, offered):
    assert offered in kernel.complete(text)


def test_help_is_there(kernel):
    assert "%flow run NAME" in kernel.run("%flow?").paged
    assert "NAME <<" in kernel.run("%%runsql?").paged


def test_output_of_a_background_run_lands_in_the_cell_that_waits(kernel):
    kernel.run(
        "%%flownode\nimport time\ndef tells(seconds: float = 0.2) -> int:\n"
        "    print('told early')\n    time.sleep(seconds)\n    print('told late')\n    return 1"
    )
    kernel.run("%%flow telling\nnodes: {t: {type: tells}}")

    started = kernel.run("handle = %flow run telling --background")
    between = kernel.run("import time\nwhile not handle.done: time.sleep(0.01)\nprint('mine')")
    waited = kernel.run("_ = handle.wait()")

    assert started.stdout == ""
    assert between.stdout == "mine\n"
    assert waited.stdout.splitlines() == ["t | told early", "t | told late"]


def test_other_cells_print_on_while_a_node_is_abandoned(kernel):
    kernel.run("from dagy_nb import Flow")
    first = kernel.run("print(Flow.load('stuck').run(timeout=0.2).wait(check=False).state)")

    second = kernel.run("import sys\nprint('out')\nprint('err', file=sys.stderr)")

    assert first.stdout == "TIMED_OUT\n"
    assert (second.status, second.stdout, second.stderr) == ("ok", "out\n", "err\n")
