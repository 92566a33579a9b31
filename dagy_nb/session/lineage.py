"""A run that did not complete in, what a new run takes from it out, or why it cannot be gone on with.

What a node did to the world in any run that goes on with the same one must not happen again, so all of them
count: the runs before this one, and those that went on with them, this one among them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.keeping import Resumed
from dagy_nb.engine.planning import refuse_repeating
from dagy_nb.errors import FlowError, UnknownName
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.model.state import NodeState, Reason, RunKind, RunState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from dagy_nb.abc import Store
    from dagy_nb.engine.plan import Plan
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.model.record import NodeRunRecord, RunRecord

MAX_LINEAGE = 100
PAGE = 1000
_INSTEAD = "flow.run(reuse=True) takes what is kept of any run."


def describe_resumed(store: Store, run: RunRecord, flow: str) -> Resumed:
    """Return what a new run of a flow takes from a run that did not complete.

    Raises:
        FlowError: `flow.not_resumable`.
    """
    if run.flow != flow:
        raise _tell(run, f"it is a run of the flow {run.flow!r}, not of {flow!r}", _INSTEAD)
    refuse_run(run)
    family = [store.run(each) for each in _list_family(store, run)]
    for each in family:
        if not each.state.is_final:
            raise _tell(run, f"run {each.run_id} goes on with it", "Wait for that, or cancel it.")
    finished, begun = {}, {}
    for each in (*reversed(family), run):
        for name, node in each.nodes.items():
            if _is_done(node):
                finished[name] = each.run_id
            elif node.started_at is not None:
                begun[name] = each.run_id
    return Resumed(
        run_id=run.run_id,
        lineage=tuple(dict.fromkeys((run.run_id, *(each.run_id for each in family)))),
        finished=FrozenMap(finished),
        begun=FrozenMap({name: begun[name] for name in begun.keys() - finished.keys()}),
    )


def refuse_repeats(plan: Plan) -> None:
    """Raise where a resumed run would repeat what must not be repeated unasked, and may be half done.

    Raises:
        FlowError: `flow.repeats_side_effects`.
    """
    resumed = plan.keeping.resumed
    if resumed is None:
        return
    begun = resumed.begun.keys() - plan.keeping.force
    half = {
        step.node_id: why
        for step in plan.steps
        if step.node_id in begun
        and not step.disabled
        and (why := refuse_repeating(step.spec, step.inner))
    }
    if half:
        raise _tell_half_done(resumed, half)


def refuse_run(run: RunRecord) -> None:
    """Raise where no new run can go on with a run.

    Raises:
        FlowError: `flow.not_resumable`.
    """
    if run.kind is not RunKind.FLOW:
        raise _tell(run, "it is the run of a notebook", "Resume a run of a flow in it.")
    if run.parent_node_id:
        inside = f"it ran inside the node {run.parent_node_id} of run {run.parent_run_id}"
        raise _tell(run, inside, f"Resume run {run.parent_run_id}.")
    if not run.state.is_final:
        raise _tell(run, "it goes on", "Wait for it, or cancel it.")
    if run.state is RunState.COMPLETED:
        raise _tell(run, "it completed", _INSTEAD)


def merge_parameters(
    flow: FlowSpec, run: RunRecord, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the values of a run that goes on with another: given ones over recorded ones.

    Raises:
        FlowError: `parameter.missing` for one that came to the flow since then.
    """
    declared = {each.name: each for each in flow.parameters}
    values = {name: value for name, value in run.parameters.items() if name in declared}
    values.update(parameters)
    for name, each in declared.items():
        if name not in values and not each.has_default:
            raise FlowError(
                f"Run {run.run_id} has no value for the parameter {name!r}, which has no default.",
                code="parameter.missing",
                suggestion=f"Give it: flow.resume({run.run_id!r}, {name}=…), "
                f"or %flow resume {run.run_id} -p {name}=…",
            )
    return values


def _is_done(node: NodeRunRecord) -> bool:
    return node.state is NodeState.COMPLETED or node.reason is Reason.UP_TO_DATE


def _tell_half_done(resumed: Resumed, half: Mapping[str, str]) -> FlowError:
    name, *others = half
    more = f" The same holds for {', '.join(others)}." if others else ""
    menus = "their menus" if others else "its menu"
    forced = " ".join(f"--force {each}" for each in half)
    return FlowError(
        f"{name} began in run {resumed.begun[name]} and did not complete, so it may be half done: "
        f"{half[name]}.{more}",
        code="flow.repeats_side_effects",
        suggestion=f"To let it happen once more, force {' and '.join(half)} (in the editor: {menus}) and "
        f"resume again: flow.resume({resumed.run_id!r}, force={tuple(half)!r}), or "
        f"%flow resume {resumed.run_id} {forced}",
    )


def _tell(run: RunRecord, why: str, suggestion: str) -> FlowError:
    return FlowError(
        f"Run {run.run_id} cannot be resumed: {why}.",
        code="flow.not_resumable",
        suggestion=suggestion,
    )


def _list_family(store: Store, run: RunRecord) -> list[str]:
    """Return the runs that go on with the same first one as this run, newest first."""
    first = run
    for _ in range(MAX_LINEAGE):
        if not first.resumed_from:
            break
        try:
            first = store.run(first.resumed_from)
        except UnknownName:
            break
    after = list(_walk_since(store, first))
    family = {first.run_id}
    for each in reversed(after):
        if each.resumed_from in family:
            family.add(each.run_id)
    return [each.run_id for each in after if each.run_id in family][:MAX_LINEAGE]


def _walk_since(store: Store, first: RunRecord) -> Iterator[RunRecord]:
    """Yield the runs of a flow from now back to one of them."""
    cursor: str | None = ""
    while cursor is not None:
        page = store.runs(flow=first.flow, limit=PAGE, cursor=cursor or None)
        for each in page.runs:
            yield each
            if each.run_id == first.run_id:
                return
        cursor = page.next_cursor
