"""The id of a run that did not complete in, a new run that goes on with it out (D12)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import UnknownName
from dagy_nb.session.current import current_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.lineage import refuse_run

if TYPE_CHECKING:
    from dagy_nb.model.record import RunRecord
    from dagy_nb.session.handle import RunHandle
    from dagy_nb.session.session import Session


def resume(
    run_id: str,
    /,
    *,
    force: str | Iterable[str] = (),
    session: Session | None = None,
    **parameters: Any,
) -> RunHandle:
    """Go on with a run that failed, was cancelled, ran past its limit, or whose process is gone.

    It runs with its parameters, but for those that are given here, and with the flow that is open under its
    name, so a cell that was mended counts; where none is open, with the version that is recorded. Nodes that
    completed there are not run again if all that decides their outputs is as it was and these were kept: of
    runs with `keep` or `reuse` those of all nodes are, of others those of nodes that took long. A node with
    side effects is never run again by itself: where its outputs of then cannot be taken, it fails and says
    so, unless it is forced. Nor is one with side effects, or that is not safe to retry, that began and did
    not complete: it may be half done, so the run does not start unless that node is forced. The same holds
    for what happened in other runs that went on with this one, or that this one went on with.

    Args:
        run_id: That run; the first characters are enough where they are its alone.
        force: Ids of nodes that run again although they completed, or may be half done.
        session: Where the run is recorded, and the new one will be; the current one by default.
        **parameters: Values of the flow's parameters, over those of that run.

    Raises:
        UnknownName: `unknown.run`, `unknown.flow_version`, `unknown.node`.
        FlowError: `flow.not_resumable`, `flow.repeats_side_effects`, and whatever keeps the flow from
            running.

    Example:
        >>> run = dagy_nb.resume("20261122-0612").wait()  # doctest: +SKIP
        >>> run = dagy_nb.resume("20261122-0612", month=3).wait()  # doctest: +SKIP
    """
    flow = find_resumed(run_id, session=session)
    return flow.go_on(run_id, parameters, force=force)


def find_resumed(run_id: str, *, session: Session | None = None) -> Flow:
    """Return the flow that goes on with a run: what is open under its name, else the recorded version.

    Args:
        run_id: That run.
        session: Where it is recorded; the current one by default.

    Raises:
        UnknownName: `unknown.run`, `unknown.flow_version`.
        FlowError: `flow.not_resumable`.
    """
    session = session or current_session()
    run = session.store.run(str(run_id))
    refuse_run(run)
    return _find_draft(session, run)


def _find_draft(session: Session, run: RunRecord) -> Flow:
    opened = session.flows.get(run.flow)
    if isinstance(opened, Flow):
        return opened
    for version in session.store.flow_versions(run.flow) if run.flow else ():
        if version.content_hash == run.flow_hash:
            return Flow.from_spec(version.spec, session=session)
    raise UnknownName(
        f"The version of flow {run.flow!r} that run {run.run_id} ran is not recorded.",
        code="unknown.flow_version",
        suggestion="Open the flow first, by running its cell.",
    )
