"""What was drawn of a flow in, kept outside the kernel, and a draft that knows of it out.

A flow that is begun anew, by its cell or by name, starts as its text says; undo leads back to what was
drawn, and nodes stay where the user put them. That holds in one kernel and from one kernel to the next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.errors import UnknownName
from dagy_nb.session.draft import Draft
from dagy_nb.session.editing import EditableFlow

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.session.session import Session


def begin_draft(session: Session, spec: FlowSpec) -> Draft:
    """Return a draft of a flow that puts away the one that is open here, else what was last drawn of it."""
    opened = session.flows.get(spec.name)
    if isinstance(opened, EditableFlow):
        return Draft(spec, instead_of=opened.draft)
    kept = session.drafts.find(spec.name)
    if kept is None:
        return Draft(spec)
    # Where they differ in nothing but secrets, undo must not lead to the masks.
    drawn = spec if session.hide_secrets(spec) == kept.flow else kept.flow
    return Draft(spec, instead_of=Draft(drawn, positions=kept.positions))


def find_newest(session: Session, name: str) -> FlowSpec:
    """Return what was last drawn of a flow, or its newest version where that was made later.

    For a notebook that runs by itself (`DAGY_STATIC`) only versions count: nobody draws there, and what
    somebody left half drawn must not run at night.

    Raises:
        UnknownName: `unknown.flow`.
    """
    kept = None if session.settings.static else session.drafts.find(name)
    try:
        version = session.store.flow_version(name)
    except UnknownName:
        if kept is None:
            raise
        return kept.flow
    is_newer = kept is not None and kept.drawn_at > version.created_at
    return kept.flow if kept is not None and is_newer else version.spec


def keep_draft(flow: EditableFlow, *, is_new: bool = True) -> None:
    """Keep what a flow looks like now for the kernels that come; secrets of its configs are left out.

    A version looked at beside the open draft is not kept, nor is an empty flow: begun anew, it would take
    the place of what its undo leads to.

    Args:
        flow: The flow.
        is_new: Whether it was changed since it was kept last; if not, only its nodes were moved, and
            what was drawn stays, here or in another kernel.

    Raises:
        StoreError: `store.draft_unwritable`.
    """
    # Late: who only defines nodes and flows draws nothing.
    from dagy_nb.store.drafts import KeptDraft

    session, draft = flow.session, flow.draft
    with draft.lock:
        spec, positions = draft.spec, draft.positions
    if not spec.nodes or session.flows.get(spec.name) is not flow:
        return
    kept = None if is_new else session.drafts.find(spec.name)
    if kept is None:
        now = session.clock.now() if is_new else 0.0
        kept = KeptDraft(flow=session.hide_secrets(spec), drawn_at=now)
    known = {node.id for each in (spec, kept.flow) for node in each.nodes}
    places = {key: at for key, at in {**kept.positions, **positions}.items() if key in known}
    session.drafts.keep(kept.model_copy(update={"positions": places}))
