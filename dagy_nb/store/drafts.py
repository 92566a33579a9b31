"""What was drawn of a flow in, the same in another kernel out: one small file per flow, the last one only.

History is the journal's. A draft is no history yet: it is what a user would lose with the kernel.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from dagy_nb.errors import StoreError
from dagy_nb.model.connector import IDENTIFIER
from dagy_nb.model.flow import FlowSpec, Position
from dagy_nb.model.frozen import FrozenModel
from dagy_nb.store.line import write_json
from dagy_nb.wholefile import write_whole

_LOG = logging.getLogger(__name__)


class KeptDraft(FrozenModel):
    """A flow as it was last drawn.

    Attributes:
        flow: The flow, without secrets.
        positions: Node id → where the user put it.
        drawn_at: When the flow itself was changed last; seconds since the epoch, UTC.
    """

    flow: FlowSpec
    positions: dict[str, Position] = {}
    drawn_at: float = 0.0


class DraftFiles:
    """The kept drafts of a folder.

    Args:
        folder: Where the files are; made when one is first kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, draft: KeptDraft) -> None:
        """Keep a draft in the place of the one before; whoever reads meanwhile sees one of the two.

        Raises:
            StoreError: `store.draft_unwritable`.
        """
        path = self._path(draft.flow.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, write_json(draft.model_dump()))
        except OSError as error:
            raise StoreError(
                f"What is drawn of flow {draft.flow.name} cannot be kept: {error.strerror or error}.",
                code="store.draft_unwritable",
                suggestion=f"Look at the rights and the free space of {self._folder}; "
                "until then it lives as long as the kernel.",
            ) from error

    def find(self, name: str) -> KeptDraft | None:
        """Return what was last drawn of a flow, or None; a file that cannot be read is put aside."""
        if not _is_name(name):
            return None  # no flow's name: it may lead anywhere
        path = self._path(name)
        try:
            text = path.read_bytes()
        except OSError:
            return None
        try:
            draft = KeptDraft.model_validate(json.loads(text))
        except (ValueError, ValidationError) as error:
            _LOG.warning("What was drawn of flow %s cannot be read: %s", name, error)
            with suppress(OSError):
                path.replace(path.with_name(f"quarantine-{path.name}"))
            return None
        # Where names differ by case only, some file systems have one file for both.
        return draft if draft.flow.name == name else None

    def names(self) -> list[str]:
        """Return the names of all flows of which a draft is kept."""
        return sorted(path.stem for path in self._folder.glob("*.json") if _is_name(path.stem))

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _is_name(text: str) -> bool:
    return IDENTIFIER.match(text) is not None
