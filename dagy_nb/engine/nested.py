"""A call of a node that runs other nodes in, a run inside the outer run out: started, watched, ended with it.

The inner run has a run id, a machine and a thread of its own, its nodes are ordinary node runs on the
ordinary runners, and its facts go to the same store. The composite node's `execute` waits for it in a thread
of this runner. Whoever ends the composite node ends the inner run: first the innermost nodes, then this one.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from dagy_nb.abc import CallReporter, Enforcement, LiveCall, NodeCall, Outcome
from dagy_nb.engine.body import Body
from dagy_nb.engine.output import current_output
from dagy_nb.engine.plan import Plan, Step, Steps
from dagy_nb.engine.planning import NESTED
from dagy_nb.engine.routing import ROUTER
from dagy_nb.engine.telling import InnerWatch
from dagy_nb.model.event import Event
from dagy_nb.model.run_id import make_run_id
from dagy_nb.model.state import RunState
from dagy_nb.nodes.composite import CompositeNode, Expansion, InnerNode, InnerResult, put_inside
from dagy_nb.nodes.context import CancelToken

if TYPE_CHECKING:
    from dagy_nb.abc import Clock
    from dagy_nb.model.spec import NodeSpec

CAUGHT = "error"
"""The output under which the error of a node is kept where the composite node takes it as data."""


class InnerRun(Protocol):
    """What is asked of a run inside another: `dagy_nb.engine.driver.LiveRun`."""

    run_id: str
    done: threading.Event

    @property
    def state(self) -> RunState:
        """Where the run is now."""

    @property
    def outputs(self) -> Mapping[str, Any]:
        """`node.output` → value."""

    @property
    def exceptions(self) -> Mapping[str, BaseException]:
        """Node id → exception."""

    @property
    def holds_failures(self) -> bool:
        """Whether something in it failed."""

    def cancel(self, node_id: str = "", *, by: str = "") -> None:
        """Ask the run, or one node of it, to end."""


Begin = Callable[[Plan, str, Callable[[Event], None]], InnerRun]
"""Plan of the inner run, id of the composite node and a subscriber in, the live run out."""


class NestedRunner:
    """Runs the nodes of one run that run other nodes.

    Args:
        plan: The outer run.
        begin: Starts an inner run.
        clock: Where times come from.
    """

    name = NESTED
    enforcement = Enforcement.COOPERATIVE

    def __init__(self, plan: Plan, begin: Begin, clock: Clock) -> None:
        self._plan = plan
        self._steps = plan.steps.by_id
        self._begin = begin
        self._clock = clock

    def start(self, call: NodeCall, reporter: CallReporter) -> LiveCall:
        """Begin a call in a thread of its own: it does no more than wait."""
        inside = _Inside(self._plan, self._steps[call.node_id], reporter, self._begin, self._clock)
        made = _NestedCall(call, reporter, inside)
        threading.Thread(
            target=contextvars.copy_context().run,
            args=(made.run,),
            name=f"dagy inside {call.node_id}",
            daemon=True,
        ).start()
        return made

    def close(self) -> None:
        """Do nothing: the threads end with the inner runs, and those with the outer one."""


class _NestedCall:
    """One attempt of a composite node."""

    def __init__(self, call: NodeCall, reporter: CallReporter, inside: _Inside) -> None:
        self._reporter = reporter
        self._inside = inside
        self._body = Body(call, reporter, inside.cancel)

    def run(self) -> None:
        """Run the body; the reporter hears of start and end."""
        ROUTER.hold()
        try:
            self._reporter.started()
            with put_inside(self._inside):
                outcome = self._body.run()
            self._tell(outcome)
        finally:
            ROUTER.release()

    def stop(self) -> str:
        """End the inner run; this call is over when that is."""
        self._inside.stop()
        return "stopping"

    def abandon(self) -> None:
        """Do nothing more: the inner run was told to end, and will."""

    def _tell(self, outcome: Outcome) -> None:
        self._body.output.close()
        if outcome.cancelled:
            self._reporter.stopped(self._inside.enforcement)
        self._reporter.ended(replace(outcome, holds_failures=self._inside.holds_failures))


class _Inside:
    """Carries the inner run of one attempt through (`dagy_nb.nodes.composite.Inside`)."""

    def __init__(
        self, outer: Plan, step: Step, reporter: CallReporter, begin: Begin, clock: Clock
    ) -> None:
        assert step.inner is not None
        assert issubclass(step.node_class, CompositeNode)
        self.cancel = CancelToken()
        self.enforcement = "cancelled"
        self.holds_failures = False
        self.specs: Mapping[str, NodeSpec] = {each.node_id: each.spec for each in step.inner.steps}
        self._outer = outer
        self._node_id = step.node_id
        self._secret = step.node_class.secret_parameters()
        self._template = step.inner
        self._reporter = reporter
        self._begin = begin
        self._clock = clock
        self._lock = threading.Lock()
        self._live: InnerRun | None = None

    def run(self, expansion: Expansion) -> InnerResult:
        """Run and wait for the end.

        Raises:
            NodeCancelled: The composite node is to end.
            FlowError: `flow.no_runner`.
        """
        run_id = make_run_id(self._clock.now())
        # Beside the outer run's folder, as every run has one.
        folder = self._outer.artifacts.parent / run_id
        plan = expand_plan(self._template, expansion, run_id=run_id)
        # Some nodes hand the parameters of the outer run on.
        secret = self._outer.secret_parameters | self._secret
        plan = replace(plan, artifacts=folder, secret_parameters=secret)
        # The output of the body that waits here: it bounds what a flood of inner lines may add to its log.
        listener = current_output() or self._reporter
        watch = InnerWatch(len(plan.steps), listener, catches=expansion.catches)
        with self._lock:
            self.cancel.raise_if_requested()
            live = self._live = self._begin(plan, self._node_id, watch.hear)
        live.done.wait()
        self.enforcement = watch.enforcement
        self.cancel.raise_if_requested()
        self.holds_failures = live.holds_failures
        return _read_result(live, watch)

    def stop(self) -> None:
        """Ask the composite node and its inner run to end."""
        self.cancel.request()
        with self._lock:
            live = self._live
        if live is not None:
            live.cancel(by=self._node_id)


def expand_plan(template: Plan, expansion: Expansion, *, run_id: str) -> Plan:
    """Return the plan of an inner run with what it is given."""
    nothing: Mapping[str, Any] = {}
    if expansion.copies is None:
        steps = [
            replace(step, given=expansion.given.get(step.node_id, nothing))
            for step in template.steps
        ]
    else:
        by_id = template.steps.by_id
        steps = [
            replace(by_id[source], node_id=node_id, given=expansion.given.get(node_id, nothing))
            for node_id, source in expansion.copies.items()
        ]
    if expansion.catches:
        steps = [replace(step, error_outputs=(CAUGHT,)) for step in steps]
    return replace(template, run_id=run_id, steps=Steps(steps), max_parallel=expansion.parallel)


def _read_result(live: InnerRun, watch: InnerWatch) -> InnerResult:
    outputs: dict[str, dict[str, Any]] = {}
    for place, value in live.outputs.items():
        node_id, _, name = place.partition(".")
        outputs.setdefault(node_id, {})[name] = value
    nodes = {
        node_id: InnerNode(
            state=ended.state,
            error=ended.error,
            outputs={} if ended.error else outputs.get(node_id, {}),
        )
        for node_id, ended in watch.ended.items()
    }
    return InnerResult(
        run_id=live.run_id,
        state=live.state,
        nodes=nodes,
        error=watch.error,
        exceptions=live.exceptions,
    )
