"""A plan, runners and a store's `append` in, a live run out: started, watched, cancelled from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from dagy_nb.engine.delivery import Delivery, Record, Subscriber
from dagy_nb.engine.loop import RunLoop
from dagy_nb.engine.nested import NestedRunner
from dagy_nb.engine.plan import Plan, describe_queued, require_step
from dagy_nb.engine.planning import NESTED
from dagy_nb.engine.signals import CancelAsked
from dagy_nb.errors import FlowError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.state import RunState

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Runner
    from dagy_nb.engine.output_store import OutputStore


class LiveRun:
    """A run that goes on by itself; every method may be called from any thread and returns at once.

    Attributes:
        plan: What is carried through.
        run_id: The run.
        done: Set when the run is over, everything is recorded and every subscriber has heard of it.
    """

    def __init__(
        self,
        plan: Plan,
        loop: RunLoop,
        delivery: Delivery,
        clock: Clock,
        inner: Mapping[str, LiveRun],
    ) -> None:
        self.plan = plan
        self.run_id = plan.run_id
        self.done: threading.Event = loop.done
        self._loop = loop
        self._delivery = delivery
        self._clock = clock
        self._inner = inner

    @property
    def state(self) -> RunState:
        """Where the run is now."""
        return self._loop.machine.state

    @property
    def outputs(self) -> Mapping[str, Any]:
        """`node.output` → value, of the nodes that completed up to now."""
        return self._loop.values.read()

    @property
    def exceptions(self) -> Mapping[str, BaseException]:
        """Node id → exception, of the nodes that failed or ran past their limit up to now."""
        return dict(self._loop.exceptions)

    @property
    def holds_failures(self) -> bool:
        """Whether a node, or what one ran inside itself, failed or was cancelled up to now."""
        return self._loop.holds_failures

    @property
    def recording_error(self) -> Exception | None:
        """Why the store did not take the last facts, or None."""
        return self._delivery.error

    def cancel(self, node_id: str = "", *, by: str = "") -> None:
        """Ask the run, or one node of it, to end; on a run that is over it does nothing.

        Args:
            node_id: The node; empty for the whole run.
            by: Who asks.

        Raises:
            UnknownName: `unknown.node`.
        """
        if node_id:
            require_step(self.plan, node_id)
        self._loop.post(CancelAsked(at=self._clock.now(), node_id=node_id, by=by))

    def cancel_inner(self, run_id: str, node_id: str = "", *, by: str = "") -> bool:
        """Ask a run inside a node of this one, at any depth, to end, or one node of it.

        Returns:
            Whether there is such a run.

        Raises:
            UnknownName: `unknown.node`.
        """
        inner = list(self._inner.values())
        found = next((each for each in inner if each.run_id == run_id), None)
        if found is None:
            return any(each.cancel_inner(run_id, node_id, by=by) for each in inner)
        found.cancel(node_id, by=by)
        return True

    def list_inner(self) -> list[str]:
        """Return the ids of the runs that go on inside nodes of this one, at every depth."""
        inner = [each for each in list(self._inner.values()) if not each.done.is_set()]
        return [run_id for each in inner for run_id in (each.run_id, *each.list_inner())]

    def wait(self, timeout: float | None = None) -> bool:
        """Wait up to `timeout` seconds for the end; return whether it came."""
        return self.done.wait(timeout)

    def subscribe(self, callback: Subscriber) -> Callable[[], None]:
        """Call `callback` with every fact from now on, in the run's thread; return what ends that."""
        return self._delivery.subscribe(callback)

    def wake(self) -> None:
        """Let the run look at its clock now: for clocks that are turned by hand."""
        self._loop.post(None)

    def __repr__(self) -> str:
        return f"<LiveRun {self.run_id} {self.state}>"


def start_run(
    plan: Plan,
    *,
    runners: Mapping[str, Runner],
    record: Record,
    clock: Clock,
    flow_hash: str = "",
    parent_run_id: str = "",
    parent_node_id: str = "",
    backend: str = "kernel",
    backend_reason: str = "",
    subscribers: Iterable[Subscriber] = (),
    outputs: OutputStore | None = None,
) -> LiveRun:
    """Start a run and return at once.

    Args:
        plan: What to run.
        runners: Runner by name; every runner that the plan names must be there.
        record: Takes facts, in order, from the run's thread; if it raises, the run goes on.
        clock: Where times come from.
        flow_hash: `content_hash` of the flow as it was written.
        parent_run_id: The notebook run, or the flow run, in which this run was started.
        parent_node_id: The node of that flow run that runs this one inside itself.
        backend: Name of the backend that carries it.
        backend_reason: Why this one.
        subscribers: Hear every fact from the first one.
        outputs: Where outputs are kept and taken again; None keeps nothing.

    Raises:
        FlowError: `flow.no_runner`.
    """
    _check_runners(plan, {*runners, NESTED})

    inner_runs: WeakValueDictionary[str, LiveRun] = WeakValueDictionary()

    def begin(inner: Plan, node_id: str, hear: Subscriber) -> LiveRun:
        live = inner_runs[inner.run_id] = start_run(
            inner,
            runners=runners,
            record=record,
            clock=clock,
            parent_run_id=plan.run_id,
            parent_node_id=node_id,
            backend=backend,
            subscribers=(hear,),
            outputs=outputs,
        )
        return live

    nested = NestedRunner(plan, begin, clock)
    delivery = Delivery(plan.run_id, record, subscribers)
    delivery.add(
        describe_queued(
            plan,
            at=clock.now(),
            flow_hash=flow_hash,
            parent_run_id=parent_run_id,
            parent_node_id=parent_node_id,
            backend=backend,
            backend_reason=backend_reason,
        )
    )
    loop = RunLoop(plan, {**runners, NESTED: nested}, delivery, clock, outputs)
    try:
        delivery.flush()
        loop.begin()
    except BaseException:  # an interrupt of the cell: nobody has got hold of the run
        loop.give_up()
        raise
    return LiveRun(plan, loop, delivery, clock, inner_runs)


def _check_runners(plan: Plan, runners: Collection[str]) -> None:
    missing = plan.steps.runners.difference(runners)
    for step in plan.steps.enabled if missing else ():
        if step.runner in missing:
            raise FlowError(
                f"Node {step.node_id!r} asks for the runner {step.runner!r}, which is not here.",
                code="flow.no_runner",
                suggestion=suggest_names(
                    step.runner, sorted({*runners} - {NESTED}), what="runners"
                ),
            )
