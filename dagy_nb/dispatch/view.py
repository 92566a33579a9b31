"""A draft with its session in, pictures of this moment out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from dagy_nb.model.edit import Batch, Edit, RenameNode
from dagy_nb.model.flow import Position
from dagy_nb.protocol.draw import draw_flow, find_stale, place_nodes
from dagy_nb.protocol.palette import draw_palette
from dagy_nb.protocol.picture import FlowPicture, PalettePicture, RunPicture
from dagy_nb.protocol.status import draw_run

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.handle import RunHandle
    from dagy_nb.session.session import Session


def look_at_flow(flow: Flow, handle: RunHandle | None = None) -> FlowPicture:
    """Return the picture of a draft as it is now.

    Args:
        flow: The draft.
        handle: The run that is shown beside it; tells which nodes are stale.
    """
    draft = flow.draft
    with draft.lock:
        spec, revision, positions = draft.spec, draft.revision, draft.positions
        undo, redo = draft.undo_label, draft.redo_label
    specs = flow.session.registry.snapshot().specs
    return draw_flow(
        spec,
        specs,
        revision=revision,
        positions=positions,
        diagnostics=flow.session.check(spec),
        undo=undo,
        redo=redo,
        stale=find_stale(handle.record, specs) if handle else frozenset(),
        default_timeout=flow.session.settings.node_timeout,
    )


def look_at_draft(flow: Flow) -> tuple[FlowSpec, int]:
    """Return the flow as it is now, and its revision."""
    with flow.draft.lock:
        return flow.draft.spec, flow.draft.revision


def look_at_palette(session: Session) -> PalettePicture:
    """Return the picture of all node types that are registered now."""
    known = session.registry.snapshot()
    return draw_palette(known.specs, revision=known.revision)


def look_at_run(session: Session, handle: RunHandle) -> RunPicture:
    """Return the picture of a run as it is now."""
    return draw_run(
        handle.record,
        now=session.clock.now(),
        log_tails=handle.log_tails,
        retry_times=handle.retry_times,
    )


def pin_nodes(flow: Flow, picture: FlowPicture) -> None:
    """Keep every node where it was drawn: what the user sees does not jump at the next change."""
    known = flow.draft.positions
    new = {each.id: Position(x=each.x, y=each.y) for each in picture.nodes if each.id not in known}
    if new:
        flow.draft.move(new)


def arrange_anew(picture: FlowPicture) -> dict[str, Position]:
    """Return new places for all nodes, whatever places they have."""
    return place_nodes(picture.nodes, picture.edges, {})


def follow_renames(edits: Iterable[Edit], positions: Mapping[str, Position]) -> dict[str, Position]:
    """Return where renamed nodes stand: where they stood under their old id."""
    found: dict[str, Position] = {}
    for edit in edits:
        known = {**positions, **found}
        if isinstance(edit, RenameNode) and edit.id in known:
            found[edit.to] = known[edit.id]
        elif isinstance(edit, Batch):
            found |= follow_renames(edit.edits, known)
    return found
