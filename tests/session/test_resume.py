"""A run that did not complete goes on: what completed is not run again, and nothing is done twice to the world."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.errors import FlowError, RunFailed, UnknownName
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.session.resume import resume
from tests.session.reusing import Notebook, ran, reused

FETCH = "def fetch(month: int = 1) -> list:\n    return list(range(month))"
SEND = (
    "class Send(FlowNode):\n    side_effects = True\n    rows = Input('LIST')\n    n = Output('INTEGER')\n"
    "    class Config(FlowNode.Config):\n        place: str\n"
    "    def execute(self, rows):\n"
    "        with open(self.config.place, 'a') as file: file.write('sent\\n')\n"
    "        return len(rows)"
)
REPORT = "def report(n: int) -> int:\n    if n: raise ValueError('no')\n    return n"
MENDED = "def report(n: int) -> int:\n    return n + 100"
FLOW = """
name: mail
parameters: {{month: {{type: integer, default: 2}}}}
nodes:
  fetch: {{type: fetch, config: {{month: "${{params.month}}"}}}}
  send: {{type: Send, config: {{place: "{place}"}}}}
  report: {{type: report}}
edges: [fetch.output -> send.rows, send.n -> report.n]
"""


class Mail:
    """A flow whose second node does something to the world and whose third fails."""

    def __init__(self, folder: Path) -> None:
        self.place = folder / "sent"
        self.notebook = Notebook(folder / ".dagy")

    def define(self) -> None:
        for each in (FETCH, SEND, REPORT):
            self.notebook.define(each)
        self.flow = self.notebook.flow(FLOW.format(place=self.place))

    def fail(self, **options: object) -> str:
        with pytest.raises(RunFailed) as caught:
            self.flow.run(month=3, **options).wait()
        return caught.value.run_id

    def resume(self, run_id: str, **options: object):
        handle = resume(run_id, session=self.notebook.session, **options)
        return handle.wait(check=False)

    @property
    def sent(self) -> int:
        return self.place.read_text().count("sent")


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    made = Mail(tmp_path)
    with made.notebook:
        made.define()
        yield made


def test_a_mended_cell_goes_on_where_the_run_failed(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    mail.notebook.define(MENDED)
    run = mail.resume(failed)

    assert run.state is RunState.COMPLETED
    assert run.outputs["report.output"] == 103
    assert run.record.parameters == {"month": 3}
    assert run.record.resumed_from == failed
    assert reused(run) == ["fetch", "send"]
    assert ran(run) == {"report": f"never_ran: it did not complete in run {failed}"}
    assert mail.sent == 1
    before = mail.notebook.session.store.run(failed).nodes["report"].node_version
    assert run["report"].record.node_version != before


def test_a_node_with_side_effects_is_kept_by_every_run(mail: Mail) -> None:
    failed = mail.fail()
    mail.notebook.define(MENDED)

    run = mail.resume(failed)

    assert list(ran(run)) == ["fetch", "report"]
    assert mail.sent == 1


def test_a_resumed_run_can_be_resumed(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    again = mail.resume(failed)
    assert again.state is RunState.FAILED
    mail.notebook.define(MENDED)

    run = mail.resume(again.id)

    assert run.state is RunState.COMPLETED
    assert reused(run) == ["fetch", "send"]
    assert mail.sent == 1


def test_what_was_done_to_the_world_is_not_repeated_for_other_inputs(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    mail.notebook.define(FETCH.replace("range(month)", "range(month + 1)"))
    run = mail.resume(failed)

    assert run["send"].state is NodeState.FAILED
    assert run["send"].error.code == "flow.repeats_side_effects"
    assert mail.sent == 1

    forced = mail.resume(failed, force=("send",))
    assert forced["send"].state is NodeState.COMPLETED
    assert mail.sent == 2


def test_resuming_takes_only_what_completed_there(mail: Mail) -> None:
    mail.notebook.define(MENDED)
    mail.flow.run(month=3, keep=True).wait()  # all of it is kept
    mail.notebook.define("def fetch(month: int = 1) -> list:\n    raise ValueError('off line')")
    failed = mail.fail(keep=True)
    mail.notebook.define(FETCH)

    assert ran(mail.resume(failed))["fetch"] == f"never_ran: it did not complete in run {failed}"


def test_a_cancelled_run_is_resumed(mail: Mail) -> None:
    mail.notebook.define(
        "import time\ndef report(n: int) -> int:\n    while True:\n        time.sleep(0.01)"
    )
    handle = mail.flow.run(keep=True, month=3)
    while handle.record.nodes["report"].state is not NodeState.RUNNING:
        handle.done or handle._live.wait(0.01)
    handle.cancel()
    cancelled = handle.wait(check=False)
    mail.notebook.define(MENDED)

    run = mail.resume(cancelled.id)

    assert run.state is RunState.COMPLETED
    assert reused(run) == ["fetch", "send"]


def test_the_recorded_version_runs_where_no_draft_is_open(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    mail.notebook.define(MENDED)
    mail.notebook.session.flows.clear()

    assert mail.resume(failed).state is RunState.COMPLETED


def test_some_runs_cannot_be_resumed(mail: Mail) -> None:
    mail.notebook.define(MENDED)
    done = mail.flow.run().wait()
    other = mail.notebook.flow("name: other\nnodes: {f: {type: fetch}}")

    with pytest.raises(FlowError, match="it completed") as caught:
        mail.flow.resume(done.id)
    assert caught.value.code == "flow.not_resumable"
    with pytest.raises(FlowError, match="not of 'other'"):
        other.resume(done.id)
    with pytest.raises(UnknownName):
        resume("20000101-nothing", session=mail.notebook.session)


def add_parameter(mail: Mail) -> None:
    """Have the flow ask for one more value, and its last node use it."""
    mail.notebook.define("def report(n: int, more: int = 0) -> int:\n    return n + more")
    text = FLOW.format(place=mail.place).replace(
        "parameters: {", "parameters: {more: {type: integer}, "
    )
    mail.flow = mail.notebook.flow(
        text.replace("{type: report}", '{type: report, config: {more: "${params.more}"}}')
    )


def test_a_parameter_that_came_since_is_given_to_the_resumed_run(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    add_parameter(mail)

    with pytest.raises(FlowError) as caught:
        mail.resume(failed)
    assert caught.value.code == "parameter.missing"
    assert caught.value.suggestion == (
        f"Give it: flow.resume({failed!r}, more=…), or %flow resume {failed} -p more=…"
    )
    run = mail.resume(failed, more="100")

    assert run.outputs["report.output"] == 103
    assert run.record.parameters == {"more": 100, "month": 3}
    assert reused(run) == ["fetch", "send"]
    again = mail.flow.resume(failed, more=200).wait()
    assert again.outputs["report.output"] == 203


def test_another_value_of_a_parameter_runs_what_it_enters(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    mail.notebook.define(MENDED)

    run = mail.resume(failed, month=5, force="send")

    assert run.outputs["report.output"] == 105
    assert list(ran(run)) == ["fetch", "send", "report"]
    assert mail.resume(failed, month=4)["send"].error.code == "flow.repeats_side_effects"


def test_a_resumed_run_takes_no_parameter_that_its_flow_does_not_have(mail: Mail) -> None:
    failed = mail.fail()
    with pytest.raises(FlowError) as caught:
        mail.flow.resume(failed, mont=4)
    assert caught.value.code == "parameter.unknown"


BROKEN = "def fetch(month: int = 1) -> list:\n    raise ValueError('off line')"


def test_what_was_done_in_any_run_before_is_not_repeated(mail: Mail) -> None:
    failed = mail.fail(keep=True)
    mail.notebook.define(BROKEN)
    again = mail.resume(failed, force="fetch")
    assert again["send"].state is NodeState.SKIPPED
    mail.notebook.define(FETCH)
    mail.notebook.define(MENDED)

    run = mail.resume(again.id)

    assert run.outputs["report.output"] == 103
    assert reused(run) == ["fetch", "send"]
    assert mail.sent == 1


def test_a_run_that_is_resumed_twice_does_nothing_twice(mail: Mail) -> None:
    mail.notebook.define(BROKEN)
    failed = mail.fail(keep=True)
    mail.notebook.define(FETCH)
    mail.notebook.define(MENDED)
    first = mail.resume(failed)
    assert (first.state, mail.sent) == (RunState.COMPLETED, 1)

    second = mail.resume(failed)

    assert second.state is RunState.COMPLETED
    assert reused(second) == ["fetch", "send", "report"]
    assert mail.sent == 1


def test_a_run_with_which_another_goes_on_now_is_not_resumed(mail: Mail) -> None:
    mail.notebook.define(BROKEN)
    failed = mail.fail()
    mail.notebook.define(
        "import time\ndef fetch(month: int = 1) -> list:\n    time.sleep(30)\n    return []"
    )
    handle = resume(failed, session=mail.notebook.session)
    try:
        with pytest.raises(FlowError, match=f"run {handle.id} goes on with it") as caught:
            resume(failed, session=mail.notebook.session)
        assert caught.value.code == "flow.not_resumable"
    finally:
        handle.cancel()
        handle.wait(check=False)
