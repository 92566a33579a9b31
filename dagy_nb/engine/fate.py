"""How steps ended in, whether the next one starts or why not, and how the run ends out.

The rules (D11):

1. A *live* output has a value. Every other output of a step that ended is *dead*, with a reason, the ids
   of the nodes at the root of it, and the *harm* that led to it:

   | the step | reason of its dead outputs | harm |
   | --- | --- | --- |
   | COMPLETED, output left out | `branch_not_taken` | none |
   | SKIPPED because it is disabled | `disabled` | none |
   | SKIPPED for dead inputs | theirs | theirs |
   | FAILED or TIMED_OUT, caught by a connected ERROR output | `upstream_failed` | none |
   | CANCELLED | `upstream_failed` | cancelled |
   | FAILED or TIMED_OUT, not caught | `upstream_failed` | failed |
   | SKIPPED because it is up to date, output not among those kept | `branch_not_taken` | none |

   So a reused step counts as one that completed.
2. When all steps before it ended, its trigger decides whether a step starts:

   | trigger | it starts unless |
   | --- | --- |
   | `all_success` | a dead edge with harm leads into any input (with `isolate`: into a required one), or |
   | | a dead edge leads into a ONE input, or only dead edges lead into a MANY input, or |
   | | it has edges and all of them are dead |
   | `any_success` | it has edges and all of them are dead |
   | `none_failed` | a dead edge with harm leads into any input, whatever the policy |
   | `all_done` | never |

   A disabled step never starts. Inputs without a live edge are None, required ones too where the trigger
   lets the step start without them; MANY inputs take the live values. So a Merge (`all_success`, one MANY
   input) runs with whichever branch was taken, and a failed input still blocks it. A failure that is caught
   does no harm, so that `none_failed` goes past it.
3. A step that does not start is SKIPPED with the gravest reason among the edges that hindered it
   (`upstream_failed`, `disabled`, `branch_not_taken`), their causes and their harm.
4. The run's state is the worst of its sinks, the enabled steps that no enabled step waits for: FAILED where
   harm `failed` reached one, else CANCELLED where harm `cancelled` did, else COMPLETED. With `isolate`, harm
   that only led into OPTIONAL or MANY inputs goes no further, and the run completes. A run that was
   cancelled as a whole is CANCELLED, one that ran past its own limit TIMED_OUT, whatever its nodes did.

   A trigger that lets a step start in spite of harm: `any_success` makes that harm good, for one value was
   enough. `all_done` does not, as a `finally` handles no exception: the harm is carried past it, along all
   edges behind it, to the sinks. With `isolate` the sink was reached, and the run completes.
5. With `stop`, the first uncaught failure ends the rest, whatever the triggers: what depends on it is
   SKIPPED(upstream_failed), what runs is stopped, what waits is CANCELLED, and the run is FAILED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dagy_nb.engine.ending import Ending, Harm
from dagy_nb.engine.plan import Step
from dagy_nb.engine.wires import Binding
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.retry import Trigger
from dagy_nb.model.state import NodeState, Reason, RunState

_GRAVITY = (Reason.UPSTREAM_FAILED, Reason.DISABLED, Reason.BRANCH_NOT_TAKEN)
_STATES = {
    Harm.NONE: RunState.COMPLETED,
    Harm.CANCELLED: RunState.CANCELLED,
    Harm.FAILED: RunState.FAILED,
}
_NOTHING: frozenset[str] = frozenset()


def judge_inputs(step: Step, endings: Mapping[str, Ending], *, isolate: bool) -> Ending | None:
    """Return None where a step starts, else the ending it takes from its dead inputs."""
    dead = _find_dead(step.bindings, endings)
    if not dead:
        return None
    hindering = _find_hindering(step, endings, dead, isolate=isolate)
    return _merge(hindering) if hindering else None


def end_step(step: Step, state: NodeState, reason: Reason | None) -> Ending:
    """Return the ending of a step that did not complete and was not hindered by others."""
    cause = (step.node_id,)
    if reason is Reason.DISABLED:
        return Ending(_NOTHING, Reason.DISABLED, cause)
    if state is NodeState.CANCELLED:
        return Ending(_NOTHING, Reason.UPSTREAM_FAILED, cause, Harm.CANCELLED)
    if step.error_outputs:
        return Ending(frozenset(step.error_outputs), Reason.UPSTREAM_FAILED, cause)
    return Ending(_NOTHING, Reason.UPSTREAM_FAILED, cause, Harm.FAILED)


def judge_run(steps: Sequence[Step], endings: Mapping[str, Ending], *, isolate: bool) -> RunState:
    """Return the state of a run that came to its end by itself.

    Args:
        steps: All steps, producers before consumers.
        endings: How each of them ended.
        isolate: The policy is `isolate`.
    """
    harms = [endings[each.node_id].harm for each in steps if each.is_sink]
    if not isolate and any(each.trigger is Trigger.ALL_DONE for each in steps):
        carried = _carry_harm(steps, endings)
        harms += [carried[each.node_id] for each in steps if each.is_sink]
    return _STATES[max(harms, default=Harm.NONE)]


def find_roots(steps: Sequence[Step], endings: Mapping[str, Ending]) -> frozenset[str]:
    """Return the ids of the steps whose failures reached a sink."""
    reached = (endings[each.node_id] for each in steps if each.is_sink)
    return frozenset(cause for each in reached if each.harm is Harm.FAILED for cause in each.cause)


def _carry_harm(steps: Sequence[Step], endings: Mapping[str, Ending]) -> dict[str, Harm]:
    """Return for each step the harm that an `all_done` step on a way to it, or itself, went past."""
    carried: dict[str, Harm] = {}
    for step in steps:
        harms = [carried[each] for each in step.producers]
        if step.trigger is Trigger.ALL_DONE:
            harms += [each.harm for each in _find_dead(step.bindings, endings)]
        carried[step.node_id] = max(harms, default=Harm.NONE)
    return carried


def _find_hindering(
    step: Step, endings: Mapping[str, Ending], dead: list[Ending], *, isolate: bool
) -> list[Ending]:
    """Return those of the dead edges' endings for which the step's trigger does not let it start."""
    all_dead = dead if len(dead) == sum(len(each.sources) for each in step.bindings) else []
    match step.trigger:
        case Trigger.ALL_DONE:
            return []
        case Trigger.ANY_SUCCESS:
            return all_dead
        case Trigger.NONE_FAILED:
            return [each for each in dead if each.harm]
    harmful = [] if isolate else [each for each in dead if each.harm]
    return harmful or _find_missing(step.bindings, endings) or all_dead


def _find_dead(bindings: Sequence[Binding], endings: Mapping[str, Ending]) -> list[Ending]:
    return [
        endings[source.node_id]
        for binding in bindings
        for source in binding.sources
        if source.output not in endings[source.node_id].live
    ]


def _find_missing(bindings: Sequence[Binding], endings: Mapping[str, Ending]) -> list[Ending]:
    missing: list[Ending] = []
    for binding in bindings:
        dead = _find_dead((binding,), endings)
        one_is_dead = binding.cardinality is Cardinality.ONE and dead
        all_are_dead = binding.cardinality is Cardinality.MANY and len(dead) == len(binding.sources)
        if one_is_dead or all_are_dead:
            missing += dead
    return missing


def _merge(hindering: Sequence[Ending]) -> Ending:
    reason = next(each for each in _GRAVITY if any(one.reason is each for one in hindering))
    causes = [cause for each in hindering if each.reason is reason for cause in each.cause]
    harm = max(each.harm for each in hindering)
    return Ending(_NOTHING, reason, tuple(dict.fromkeys(causes)), harm)
