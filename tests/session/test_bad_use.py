"""What a user gets wrong is refused with a code, words and a way on, and changes nothing."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import Field

from dagy_nb.errors import DagyError, FlowError
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.retry import Retry
from dagy_nb.session import running
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from tests.flows import chain


class Keeper(FlowNode):
    """Gives what its config holds."""

    category = "Tests"
    kept = Output(DataType.ANY)

    class Config(FlowNode.Config):
        """Anything, and a list of numbers."""

        value: Any = None
        numbers: list[int] = Field(default_factory=list)

    def execute(self) -> Any:
        """Return it."""
        return self.config.value if self.config.value is not None else self.config.numbers


class Named(FlowNode):
    """Its fields are named as the parameters of `Flow.add` and `Flow.configure` are."""

    category = "Tests"
    total = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        """Numbers."""

        node: int = 0
        self: int = 0
        node_id: int = 0

    def execute(self) -> int:
        """Add them up."""
        return sum(self.config.model_dump().values())


BAD_FLOWS: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "a b"}, "flow.invalid", "name: 'a b' is no name"),
    ({"name": 3}, "flow.invalid", "name: Input should be a valid string"),
    ({"timeout": -1}, "flow.invalid", "timeout: "),
    ({"timeout": float("inf")}, "flow.invalid", "finite"),
    ({"failure_policy": "nope"}, "flow.invalid", "'continue', 'stop' or 'isolate'"),
    ({"parameters": 3}, "parameter.invalid", "mapping from name to default"),
    ({"parameters": {"a b": 1}}, "parameter.invalid", "'a b'"),
    ({"parameters": {"a": object()}}, "parameter.invalid", "'a'"),
]


@pytest.mark.parametrize(("fields", "code", "words"), BAD_FLOWS)
def test_a_flow_that_cannot_be_is_refused(
    session: Session, fields: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(DagyError) as caught:
        Flow(**{"name": "bad", **fields})

    assert caught.value.code == code
    assert words in str(caught.value)
    assert "pydantic" not in str(caught.value), "no library's own words or addresses"
    assert session.flows == {}


BAD_NODES: list[tuple[dict[str, Any], str, str]] = [
    ({"id": "a b"}, "flow.node_invalid", "id: 'a b' is no name"),
    ({"timeout": -3}, "flow.node_invalid", "timeout: "),
    ({"timeout": float("inf")}, "flow.node_invalid", "finite"),
    ({"runner": "nope"}, "flow.node_invalid", "'inline', 'thread', 'process' or 'dask'"),
    ({"retries": 1_000}, "flow.node_invalid", "retries: "),
    ({"retry": 5}, "flow.node_invalid", "it is 5"),
    ({"retry": {"delay": -1}}, "flow.node_invalid", "delay: "),
    ({"retry": {"dealy": 1}}, "flow.node_invalid", "Did you mean `delay`?"),
    ({"retry": {"delay": lambda attempt: 1}}, "flow.retry_code", "has code in `delay`"),
    (
        {"retry": Retry(when=lambda error, attempt: True)},
        "flow.retry_code",
        "retry = Retry(when=…)",
    ),
    ({"trigger": "always"}, "flow.node_invalid", "all_done"),
    ({"memory_mb": 0}, "flow.node_invalid", "memory_mb: "),
    ({"config": 3}, "flow.node_invalid", "mapping from field name to value"),
    ({"config": {1: 2}}, "flow.node_invalid", "mapping from field name to value"),
    ({"value": object()}, "config.not_plain", "value"),
    ({"numbers": ["two"]}, "config.invalid", "numbers.0"),
]


@pytest.mark.parametrize(("words_of_add", "code", "words"), BAD_NODES)
def test_a_node_that_cannot_be_is_refused_and_nothing_is_added(
    session: Session, words_of_add: dict[str, Any], code: str, words: str
) -> None:
    flow = Flow("bad")
    with pytest.raises(DagyError) as caught:
        flow.add(Keeper, **words_of_add)

    assert caught.value.code == code
    assert words in str(caught.value)
    assert (flow.spec.nodes, flow.revision) == ((), 0)


BAD_CALLS: list[tuple[Callable[[Flow], object], str]] = [
    (lambda flow: flow.run(timeout=-1), "flow.timeout_invalid"),
    (lambda flow: flow.run(timeout="x"), "flow.timeout_invalid"),
    (lambda flow: flow.run(timeout=True), "flow.timeout_invalid"),
    (lambda flow: flow.run(timeout=float("nan")), "flow.timeout_invalid"),
    (lambda flow: flow.run(runner="nowhere"), "flow.no_runner"),
    (lambda flow: flow.run(runner=3), "flow.no_runner"),
    (lambda flow: flow.add(FlowNode), "node.no_execute"),
    (lambda flow: flow.describe(nope=1), "flow.invalid"),
    (lambda flow: flow.describe(timeout=-1), "flow.invalid"),
    (lambda flow: flow.describe(parameters=3), "parameter.invalid"),
    (lambda flow: flow.edit([3]), "edit.invalid"),
    (lambda flow: flow.configure("n1", timeout=-1), "flow.node_invalid"),
    (lambda flow: Flow.from_yaml(3), "text.no_text"),
    (lambda flow: Flow.load(3), "unknown.flow"),
    (lambda flow: flow.session.cancel("no_such_run"), "unknown.run"),
]


@pytest.mark.parametrize(("call", "code"), BAD_CALLS)
def test_a_call_that_makes_no_sense_is_refused_and_the_flow_stays(
    session: Session, call: Callable[[Flow], object], code: str
) -> None:
    flow = chain(session)
    before = (flow.spec, flow.revision, flow.runs)
    with pytest.raises(DagyError) as caught:
        call(flow)

    assert caught.value.code == code
    assert (flow.spec, flow.revision, flow.runs) == before


def test_no_edits_are_no_change(session: Session) -> None:
    flow = chain(session)
    before = flow.revision

    assert flow.edit([]) == before == flow.revision


def test_an_expression_may_stand_inside_a_list(session: Session) -> None:
    flow = Flow("nested", parameters={"p": 4})
    flow.add(Keeper, id="k", numbers=["${params.p}", 2])

    assert flow.run().wait(10).outputs["k.kept"] == [4, 2]
    assert flow.run(p=7).wait(10).outputs["k.kept"] == [7, 2]


def test_an_escaped_expression_is_checked_as_the_text_it_stands_for(session: Session) -> None:
    flow = Flow("escaped")
    flow.add(Keeper, id="k", value="$${HOME}")

    assert flow.run().wait(10).outputs["k.kept"] == "${HOME}"


def test_an_old_version_is_opened_beside_the_draft(session: Session) -> None:
    flow = chain(session)
    flow.publish()
    flow.add(Keeper, id="more")
    old = Flow.load(flow.name, version=1)

    assert old.spec.node("more") is None
    assert Flow.load(flow.name) is flow


def test_a_run_without_limit_overrides_the_limit_of_its_flow(session: Session) -> None:
    flow = chain(session)
    flow.describe(timeout=5)

    assert flow.run(timeout=0).wait(10).state == "COMPLETED"


def test_a_limit_of_centuries_is_a_limit(session: Session) -> None:
    flow = Flow("long", timeout=1e300)
    flow.add(Keeper, id="k", value=1, timeout=1e200)

    assert flow.run().wait(10).outputs["k.kept"] == 1


def test_config_fields_and_parameters_may_have_any_name(session: Session) -> None:
    flow = Flow("names", parameters={"self": 1, "name": 2})
    flow.add(Named, id="lambda", node=1, self=flow.param("self"))
    flow.configure("lambda", node_id=5)

    assert flow.run(self=3, name=1).wait(10)["lambda"].value == (1 + 3 + 5)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("reus", "option `reuse`"),
        ("Timeout", "option `timeout`"),
        ("mont", "`month`"),
        ("x", "month"),
    ],
)
def test_what_is_no_parameter_names_the_nearest_parameter_or_option(session, name, said):
    flow = Flow("f", parameters={"month": 1}, session=session)

    with pytest.raises(FlowError) as caught:
        flow.run(**{name: 1})

    assert caught.value.code == "parameter.unknown"
    assert said in caught.value.suggestion


def test_the_options_that_are_named_are_those_of_run():
    names = inspect.signature(Flow.run).parameters
    assert names.keys() - {"self", "parameters"} == running.OPTIONS
