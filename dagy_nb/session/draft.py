"""Edits in, revisions out: the one mutable thing, a flow's draft, safe from any thread (D4, D6)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

from dagy_nb.errors import ConflictError
from dagy_nb.model.edit import (
    Batch,
    Edit,
    ReplaceFlow,
    apply_edit,
    describe_edit,
    invert_edit,
)
from dagy_nb.model.flow import FlowSpec, Position

_LOG = logging.getLogger(__name__)
MAX_UNDO = 200


class Draft:
    """A flow's current spec with its revision, its layout and its undo history.

    Subscribers are called without the lock, in the thread that changed the draft.

    Args:
        spec: The flow to begin with.
        positions: Node id → where the user put it.
        instead_of: The draft of the same flow that this one puts away; undo leads back to it.
    """

    def __init__(
        self,
        spec: FlowSpec,
        *,
        positions: Mapping[str, Position] | None = None,
        instead_of: Draft | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self._spec = spec
        self._revision = 0
        self._positions = dict(positions or {})
        self._undo: list[tuple[Edit, Edit]] = []
        self._redo: list[tuple[Edit, Edit]] = []
        self._subscribers: list[Callable[[], None]] = []
        self._put_away: FlowSpec | None = None
        if instead_of is not None:
            self._remember(instead_of)

    @property
    def lock(self) -> threading.RLock:
        """Held by whoever must see several values of one revision."""
        return self._lock

    @property
    def spec(self) -> FlowSpec:
        """The current flow."""
        return self._spec

    @property
    def revision(self) -> int:
        """Counts the changes from 0."""
        return self._revision

    @property
    def positions(self) -> Mapping[str, Position]:
        """Node id → where the user put it; nodes without one are laid out."""
        with self._lock:
            return dict(self._positions)

    @property
    def undo_label(self) -> str:
        """What `undo` would take back, or empty."""
        with self._lock:
            return describe_edit(self._undo[-1][0]) if self._undo else ""

    @property
    def redo_label(self) -> str:
        """What `redo` would do again, or empty."""
        with self._lock:
            return describe_edit(self._redo[-1][0]) if self._redo else ""

    def change(
        self,
        edits: Sequence[Edit],
        *,
        expected: int | None = None,
        positions: Mapping[str, Position] | None = None,
        check: Callable[[FlowSpec, Edit], None] | None = None,
    ) -> int:
        """Apply edits, all or none, and return the new revision.

        Args:
            edits: In order; several become one entry of the undo history, none change nothing.
            expected: The revision the caller knows.
            positions: Where new nodes go.
            check: Called before each edit with the flow it will change; raises to refuse.

        Raises:
            ConflictError: `draft.stale` where `expected` is not the current revision.
            FlowError: An edit does not fit.
        """
        with self._lock:
            self._compare(expected)
            if not edits:
                return self._revision
            spec = self._spec
            for edit in edits:
                spec = _apply_checked(spec, edit, check)
            whole = edits[0] if len(edits) == 1 else Batch(edits=tuple(edits))
            self._undo.append((whole, invert_edit(self._spec, whole)))
            del self._undo[:-MAX_UNDO]
            self._redo.clear()
            self._positions.update(positions or {})
            revision = self._become(spec)
        self._tell()
        return revision

    def undo(self) -> bool:
        """Take the last change back; return whether there was one."""
        return self._step(self._undo, self._redo, back=True)

    def redo(self) -> bool:
        """Do the last undone change again; return whether there was one."""
        return self._step(self._redo, self._undo, back=False)

    def move(self, positions: Mapping[str, Position]) -> None:
        """Put nodes elsewhere; the flow's meaning and revision stay."""
        with self._lock:
            self._positions.update(positions)

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change; return what ends that."""
        with self._lock:
            self._subscribers.append(callback)

        def unsubscribe() -> None:
            with self._lock:
                if callback in self._subscribers:
                    self._subscribers.remove(callback)

        return unsubscribe

    def _remember(self, other: Draft) -> None:
        """Let undo lead to what another draft holds, or to what that one put away while it was empty."""
        with other.lock:
            put_away = other._spec if other._spec.nodes else other._put_away
            positions = other.positions
        self._positions = {**positions, **self._positions}
        if put_away is not None and put_away != self._spec:
            self._put_away = put_away
            self._undo.append((ReplaceFlow(flow=self._spec), ReplaceFlow(flow=put_away)))

    def _compare(self, expected: int | None) -> None:
        if expected is not None and expected != self._revision:
            raise ConflictError(
                f"The flow is at revision {self._revision}, the change was made at {expected}.",
                code="draft.stale",
                suggestion="Read the flow again, then repeat the change.",
            )

    def _step(
        self, source: list[tuple[Edit, Edit]], target: list[tuple[Edit, Edit]], *, back: bool
    ) -> bool:
        with self._lock:
            if not source:
                return False
            edit, inverse = source.pop()
            target.append((edit, inverse))
            self._become(apply_edit(self._spec, inverse if back else edit))
        self._tell()
        return True

    def _become(self, spec: FlowSpec) -> int:
        self._spec = spec
        self._revision += 1
        return self._revision

    def _tell(self) -> None:
        with self._lock:
            subscribers = tuple(self._subscribers)
        for callback in subscribers:
            try:
                callback()
            except Exception:  # noqa: BLE001 - who listens must not undo or stop an edit that was made
                _LOG.exception("A subscriber of a flow failed: %r", callback)


def _apply_checked(
    spec: FlowSpec, edit: Edit, check: Callable[[FlowSpec, Edit], None] | None
) -> FlowSpec:
    if isinstance(edit, Batch):
        for each in edit.edits:
            spec = _apply_checked(spec, each, check)
        return spec
    if check is not None:
        check(spec, edit)
    return apply_edit(spec, edit)
