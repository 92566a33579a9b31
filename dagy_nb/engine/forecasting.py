"""A plan and what is kept in, what a run of it would do out, without running anything (D12).

It goes the way that a run goes: the same judge decides wherever everything that enters a step is known.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from dagy_nb.engine.content import Content
from dagy_nb.engine.ending import Ending
from dagy_nb.engine.fate import judge_inputs
from dagy_nb.engine.identity import Found
from dagy_nb.engine.ingredients import NotReusable, refuse_reuse
from dagy_nb.engine.judging import Judge
from dagy_nb.engine.reasons import explain_fixed
from dagy_nb.model.connector import Cardinality, Direction
from dagy_nb.model.flow import FailurePolicy
from dagy_nb.model.forecast import Action, Forecast, NodeForecast
from dagy_nb.model.state import Reason, Why

if TYPE_CHECKING:
    from collections.abc import Set

    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.engine.plan import Plan, Step
    from dagy_nb.model.kept import KeptOutputs


def forecast_run(plan: Plan, outputs: OutputStore) -> Forecast:
    """Return what a run of a plan would do.

    A step of which it cannot be said yet is MAYBE: a step before it runs, or one that makes the very same.

    Raises:
        StoreError: What is kept cannot be read.
    """
    walk = _Walk(plan, outputs)
    nodes = {step.node_id: walk.step(step) for step in plan.steps}
    nodes.update({name: _open(nodes[name]) for name in walk.find_open()})
    return Forecast(flow=plan.flow, nodes=nodes, reuse=plan.keeping.reuse, force=plan.keeping.force)


def _open(said: NodeForecast) -> NodeForecast:
    detail = f"{said.detail}; unless one comes first which makes the same"
    return replace(said, action=Action.MAYBE, detail=detail)


class _Walk:
    """One walk over a plan, producers before consumers."""

    def __init__(self, plan: Plan, outputs: OutputStore) -> None:
        self._keeping = plan.keeping
        self._isolates = plan.failure_policy is FailurePolicy.ISOLATE
        self._judge = Judge(plan, outputs)
        self._recipes: Set[str] = outputs.recipes()
        self._kept: dict[str, KeptOutputs] = {}
        self._endings: dict[str, Ending] = {}
        self._running: dict[str, list[str]] = {}
        self._known: list[tuple[str, str]] = []
        self._unknown: list[tuple[str, str]] = []
        self._guessed: set[str] = set()
        self._overtaken: list[str] = []
        self._keys: dict[str, str] = {}
        self._forced: set[str] = set()

    def step(self, step: Step) -> NodeForecast:
        """Return what would become of one step."""
        if step.disabled:
            self._end(step, frozenset(), Reason.DISABLED)
            return self._say(step, Action.SKIP, None, "it is disabled")
        unknown = [each for each in step.producers if each not in self._endings]
        if not unknown:
            hindered = judge_inputs(step, self._endings, isolate=self._isolates)
            if hindered is not None:
                self._endings[step.node_id] = hindered
                return self._say(step, Action.SKIP, None, "its branch is not taken")
        if not self._keeping.reuse and self._keeping.resumed is None:
            return self._say(step, Action.RUN, None, "")
        return self._judge_unknown(step, unknown) if unknown else self._judge_known(step)

    def find_open(self) -> list[str]:
        """Return the steps that may take what another step of this run makes.

        Which of them comes first is not known, so this holds for those that stand before it as well. Two
        steps whose inputs are known are told apart by those; one of unknown inputs may be any other's twin.
        """
        unknown = [name for name, recipe in self._unknown if len(self._running[recipe]) > 1]
        known = [name for name, recipe in self._known if recipe in self._guessed]
        # A forced step takes from nobody, and others may take from it.
        forced = [name for key, name in self._keys.items() if key in self._forced]
        return [*unknown, *known, *forced, *self._overtaken]

    def _judge_known(self, step: Step) -> NodeForecast:
        verdict = self._judge.judge(step, self._find)
        if verdict.kept is not None:
            self._kept[step.node_id] = verdict.kept
            self._end(step, frozenset(verdict.kept.outputs), Reason.BRANCH_NOT_TAKEN)
            return NodeForecast(
                node_id=step.node_id,
                action=Action.REUSE,
                from_run=verdict.kept.run_id,
                seconds=verdict.kept.seconds,
            )
        if verdict.why is Why.FORCED and verdict.identity is not None:
            self._running.setdefault(verdict.identity.recipe, []).append(step.node_id)
            self._forced.add(verdict.identity.key)
        detail = verdict.refused.reason if verdict.refused is not None else verdict.detail
        if verdict.identity is not None and verdict.is_plain_miss:
            self._running.setdefault(verdict.identity.recipe, []).append(step.node_id)
            self._known.append((step.node_id, verdict.identity.recipe))
            twin = self._keys.setdefault(verdict.identity.key, step.node_id)
            if twin != step.node_id:
                self._overtake(twin)
                return self._say(
                    step, Action.MAYBE, verdict.why, f"as {twin}, which makes the same"
                )
        return self._say(step, Action.RUN, verdict.why, detail)

    def _overtake(self, first: str) -> None:
        # Only steps without producers surely begin in the order of the plan.
        if self._judge.identities.steps[first].producers:
            self._overtaken.append(first)

    def _judge_unknown(self, step: Step, unknown: list[str]) -> NodeForecast:
        if step.node_id in self._keeping.force:
            self._note_forced(step)
            return self._say(step, Action.RUN, Why.FORCED, "it was forced")
        refused = refuse_reuse(step)
        if refused and self._keeping.resumed is None:
            return self._say(step, self._run_unless_skipped(step), Why.NOT_REUSABLE, refused)
        try:
            fixed, recipe = self._judge.identities.fixed(step)
        except NotReusable as error:
            action = self._run_unless_skipped(step)
            return self._say(step, action, Why.NOT_REUSABLE, str(error))
        last = self._judge.last.get(step.node_id)
        reason = explain_fixed(last.ingredients if last else None, fixed)
        why, detail = reason or (Why.UPSTREAM, f"{_list(unknown)} before it")
        self._running.setdefault(recipe, []).append(step.node_id)
        self._guessed.add(recipe)
        if recipe in self._recipes or refused:
            return self._say(step, Action.MAYBE, why, detail)
        self._unknown.append((step.node_id, recipe))
        return self._say(step, self._run_unless_skipped(step), why, detail)

    def _note_forced(self, step: Step) -> None:
        with suppress(NotReusable):
            _, recipe = self._judge.identities.fixed(step)
            self._running.setdefault(recipe, []).append(step.node_id)
            self._guessed.add(recipe)

    def _run_unless_skipped(self, step: Step) -> Action:
        """Return RUN where every edge surely brings a value once its node has run."""
        by_id = self._judge.identities.steps
        for binding in step.bindings:
            for source in binding.sources:
                output = by_id[source.node_id].spec.connector(source.output, Direction.OUTPUT)
                if output is None or output.cardinality is Cardinality.OPTIONAL:
                    return Action.MAYBE
        return Action.RUN

    def _find(self, node_id: str, output: str) -> Found | None:
        kept = self._kept.get(node_id)
        value = kept.outputs.get(output) if kept is not None else None
        return None if value is None else Content(value.digest, value.files)

    def _end(self, step: Step, live: frozenset[str], reason: Reason) -> None:
        self._endings[step.node_id] = Ending(live, reason, (step.node_id,))

    def _say(self, step: Step, action: Action, why: Why | None, detail: str) -> NodeForecast:
        last = self._judge.last.get(step.node_id)
        return NodeForecast(
            node_id=step.node_id,
            action=action,
            why=why,
            detail=detail,
            seconds=last.seconds if last is not None else None,
        )


def _list(names: list[str]) -> str:
    told = ", ".join(names[:3]) + (" and more" if len(names) > 3 else "")
    return f"{told} {'runs' if len(names) == 1 else 'run'}"
