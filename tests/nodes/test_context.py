from __future__ import annotations

import logging
import threading

import pytest
from pydantic import SecretStr

from dagy_nb.errors import DagyError, NodeCancelled
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.context import CancelToken, ExecutionContext


class Heard:
    """Keeps what a node told."""

    def __init__(self):
        self.lines = []
        self.progress = []

    def wrote(self, level, text):
        self.lines.append((level, text))

    def progressed(self, fraction, message):
        self.progress.append((fraction, message))


def test_log_records_go_to_the_nodes_log_and_nowhere_else(caplog):
    heard = Heard()
    context = ExecutionContext(node_id="late", reporter=heard)

    context.logger.info("%d rows", 3)
    context.logger.debug("fine")
    context.log_warning("odd")

    assert heard.lines == [("INFO", "3 rows"), ("DEBUG", "fine"), ("WARNING", "odd")]
    assert context.logger is context.logger
    assert not caplog.records
    assert "late" not in logging.Logger.manager.loggerDict


def test_an_exception_in_the_log_keeps_its_traceback():
    heard = Heard()
    try:
        1 / 0
    except ZeroDivisionError:
        ExecutionContext(reporter=heard).logger.exception("no")

    (level, text) = heard.lines[0]
    assert level == "ERROR"
    assert text.startswith("no\nTraceback")


@pytest.mark.parametrize(
    ("given", "told"), [(0.25, 0.25), (-1, 0.0), (7, 1.0), (True, 1.0), (float("inf"), 1.0)]
)
def test_progress_stays_between_0_and_1(given, told):
    heard = Heard()

    ExecutionContext(reporter=heard).progress(given, "rows")

    assert heard.progress == [(told, "rows")]


def test_progress_is_a_number():
    with pytest.raises(ValueError, match="nan"):
        ExecutionContext().progress(float("nan"))


def test_the_artifact_folder_is_made_on_first_use(tmp_path):
    folder = tmp_path / "a" / "b"
    context = ExecutionContext(folder=folder)
    assert not folder.exists()

    assert context.artifacts.is_dir()


def test_without_a_folder_artifacts_are_refused():
    with pytest.raises(DagyError) as caught:
        _ = ExecutionContext().artifacts

    assert caught.value.code == "node.context_folder"


def test_the_deadline_counts_down_and_never_below_0():
    now = [10.0]
    context = ExecutionContext(ends_at=12.0, monotonic=lambda: now[0])
    assert context.deadline == 2.0

    now[0] = 99.0

    assert context.deadline == 0.0
    assert ExecutionContext().deadline is None


def test_a_context_is_frozen():
    with pytest.raises(AttributeError):
        ExecutionContext().node_id = "x"


def test_a_token_raises_what_except_exception_lets_pass():
    token = CancelToken()
    token.raise_if_requested()

    token.request()
    token.request()

    assert token.requested
    assert not issubclass(NodeCancelled, Exception)
    with pytest.raises(NodeCancelled):
        token.raise_if_requested()


def test_a_waiting_node_wakes_when_it_is_asked_to_end():
    token = CancelToken()
    thread = threading.Thread(target=token.request)
    thread.start()

    assert token.wait(30)
    thread.join()
    assert not CancelToken().wait(0)


class Config(NodeConfig):
    rows: int = 3
    token: SecretStr = SecretStr("canary")


def test_a_dict_form_holds_no_secret_and_comes_back():
    context = ExecutionContext(
        run_id="r",
        node_id="n",
        attempt=2,
        inputs={"x": [1], "key": SecretStr("canary")},
        config=Config(),
        parameters={"month": 2, "deep": {"key": SecretStr("canary"), "a": 1}},
    )

    data = context.to_dict()
    again = ExecutionContext.from_dict(data, config=Config())

    assert "SecretStr" not in repr(data)
    assert data["config"] == {"rows": 3}
    assert (again.run_id, again.node_id, again.attempt) == ("r", "n", 2)
    assert again.inputs == {"x": [1]}
    assert again.parameters == {"month": 2, "deep": {"a": 1}}
    assert again.config.token.get_secret_value() == "canary"
    assert again.to_dict() == data


def test_a_newer_dict_form_is_refused():
    with pytest.raises(DagyError) as caught:
        ExecutionContext.from_dict({"schema_version": 99})

    assert caught.value.code == "node.context_version"


def test_a_context_is_shown_without_data():
    context = ExecutionContext(node_id="n", run_id="r", inputs={"x": "canary"})

    assert repr(context) == "ExecutionContext(n, run r, attempt 1)"
