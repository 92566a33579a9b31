"""A node that must not be repeated and that began without completing is repeated by nobody who does not say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.errors import FlowError
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.session.result import RunResult
from dagy_nb.session.resume import resume
from tests.session.reusing import Notebook, ran

SEND = """
import time
class Send(FlowNode):
    side_effects = True
    rows = Input('INTEGER')
    n = Output('INTEGER')
    class Config(FlowNode.Config):
        place: str
    def execute(self, rows):
        with open(self.config.place, 'a') as file: file.write('sent ')
        {then}
        return rows
"""
UNSAFE = SEND.replace("side_effects = True", "safe_to_retry = False")
HARMLESS = SEND.replace("side_effects = True", "pass")
FAILS = "raise ValueError('half done')"
FLOW = "name: mail\nnodes:\n  rows: {{type: rows}}\n  send: {{type: Send, config: {{place: '{}'}}}}\nedges: [rows.output -> send.rows]"
TWICE = FLOW.replace(
    "\nedges: [",
    "\n  again: {{type: Send, config: {{place: '{0}'}}}}\nedges: [rows.output -> again.rows, ",
).replace("'{}'", "'{0}'")
ROWS = "def rows(k: int = 1) -> int:\n    return k"


class Mail:
    """A flow whose last node does something to the world, and then what the test says."""

    def __init__(self, folder: Path) -> None:
        self.notebook = Notebook(folder / ".dagy")
        self.place = folder / "sent"
        self.place.touch()

    def define(self, text: str = SEND, then: str = "pass") -> None:
        self.notebook.define(text.format(then=then))

    def run(
        self, text: str = SEND, then: str = FAILS, flow: str = FLOW, **options: float
    ) -> RunResult:
        self.notebook.define(ROWS)
        self.define(text, then)
        self.flow = self.notebook.flow(flow.format(self.place))
        return self.flow.run(**options).wait(check=False)

    def resume(self, run: RunResult, **options: object) -> RunResult:
        return resume(run.id, session=self.notebook.session, **options).wait(check=False)

    @property
    def sent(self) -> int:
        return self.place.read_text().count("sent")


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Mail]:
    made = Mail(tmp_path)
    with made.notebook:
        yield made


@pytest.mark.parametrize(
    ("text", "why"),
    [(SEND, "Send has side effects"), (UNSAFE, "Send is not safe to retry")],
    ids=["side_effects", "not safe to retry"],
)
def test_a_node_that_failed_half_way_is_not_repeated_unasked(
    mail: Mail, text: str, why: str
) -> None:
    failed = mail.run(text)
    mail.define(text)

    with pytest.raises(FlowError, match=f"send began .*: {why}") as caught:
        mail.resume(failed)
    assert caught.value.code == "flow.repeats_side_effects"
    assert "force=('send',)" in caught.value.suggestion
    assert f"%flow resume {failed.id} --force send" in caught.value.suggestion
    assert mail.sent == 1
    assert len(mail.notebook.session.store.runs().runs) == 1

    run = mail.resume(failed, force="send")
    assert run.state is RunState.COMPLETED
    assert ran(run)["send"] == "forced: it was forced"
    assert mail.sent == 2


def test_one_past_its_limit_is_not_repeated_unasked(mail: Mail) -> None:
    late = mail.run(then="time.sleep(0.05); time.sleep(60)", timeout=0.5)
    assert (late["send"].state, mail.sent) == (NodeState.TIMED_OUT, 1)
    mail.define()

    with pytest.raises(FlowError, match="send began"):
        mail.resume(late)


def test_what_began_in_any_run_of_the_family_counts(mail: Mail) -> None:
    first = mail.run()
    again = mail.resume(first, force=["send"])
    assert (again.state, mail.sent) == (RunState.FAILED, 2)

    for each in (first, again):
        with pytest.raises(FlowError, match=f"send began in run {each.id}"):
            mail.resume(each)
    mail.define()
    assert mail.resume(again, force="send").state is RunState.COMPLETED


def test_what_is_safe_or_never_began_is_repeated(mail: Mail) -> None:
    failed = mail.run(HARMLESS)
    mail.define(HARMLESS)
    assert mail.resume(failed).state is RunState.COMPLETED

    mail.notebook.define("def rows(k: int = 1) -> int:\n    raise ValueError('off line')")
    mail.define(SEND)
    stopped = mail.flow.run().wait(check=False)
    mail.notebook.define(ROWS)
    assert mail.resume(stopped).state is RunState.COMPLETED


def test_a_mended_class_may_say_that_it_is_safe(mail: Mail) -> None:
    failed = mail.run(SEND)
    mail.define(HARMLESS)

    assert mail.resume(failed).state is RunState.COMPLETED


def test_a_node_that_runs_such_a_node_inside_counts_as_one(mail: Mail) -> None:
    mail.run()
    mail.flow.as_node("MailInside")
    outer = mail.notebook.flow("name: outer\nnodes: {inside: {type: MailInside}}")
    failed = outer.run().wait(check=False)
    mail.define()
    mail.flow.as_node("MailInside")

    with pytest.raises(FlowError, match=r"inside began .*: Send has side effects"):
        outer.resume(failed.id)
    assert outer.resume(failed.id, force="inside").wait().state is RunState.COMPLETED


def test_all_nodes_that_may_be_half_done_are_named_at_once(mail: Mail) -> None:
    failed = mail.run(text=SEND, then=FAILS, flow=TWICE)
    mail.define()

    with pytest.raises(
        FlowError, match=r"send began .*: Send has side effects\. The same holds for again\."
    ) as no:
        mail.resume(failed)
    assert "force send and again (in the editor: their menus)" in no.value.suggestion
    assert "force=('send', 'again')" in no.value.suggestion
    assert no.value.suggestion.endswith("--force send --force again")

    with pytest.raises(FlowError, match="again began"):
        mail.resume(failed, force="send")
    assert mail.sent == 2
    assert mail.resume(failed, force=["send", "again"]).state is RunState.COMPLETED
