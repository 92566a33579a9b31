"""A flow is built, checked, edited, saved and loaded as a user writes it."""

from __future__ import annotations

import pytest

from dagy_nb.errors import (
    CheckFailed,
    CheckWarning,
    ConfigError,
    ConnectionRefused,
    FlowError,
    UnknownName,
)
from dagy_nb.model.retry import RetrySpec
from dagy_nb.nodes.function import node
from dagy_nb.nodes.retry import Retry
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from tests.flows import chain, diamond, double, number, shout


def test_a_node_gets_an_id_from_its_type(session: Session) -> None:
    flow = Flow("f", session=session)

    assert flow.add(number) == "number"
    assert flow.add("number") == "number_2"
    assert flow.add("Sleeper", id="nap") == "nap"


def test_reserved_keywords_are_options_and_others_are_config(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(number, id="a", value=4, timeout=5, runner="thread", retries=2, label="A")
    (node,) = flow.spec.nodes

    assert dict(node.config) == {"value": 4}
    assert (node.timeout, node.runner, node.retries, node.label) == (5, "thread", 2, "A")


def test_how_a_node_is_tried_again_and_when_it_starts_are_options_of_it(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(
        number,
        id="a",
        retries=3,
        retry={"delay": [1, 5], "on": "crashed", "errors": ConnectionError},
        trigger="any_success",
        memory_mb=64,
    )
    (before,) = flow.spec.nodes

    assert before.retry == RetrySpec(delay=(1, 5), on=("crashed",), errors=("ConnectionError",))
    assert (before.trigger, before.memory_mb) == ("any_success", 64)
    assert Flow.from_yaml(flow.to_yaml(), session=session).spec == flow.spec

    flow.configure("a", retry=Retry(delay=2, backoff=2), trigger="all_done")
    flow.configure("a", value=7)
    (after,) = flow.spec.nodes
    assert (after.retry, after.trigger) == (RetrySpec(delay=2, backoff=2), "all_done")

    flow.configure("a", retry=None)
    assert flow.spec.nodes[0].retry is None
    flow.undo()
    flow.undo()
    flow.undo()
    assert flow.spec.nodes == (before,)


def test_a_run_says_before_it_starts_what_will_not_be_tried_again(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(mail, retries=3)

    (found,) = flow.check()

    assert (found.code, found.severity, str(found.place)) == (
        "retries.refused",
        "warning",
        "mail.retries",
    )
    with pytest.warns(CheckWarning, match="mail will not be tried again"):
        run = flow.run().wait()
    assert run.state == "COMPLETED"


@node(register=False, side_effects=True)
def mail() -> int:
    """Write to the world outside."""
    return 1


def test_a_wrong_config_is_refused_at_once_and_nothing_is_added(session: Session) -> None:
    flow = Flow("f", session=session)
    with pytest.raises(ConfigError) as caught:
        flow.add(number, value="many")

    assert [place for place, _ in caught.value.problems] == ["value"]
    assert flow.spec.nodes == ()


def test_an_unknown_config_field_is_refused_by_name(session: Session) -> None:
    flow = Flow("f", session=session)
    with pytest.raises(ConfigError, match="valeu"):
        flow.add(number, valeu=1)


def test_an_unknown_type_is_refused_with_the_nearest_name(session: Session) -> None:
    flow = Flow("f", session=session)
    with pytest.raises(UnknownName) as caught:
        flow.add("nubmer")

    assert caught.value.code == "unknown.node_type"
    assert "number" in caught.value.suggestion


@pytest.mark.parametrize("thing", [42, object, print])
def test_what_is_no_node_is_refused(session: Session, thing: object) -> None:
    with pytest.raises(FlowError) as caught:
        Flow("f", session=session).add(thing)  # type: ignore[arg-type]

    assert caught.value.code == "flow.no_node"


def test_connectors_that_do_not_fit_are_refused_with_words(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(number, id="a")
    flow.add(shout, id="b")
    with pytest.raises(ConnectionRefused) as caught:
        flow.connect("a.output", "b.text")

    assert caught.value.code == "types.mismatch"
    assert "INTEGER" in caught.value.reason
    assert caught.value.suggestion
    assert flow.spec.edges == ()


@pytest.mark.parametrize(
    ("output", "target", "code"),
    [
        ("n1.output", "n0.x", "edge.unknown_connector"),
        ("n2.output", "n1.x", "edge.input_taken"),
        ("n9.output", "n1.x", "edge.unknown_node"),
        ("n1", "n2.x", "edge.syntax"),
        ("n1.output", "n1.x", "edge.self_loop"),
    ],
)
def test_an_edge_that_cannot_be_is_refused_by_code(
    session: Session, output: str, target: str, code: str
) -> None:
    flow = chain(session)
    before = flow.spec
    with pytest.raises(ConnectionRefused) as caught:
        flow.connect(output, target)

    assert caught.value.code == code
    assert caught.value.__cause__ is None  # one traceback is enough
    assert flow.spec == before


def test_a_cycle_is_refused(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(double, id="a")
    flow.add(double, id="b")
    flow.connect("a.output", "b.x")
    with pytest.raises(ConnectionRefused) as caught:
        flow.connect("b.output", "a.x")

    assert caught.value.code == "edge.cycle"


def test_the_check_names_a_missing_input(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(double, id="a")

    (found,) = flow.check()
    assert (found.code, found.place.node, found.place.connector) == ("input.missing", "a", "x")


def test_a_flow_with_errors_does_not_run(session: Session) -> None:
    flow = Flow("f", session=session)
    flow.add(double, id="a")
    with pytest.raises(CheckFailed) as caught:
        flow.run()

    assert caught.value.code == "flow.check_failed"
    assert caught.value.diagnostics
    assert not session.store.runs().runs


def test_a_parameter_stands_in_config_by_its_expression(session: Session) -> None:
    flow = Flow("f", parameters={"month": 1}, session=session)

    assert flow.param("month") == "${params.month}"
    with pytest.raises(UnknownName) as caught:
        flow.param("moth")
    assert caught.value.code == "unknown.parameter"


@pytest.mark.parametrize("name", ["", "1a", "a b", "a.b", "x" * 101])
def test_a_flow_needs_a_name(session: Session, name: str) -> None:
    with pytest.raises(FlowError):
        Flow(name, session=session)


def test_configure_changes_config_and_options(session: Session) -> None:
    flow = chain(session)
    flow.configure("n0", value=7, timeout=3)

    entry = flow.spec.node("n0")
    assert entry is not None
    assert (dict(entry.config), entry.timeout) == ({"value": 7}, 3)
    assert flow.undo()
    assert dict(flow.spec.node("n0").config) == {"value": "${params.start}"}  # type: ignore[union-attr]


def test_a_flow_survives_its_text(session: Session) -> None:
    for flow in (chain(session), diamond(session)):
        assert Flow.from_yaml(flow.to_yaml(), session=session).spec == flow.spec


def test_the_open_draft_is_what_a_name_loads(session: Session) -> None:
    flow = chain(session)

    assert Flow.load("chain", session=session) is flow


def test_a_published_version_stays_as_it_was(session: Session) -> None:
    flow = chain(session)
    first = flow.publish("first")
    flow.remove("n2")
    second = flow.publish("shorter")

    assert (first.version, second.version) == (1, 2)
    assert Flow.load("chain", 1, session=session).spec == first.spec
    assert len(first.spec.nodes) == 3
    assert len(second.spec.nodes) == 2


def test_an_unknown_flow_or_version_is_told(session: Session) -> None:
    chain(session).publish()
    with pytest.raises(UnknownName) as caught:
        Flow.load("chian", session=session)
    assert caught.value.code == "unknown.flow"
    with pytest.raises(UnknownName) as caught:
        Flow.load("chain", 7, session=session)
    assert caught.value.code == "unknown.flow_version"


@pytest.mark.parametrize(("old", "new"), [("1", "true"), ("1", "1.0"), ("0", "false")])
def test_a_text_with_an_equal_value_of_another_type_is_another_text(
    session: Session, old: str, new: str
) -> None:
    text = "name: f\nparameters: {{p: {{type: any, default: {}}}}}"
    flow = Flow.from_yaml(text.format(old), session=session)
    after = Flow.from_yaml(text.format(new), session=session).spec
    flow.replace(after)

    assert flow.spec is after


def test_replacing_the_flow_is_one_change(session: Session) -> None:
    flow = chain(session)
    before = flow.spec
    flow.replace(chain(session, 5).spec)
    assert len(flow.spec.nodes) == 5

    flow.undo()
    assert flow.spec == before


def test_a_cell_that_makes_the_flow_again_loses_nothing_that_was_drawn(session: Session) -> None:
    drawn = Flow("f", session=session)
    drawn.add(number, id="a")

    flow = Flow("f", session=session)
    assert flow.spec.nodes == ()
    assert flow.undo()
    assert flow.spec == drawn.spec


def test_an_old_version_is_looked_at_beside_the_open_draft_not_instead_of_it(
    session: Session,
) -> None:
    flow = Flow("f", session=session)
    flow.add(number, id="a")
    flow.publish()
    flow.add(number, id="b")

    assert not Flow.load("f", 1, session=session).undo()
    assert Flow.load("f", session=session) is flow
