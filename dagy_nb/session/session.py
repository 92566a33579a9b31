"""Settings, registry, store and runners put together: what runs flows in this process."""

from __future__ import annotations

import math
import weakref
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Submission
from dagy_nb.backends.kernel import KernelBackend
from dagy_nb.backends.registry import Backends
from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.engine.plan import Plan, require_node
from dagy_nb.engine.planning import make_plan
from dagy_nb.errors import ConfigError, FlowError
from dagy_nb.flowfile.expressions import read_parameter_values
from dagy_nb.model.event import (
    CancelRequested,
    Event,
    RunEnded,
)
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.run_id import make_run_id
from dagy_nb.session.checking import CheckedFlows
from dagy_nb.session.forecast import RunForecast, make_forecast
from dagy_nb.session.handle import RunHandle
from dagy_nb.session.lineage import refuse_repeats
from dagy_nb.session.listener import RunListener
from dagy_nb.session.routing import RunRouting
from dagy_nb.session.versions import VersionLog, pin_versions
from dagy_nb.session.watch import CancelWatch
from dagy_nb.store.drafts import DraftFiles
from dagy_nb.store.output_eviction import Limits
from dagy_nb.store.outputs import OutputFiles

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagy_nb.abc import Backend, Clock, Runner, Store
    from dagy_nb.backends.explanation import BackendExplanation
    from dagy_nb.backends.rules import Rule
    from dagy_nb.model.flow import FlowSpec, FlowVersion
    from dagy_nb.nodes.registry import Registry
    from dagy_nb.settings import Settings

GRACE = 2.0


class Session(CheckedFlows):
    """The parts that define, run and record flows in this process.

    Args:
        settings: What the user set.
        store: Where facts go.
        registry: Which node types there are.
        runners: Runner name → runner.
        clock: Where times come from.
        backends: Where whole runs go; this process only by default.
        rules: Which flows go to which backend, in order; those of `settings.rules` by default.

    Attributes:
        routing: Chooses the backend of each run.
        flows: Name → the draft that was opened last under this name.
        outputs: What is kept of nodes.
        drafts: What is kept of flows that were drawn.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        store: Store,
        registry: Registry,
        runners: Mapping[str, Runner],
        clock: Clock,
        backends: Backends | None = None,
        rules: Sequence[Rule | Mapping[str, Any]] | None = None,
    ) -> None:
        super().__init__(registry, runners)
        self.settings = settings
        self.store = store
        self.clock = clock
        backends = backends or Backends([KernelBackend()], settings)
        self.routing = RunRouting(backends, settings, store, rules=rules)
        self.flows: dict[str, object] = {}
        self.handles: weakref.WeakValueDictionary[str, RunHandle] = weakref.WeakValueDictionary()
        limits = Limits(megabytes=settings.keep_mb, days=settings.keep_days)
        self.outputs = OutputFiles(settings.home / "outputs", limits)
        self.drafts = DraftFiles(settings.home / "drafts")
        self._versions = VersionLog(store, clock)
        self._watch = CancelWatch(store)

    def start(
        self,
        flow: FlowSpec,
        parameters: Mapping[str, Any],
        *,
        timeout: float | None = None,
        runner: str | None = None,
        backend: str | None = None,
        keeping: Keeping = NOTHING,
    ) -> RunHandle:
        """Start a run and return at once.

        Raises:
            CheckFailed: The flow has errors.
            FlowError: `parameter.*` where the parameters do not fit, `flow.no_runner`,
                `flow.timeout_invalid`, `flow.repeats_side_effects`.
            UnknownName: `unknown.backend`.
            BackendError: `backend.*` where the run cannot go to its backend.
        """
        self._refuse_options(timeout, runner)
        values = read_parameter_values(flow, parameters)
        self.refuse_errors(flow)
        plan = self._plan(flow, values, timeout=timeout, runner=runner, keeping=keeping)
        refuse_repeats(plan)
        asks = keeping.reuse or keeping.resumed is not None
        chosen, explanation = self.routing.choose(flow, plan, call=backend, reuse=asks)
        recorded = self.hide_secrets(flow)
        self._versions.record(recorded, plan.steps.specs)
        return self._drive(recorded, plan, chosen, explanation)

    def forecast(
        self, flow: FlowSpec, parameters: Mapping[str, Any], keeping: Keeping
    ) -> RunForecast:
        """Return what a run of the flow would do, without running anything.

        Args:
            flow: The flow.
            parameters: Name → value.
            keeping: What the run would be asked for; `ask_keeping` makes it.

        Raises:
            CheckFailed: The flow has errors.
            FlowError: `parameter.*` where the parameters do not fit.
            StoreError: `outputs.*` where what is kept cannot be read.
        """
        values = read_parameter_values(flow, parameters)
        self.refuse_errors(flow)
        plan = self._plan(flow, values, timeout=None, runner=None, keeping=keeping)
        return make_forecast(plan, self.outputs)

    def explain_backend(
        self,
        flow: FlowSpec,
        backend: str | None = None,
        *,
        timeout: float | None = None,
        runner: str | None = None,
        reuse: bool = False,
    ) -> BackendExplanation:
        """Return where a run of the flow would go, and why.

        Raises:
            UnknownName: `unknown.node_type`.
            FlowError: The flow cannot be planned.
            SettingError: `setting.rules`.
        """
        self._refuse_options(timeout, runner)
        try:
            values = read_parameter_values(flow, {})
            plan = self._plan(flow, values, timeout=timeout, runner=runner, keeping=NOTHING)
        except (FlowError, ConfigError):
            # Parameters without a default stay expressions: then nobody knows what nodes run inside.
            plan = make_plan(
                flow,
                self.registry.snapshot().classes,
                run_id="",
                parameters={},
                artifacts=self.settings.home,
                default_timeout=self.settings.node_timeout,
                timeout=timeout,
                runner=runner,
                plans_inner=False,
            )
        return self.routing.explain(flow, plan, call=backend, reuse=reuse)

    def cancel(self, run_id: str, node_id: str = "", *, by: str = "") -> None:
        """Cancel a run of this process at once, or ask the process that runs it.

        Args:
            run_id: The run, also one inside a node; the first characters are enough where they are its alone.
            node_id: A node of it; empty for the whole run.
            by: Who asks.

        Raises:
            UnknownName: `unknown.run`, `unknown.node`.
            StoreError: The other process cannot be asked.
        """
        if self.cancel_here(run_id, node_id, by=by):
            return
        run = self.store.run(run_id)
        if run.run_id != run_id and self.cancel_here(run.run_id, node_id, by=by):
            return
        if node_id:
            require_node(run.run_id, node_id, run.nodes)
        if not run.state.is_final:
            now = self.clock.now()
            self.store.append(CancelRequested(at=now, run_id=run.run_id, node_id=node_id, by=by))

    def cancel_here(self, run_id: str, node_id: str = "", *, by: str = "") -> bool:
        """Cancel a run of this process, also one inside a node; return whether there is one.

        Raises:
            UnknownName: `unknown.node`.
        """
        handle = self.handles.get(run_id)
        if handle is not None:
            handle.cancel(node_id, by=by)
            return True
        live = [each for each in list(self.handles.values()) if not each.done]
        return any(each.cancel_inner(run_id, node_id, by=by) for each in live)

    def publish(self, flow: FlowSpec, *, author: str = "", reason: str = "") -> FlowVersion:
        """Make an immutable version of a flow; secrets of its configs are left out."""
        pinned = pin_versions(self.list_specs(flow))
        return self.store.publish_flow(
            self.hide_secrets(flow), node_versions=pinned, author=author, reason=reason
        )

    def close(self) -> None:
        """Cancel what runs, give it a moment to end and be recorded, and let go of everything."""
        self._watch.close(GRACE)
        self.routing.backends.close()
        for runner in self.runners.values():
            runner.close()
        self.outputs.close()
        self.store.close()

    def _refuse_options(self, timeout: object, runner: object) -> None:
        if timeout is not None and not _is_limit(timeout):
            raise FlowError(
                f"A run cannot have the limit {timeout!r}.",
                code="flow.timeout_invalid",
                suggestion="Give seconds above 0; 0 for no limit.",
            )
        if runner is not None and runner not in self.runners:
            raise FlowError(
                f"There is no runner {runner!r} here.",
                code="flow.no_runner",
                suggestion=suggest_names(str(runner), self.runners, what="runners"),
            )

    def _plan(
        self,
        flow: FlowSpec,
        values: Mapping[str, Any],
        *,
        timeout: float | None,
        runner: str | None,
        keeping: Keeping,
    ) -> Plan:
        run_id = make_run_id(self.clock.now())
        return self._planner.plan(
            flow,
            self.registry.snapshot(),
            self.runners,
            run_id=run_id,
            parameters=values,
            artifacts=self.settings.home / "artifacts" / run_id,
            default_timeout=self.settings.node_timeout,
            timeout=timeout,
            runner=runner,
            keeping=replace(keeping, keep_after=self.settings.keep_after),
        )

    def _drive(
        self, flow: FlowSpec, plan: Plan, backend: Backend, explanation: BackendExplanation
    ) -> RunHandle:
        listener = RunListener()
        submission = Submission(
            plan=plan,
            record=self._record,
            clock=self.clock,
            runners=self.runners,
            settings=self.settings,
            store=self.store,
            flow_hash=flow.content_hash,
            parent_run_id=self.settings.parent_run,
            backend=explanation.backend,
            backend_reason=explanation.reason,
            subscribers=(listener.hear,),
            engine={"outputs": self.outputs},
        )
        live = backend.submit(submission)
        handle = RunHandle(live, listener)
        self.handles[live.run_id] = handle
        self._watch.add(live, handle)
        return handle

    def _record(self, events: Sequence[Event]) -> None:
        # Nothing is told of a run after its end.
        self.store.append(*events, durable=isinstance(events[-1], RunEnded))


def _is_limit(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= float(value) < math.inf  # type: ignore[arg-type]
