"""Further attempts of nodes in processes of their own: after a kill at the limit, after a death."""

from __future__ import annotations

import os
import signal
import time

import pytest

from dagy_nb.model.datatype import DataType
from dagy_nb.model.event import AttemptFailed
from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.base import FlowNode, Output
from dagy_nb.nodes.retry import Retry
from dagy_nb.runners.process import ProcessRunner
from tests.engine.running import Recorded, plan_flow

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=2)
    yield made
    made.close()


class Doomed(FlowNode, register=False):
    """Its first attempt ends badly, its second one well."""

    y = Output(DataType.INTEGER)
    runner = "process"
    retries = 1

    class Config(FlowNode.Config):
        how: str = "die"

    def execute(self, context):
        if context.attempt == 1 and self.config.how == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        while context.attempt == 1:
            time.sleep(0.01)
        return context.attempt


class Judged(Doomed, register=False):
    """Its own code is asked where the run is driven, not in the process that died."""

    retry = Retry(
        delay=lambda attempt: 0.01,
        when=lambda error, attempt: error.code == "runner.worker_died",
        on=("crashed",),
    )


def run(runner, node_class, **entry):
    made = Recorded(plan_flow({"a": (node_class, entry)}), {"process": runner})
    assert made.live.wait(60)
    return made


@pytest.mark.parametrize("node_class", [Doomed, Judged])
def test_a_node_whose_process_died_is_tried_again_where_that_is_asked_for(runner, node_class):
    entry = {} if node_class is Judged else {"retry": {"on": ("crashed",)}}

    made = run(runner, node_class, **entry)

    (event,) = (each for each in made.events if isinstance(each, AttemptFailed))
    assert (event.state, event.reason) == (NodeState.FAILED, Reason.CRASHED)
    assert made.live.outputs == {"a.y": 2}


def test_a_node_whose_process_died_is_not_tried_again_unasked(runner):
    made = run(runner, Doomed)

    end = made.ended("a")
    assert (end.state, end.reason, end.attempts) == (NodeState.FAILED, Reason.CRASHED, 1)


def test_a_node_that_was_killed_at_its_limit_is_tried_again_in_a_process_that_lives(runner):
    entry = {"config": {"how": "sleep"}, "timeout": 1, "retry": {"on": ("timed_out",)}}

    made = run(runner, Doomed, **entry)

    (event,) = (each for each in made.events if isinstance(each, AttemptFailed))
    assert (event.state, event.reason, event.enforcement) == (NodeState.TIMED_OUT, None, "killed")
    assert made.live.outputs == {"a.y": 2}
