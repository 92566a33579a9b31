"""A secret stays one, whatever nodes hand it on."""

from __future__ import annotations

import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.session.flow import Flow

CANARY = "canary-4711-secret"


class Tell(FlowNode, register=False):
    """Gives a secret."""

    token = Output(DataType.TEXT, secret=True)

    def execute(self):
        return CANARY


class TellMany(FlowNode, register=False):
    """Gives several secrets."""

    tokens = Output(DataType.LIST, secret=True)

    def execute(self):
        return [CANARY, CANARY + "-too"]


class Hide(FlowNode, register=False):
    """Makes a secret of an item."""

    item = Input(DataType.ANY)
    secret = Output(DataType.TEXT, secret=True)

    def execute(self, item):
        return CANARY


class Plain(FlowNode, register=False):
    """Takes a text, gives its length."""

    text = Input(DataType.ANY)
    length = Output(DataType.INTEGER)

    def execute(self, text):
        return len(text)


class Again(FlowNode, register=False):
    """Gives a secret again, and says so."""

    text = Input(DataType.ANY)
    again = Output(DataType.ANY, secret=True)

    def execute(self, text):
        return text


class Open(FlowNode, register=False):
    """Gives what is no secret."""

    text = Output(DataType.TEXT)

    def execute(self):
        return "open"


class OpenItems(FlowNode, register=False):
    """Gives what is no secret."""

    items = Output(DataType.LIST)

    def execute(self):
        return ["a", "b"]


def branch(flow):
    flow.add("Branch", id="hand", when="true")
    flow.connect("tell.token", "hand.value")


def merge(flow):
    flow.add("Merge", id="hand")
    flow.connect("tell.token", "hand.values")


def wait(flow):
    flow.add("Wait", id="hand", seconds=0)
    flow.connect("tell.token", "hand.value")


def convert(flow):
    flow.add("Convert", id="hand", to="JSON")
    flow.connect("tell.token", "hand.value")


def chain(flow):
    flow.add("Branch", id="first", when="true")
    flow.add("Merge", id="hand")
    flow.connect("tell.token", "first.value")
    flow.connect("first.then", "hand.values")


def failing_convert(flow):
    flow.add("Convert", id="hand", to="INTEGER")
    flow.connect("tell.token", "hand.value")


def map_items(flow):
    flow.add(TellMany, id="many")
    flow.add("Map", id="hand", node="Merge", input="values")
    flow.connect("many.tokens", "hand.items")


def map_secret_items(flow):
    flow.session.adopt(Hide)
    flow.add(OpenItems, id="open")
    flow.add("Map", id="hand", node="Hide")
    flow.connect("open.items", "hand.items")


def subflow(flow):
    inner = Flow("inner", session=flow.session)
    inner.add("Merge", id="merge")
    inner.as_node("Inside")
    flow.add("Inside", id="hand")
    flow.connect("tell.token", "hand.values")


HANDS = [branch, merge, wait, convert, chain, failing_convert, map_items, map_secret_items, subflow]
CASES = [(hand, None) for hand in HANDS] + [(merge, "process"), (failing_convert, "process")]


def find_canary(folder):
    return [
        str(each.relative_to(folder))
        for each in folder.rglob("*")
        if each.is_file() and CANARY.encode() in each.read_bytes()
    ]


@pytest.mark.parametrize(
    ("hand", "runner"), CASES, ids=[f"{hand.__name__}-{runner}" for hand, runner in CASES]
)
def test_a_secret_that_is_handed_on_is_written_nowhere(session, tmp_path, hand, runner):
    flow = Flow("canary", session=session)
    flow.add(Tell, id="tell")
    hand(flow)

    run = flow.run(keep=True, runner=runner).wait(check=False)
    session.close()

    assert run["hand"].state == ("FAILED" if hand is failing_convert else "COMPLETED")
    assert CANARY not in repr(run.record)
    assert find_canary(session.settings.home) == []


def test_what_a_users_node_makes_of_a_secret_is_shown_unless_it_says_otherwise(session):
    flow = Flow("canary", session=session)
    flow.add(Tell, id="tell")
    flow.add(Plain, id="plain")
    flow.add(Again, id="echo")
    flow.connect("tell.token", "plain.text")
    flow.connect("tell.token", "echo.text")

    run = flow.run().wait()

    assert run["plain"].record.previews["length"].summary == str(len(CANARY))
    assert run["echo"].record.previews["again"].hidden


def test_what_is_no_secret_is_shown_beside_one(session):
    flow = Flow("canary", session=session)
    flow.add(Tell, id="tell")
    flow.add(Open, id="open")
    flow.add("Merge", id="merge")
    flow.connect("open.text", "merge.values")

    run = flow.run().wait()

    assert run["merge"].record.previews["value"].summary == "open"
    assert run["tell"].record.previews["token"].hidden
