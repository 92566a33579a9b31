"""A browser looks into a node that ran others: the items of a Map, the nodes of a sub-flow."""

from __future__ import annotations

import threading
from typing import ClassVar

import pytest

from dagy_nb.dispatch import inside
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node
from dagy_nb.session.flow import Flow
from tests.store.facts import wait_until

FINAL = {"COMPLETED", "FAILED", "TIMED_OUT", "CANCELLED"}


def make_map(session, items, **config):
    """`numbers -> each`, a Map of `invert`, which divides by its item."""

    @node
    def numbers() -> list:  # type: ignore[type-arg]
        return items

    @node
    def invert(x: int) -> float:
        print("inverting", x)
        return 1 / x

    flow = Flow("f", session=session)
    flow.add(numbers, id="numbers")
    flow.add("Map", id="each", config={"node": "invert", "on_error": "include", **config})
    flow.connect("numbers.output", "each.items")
    assert invert
    return flow


def run(browser, dispatcher):
    browser.ask(dispatcher, "run", parameters={})
    browser.wait(lambda: browser.run is not None and browser.run["state"] in FINAL)


def look(browser, dispatcher, node_id="each", run_id=""):
    run_id = run_id or browser.run["run_id"]
    (answer,) = browser.ask(dispatcher, "inside", run_id=run_id, node_id=node_id)
    assert answer.kind == "looked", answer
    return answer


def states_of(looked):
    return {key: each.state for key, each in looked.run.nodes.items()}


def test_each_item_has_its_state_its_times_its_error_and_its_log(session, connect):
    dispatcher, browser = connect(make_map(session, [1, 2, 0, 4]))
    run(browser, dispatcher)

    answer = look(browser, dispatcher)

    assert browser.run["nodes"]["each"]["runner"] == "nested"
    assert answer.total == len(answer.run.nodes) == 4
    # What failed stands first.
    first, *others = answer.run.nodes
    assert (first, others) == ("item_0003", ["item_0001", "item_0002", "item_0004"])
    failed, done = answer.run.nodes[first], answer.run.nodes["item_0001"]
    assert (failed.state, failed.error) == ("FAILED", "ZeroDivisionError: division by zero")
    assert failed.traceback
    assert (done.state, done.log_tail) == ("COMPLETED", ("inverting 1",))
    assert done.previews["output"].summary == "1.0"
    assert done.ended_at >= done.started_at


def test_what_is_sent_of_each_item_is_little(session, connect):
    @node
    def spell(x: int) -> list:  # type: ignore[type-arg]
        for at in range(100):
            print("line", at, "of a long story" * 50)
        return ["a"] * x

    dispatcher, browser = connect(make_map(session, [900], node="spell"))
    run(browser, dispatcher)

    (item,) = look(browser, dispatcher).run.nodes.values()

    assert spell
    assert len(item.log_tail) == inside.LINES
    assert item.log_tail[-1].startswith("line 99")
    assert max(map(len, item.log_tail)) == inside.LETTERS
    assert (item.previews["output"].summary, item.previews["output"].rows) == ("900 items", ())


def test_items_are_seen_while_the_map_goes_on(session, connect):
    class Gate(FlowNode):
        x = Input(DataType.INTEGER)
        y = Output(DataType.INTEGER)
        opened: ClassVar[threading.Event] = threading.Event()

        def execute(self, x):
            return x if x == 1 else self.opened.wait(30) and x

    dispatcher, browser = connect(make_map(session, [1, 2], node="Gate"))
    browser.ask(dispatcher, "run", parameters={})
    try:
        browser.wait(
            lambda: (
                browser.run is not None
                and browser.run["nodes"].get("each", {}).get("message") == "1 of 2"
            )
        )
        wait_until(
            lambda: (
                states_of(look(browser, dispatcher))
                == {"item_0001": "COMPLETED", "item_0002": "RUNNING"}
            )
        )
    finally:
        Gate.opened.set()
    browser.wait(lambda: browser.run["state"] in FINAL)


def test_of_too_many_items_those_that_failed_are_shown(session, connect, monkeypatch):
    monkeypatch.setattr(inside, "MOST", 2)
    dispatcher, browser = connect(make_map(session, [1, 2, 3, 0]))
    run(browser, dispatcher)

    answer = look(browser, dispatcher)

    assert (list(answer.run.nodes), answer.total) == (["item_0004", "item_0001"], 4)


@pytest.mark.parametrize(("node_id", "run_id"), [("numbers", ""), ("each", "no-such-run")])
def test_where_nothing_ran_inside_there_is_nothing(session, connect, node_id, run_id):
    dispatcher, browser = connect(make_map(session, [1]))
    run(browser, dispatcher)

    answer = look(browser, dispatcher, node_id, run_id)

    assert (answer.run, answer.total) == (None, 0)


def test_of_a_node_that_was_tried_again_the_last_attempt_counts(session, connect):
    tries = []

    @node
    def moody(x: int) -> int:
        tries.append(x)
        if len(tries) == 1:
            raise ConnectionError("not yet")
        return x

    flow = make_map(session, [7], node="moody", on_error="raise")
    flow.configure("each", retries=1)
    dispatcher, browser = connect(flow)
    run(browser, dispatcher)

    answer = look(browser, dispatcher)

    assert moody
    assert [each.state for each in answer.run.nodes.values()] == ["COMPLETED"]
