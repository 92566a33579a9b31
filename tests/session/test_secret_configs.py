"""A secret in a flow's config is used by its runs, and recorded nowhere."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from dagy_nb.checks.secrets import MASK
from dagy_nb.errors import CheckFailed, CheckWarning, FlowError
from dagy_nb.model.datatype import DataType
from dagy_nb.model.state import RunState
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.session.current import make_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.resume import resume
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from tests.session.test_secrecy import OpenItems, find_canary

CANARY = "canary-4711-secret"


class Login(FlowNode, register=False):
    """Tells how long a password is; an empty one is wrong."""

    length = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        user: str = "ada"
        password: SecretStr

    def execute(self):
        word = self.config.password.get_secret_value()
        if word == "wrong":
            raise ValueError("no entry")
        return len(word)


class Fetch(FlowNode, register=False):
    """Needs a password for each item."""

    item = Input(DataType.ANY)
    y = Output(DataType.INTEGER)

    class Config(FlowNode.Config):
        password: SecretStr

    def execute(self, item):
        return len(self.config.password.get_secret_value())


class ReadsParameters(FlowNode, register=False):
    """Looks at a parameter beside its config."""

    y = Output(DataType.INTEGER)

    def execute(self, context):
        return len(context.parameters["word"])


def map_items(session: Session) -> Flow:
    session.adopt(Fetch)
    flow = Flow("login", session=session)
    flow.add(OpenItems, id="open")
    flow.add("Map", id="map", node="Fetch", node_config={"password": CANARY})
    flow.connect("open.items", "map.items")
    return flow


def read_parameters(session: Session) -> Flow:
    flow = login(session, "${params.word}")
    flow.add(ReadsParameters, id="reads")
    return flow


def give_inside(session: Session) -> Flow:
    login(session, "${params.word}").as_node("LoginInside")
    flow = Flow("outer", session=session)
    flow.add("LoginInside", id="inside", word=CANARY)
    return flow


def keep_inside(session: Session) -> Flow:
    login(session, CANARY).as_node("LoginAlone")
    flow = Flow("outer", session=session)
    flow.add("LoginAlone", id="inside")
    return flow


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Session]:
    """A session that records on disk."""
    made = make_session(Settings(home=tmp_path / ".dagy"))
    yield made
    made.close()


def login(session: Session, password: str, **config: str) -> Flow:
    parameters = {"word": {"type": "string", "default": CANARY}} if "$" in password else {}
    flow = Flow("login", session=session, parameters=parameters)
    flow.add(Login, id="login", config={"password": password, **config})
    return flow


def run(flow: Flow, **options: object):
    with pytest.warns(CheckWarning, match=r"\[secret\.in_"):
        return flow.run(**options).wait(check=False)


def test_a_secret_of_a_config_is_in_no_record(journal: Session, tmp_path: Path) -> None:
    flow = login(journal, CANARY)
    done = run(flow, keep=True, tap=True)
    flow.publish("with a secret")

    assert done.outputs["login.length"] == len(CANARY)
    journal.store.connect().close()
    assert find_canary(tmp_path) == []
    assert journal.store.flow_version("login").spec.node("login").config["password"] == MASK


@pytest.mark.parametrize("make", [map_items, read_parameters, give_inside, keep_inside])
def test_nor_is_one_that_is_used_deeper_or_read_otherwise(
    journal: Session, tmp_path: Path, make: Callable[[Session], Flow]
) -> None:
    flow = make(journal)
    for _ in range(2):
        done = run_quietly(flow, reuse=True, tap=True)
        assert done.state is RunState.COMPLETED
    flow.publish()

    assert len(CANARY) in (*done.outputs.values(), *done.outputs.get("map.results", ()))
    assert {node.reason for node in done.values()} == {"up_to_date"}
    journal.store.connect().close()
    assert find_canary(tmp_path) == []


def test_flows_that_differ_in_a_secret_only_are_one_version(journal: Session) -> None:
    runs = [
        run(login(journal, password, user=user))
        for password, user in (("one", "ada"), ("two", "ada"), ("two", "bob"))
    ]

    versions = [journal.store.run(each.id).flow_version for each in runs]
    assert versions == [1, 1, 2]


def test_a_recorded_version_asks_for_its_secret_before_it_runs(journal: Session) -> None:
    failed = run(login(journal, "wrong"))
    journal.flows.clear()

    with pytest.raises(CheckFailed) as caught:
        resume(failed.id, session=journal)
    assert [each.code for each in caught.value.diagnostics] == ["secret.not_recorded"]

    flow = Flow.load("login", version=1, session=journal)
    flow.configure("login", password="right")
    assert flow.resume(failed.id).wait().outputs["login.length"] == 5


def test_a_parameter_that_enters_a_secret_field_is_in_no_record(
    journal: Session, tmp_path: Path
) -> None:
    flow = login(journal, "${params.word}")
    assert run(flow).outputs["login.length"] == len(CANARY)
    failed = run_quietly(flow, word="wrong")

    assert journal.store.run(failed.id).parameters == {}
    journal.store.connect().close()
    assert find_canary(tmp_path) == []
    journal.flows.clear()
    with pytest.raises(FlowError, match="has no value for the parameter 'word'"):
        resume(failed.id, session=journal)
    done = resume(failed.id, session=journal, word="right").wait()
    assert done.outputs["login.length"] == 5


def run_quietly(flow: Flow, **parameters: object):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CheckWarning)
        return flow.run(**parameters).wait(check=False)
