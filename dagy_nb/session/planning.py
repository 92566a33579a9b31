"""A flow and the node types of now in, findings and plans out; what is as last time is not made again.

A flow is run many times between two changes of it. Flows and snapshots of the registry never change, so
whatever was found about the very same ones still holds.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from dagy_nb.checks.flow import FlowCheck
from dagy_nb.checks.secrets import hide_secrets
from dagy_nb.engine.deadline import choose_timeout
from dagy_nb.engine.plan import Plan, describe_steps
from dagy_nb.engine.planning import make_plan
from dagy_nb.flowfile.expressions import resolve_parameters
from dagy_nb.runners.forked import renew_in_forks

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping
    from pathlib import Path

    from dagy_nb.engine.keeping import Keeping
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.nodes.registry import RegistrySnapshot

MOST_FLOWS, MOST_PLANS = 8, 4


class _Known:
    """What is known of one flow: the check of it, and the plans of its last runs, by what was wished."""

    def __init__(self, flow: FlowSpec, types: RegistrySnapshot, runners: tuple[str, ...]) -> None:
        self.about = (flow, types, runners)
        self.check = FlowCheck(flow, types.specs, runners=runners)
        self.plans: dict[Hashable, Plan] = {}

    @cached_property
    def hidden(self) -> tuple[FlowSpec, frozenset[str]]:
        """The flow without secrets, and the names of its secret parameters."""
        flow, types, _ = self.about
        return hide_secrets(flow, types.specs)

    def holds(self, flow: FlowSpec, types: RegistrySnapshot, runners: tuple[str, ...]) -> bool:
        """Whether it is about these very ones; to compare what they hold would take as long as planning."""
        own_flow, own_types, own_runners = self.about
        return own_flow is flow and own_types is types and own_runners == runners


class Planner:
    """Checks and plans flows, and remembers the last few of them; any thread may use it."""

    def __init__(self) -> None:
        self.begin_anew()
        renew_in_forks(self)

    def begin_anew(self) -> None:
        """Know nothing; in a fork another thread may have held the lock."""
        self._lock = threading.Lock()
        self._known: dict[str, _Known] = {}

    def find_check(
        self, flow: FlowSpec, types: RegistrySnapshot, runners: Iterable[str]
    ) -> FlowCheck:
        """Return the check of a flow."""
        return self._find(flow, types, tuple(runners)).check

    def find_recorded(
        self, flow: FlowSpec, types: RegistrySnapshot, runners: Iterable[str]
    ) -> FlowSpec:
        """Return a flow as it is recorded, without secrets."""
        return self._find(flow, types, tuple(runners)).hidden[0]

    def plan(
        self,
        flow: FlowSpec,
        types: RegistrySnapshot,
        runners: Iterable[str],
        *,
        run_id: str,
        parameters: Mapping[str, Any],
        artifacts: Path,
        default_timeout: float | None,
        timeout: float | None,
        runner: str | None,
        keeping: Keeping,
    ) -> Plan:
        """Plan one run.

        Args:
            flow: The flow, with expressions in its configs.
            types: The node types.
            runners: Names of the runners that are here.
            run_id: The run.
            parameters: The run's parameters.
            artifacts: The run's artifact folder.
            default_timeout: Limit in seconds for nodes where nothing else names one; None means none.
            timeout: Limit in seconds of the whole run; None takes the flow's own, 0 means none.
            runner: Runner for every node, above what node and class say.
            keeping: What is taken from earlier runs and kept for later ones.

        Raises:
            FlowError: As `resolve_parameters` and `make_plan`.
            UnknownName: `unknown.node_type`.
        """
        known = self._find(flow, types, tuple(runners))
        # By their text: 1, 1.0 and True are equal, and not the same.
        wishes = (repr(parameters), default_timeout, runner)
        plan = known.plans.get(wishes)
        if plan is None:
            plan = make_plan(
                resolve_parameters(flow, parameters),
                types.classes,
                run_id="",
                parameters=parameters,
                artifacts=artifacts,
                default_timeout=default_timeout,
                runner=runner,
            )
            plan = replace(plan, nodes=describe_steps(plan))
        self._keep(known, wishes, plan)
        return replace(
            plan,
            run_id=run_id,
            parameters=dict(parameters),
            artifacts=artifacts,
            timeout=choose_timeout(timeout, flow.timeout),
            keeping=keeping,
            secret_parameters=known.hidden[1],
        )

    def _keep(self, known: _Known, wishes: Hashable, plan: Plan) -> None:
        with self._lock:
            known.plans.pop(wishes, None)
            known.plans[wishes] = plan  # the last one used stands last
            while len(known.plans) > MOST_PLANS:
                del known.plans[next(iter(known.plans))]

    def _find(self, flow: FlowSpec, types: RegistrySnapshot, runners: tuple[str, ...]) -> _Known:
        with self._lock:
            known = self._known.pop(flow.name, None)
            if known is None or not known.holds(flow, types, runners):
                known = _Known(flow, types, runners)
            self._known[flow.name] = known  # the last one used stands last
            while len(self._known) > MOST_FLOWS:
                del self._known[next(iter(self._known))]
            return known
