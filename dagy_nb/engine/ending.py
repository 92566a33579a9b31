"""How a step ended, as the steps behind it see it: the word that `dagy_nb.engine.fate` judges by."""

from __future__ import annotations

from enum import IntEnum

from dagy_nb.engine.word import word
from dagy_nb.model.state import Reason


class Harm(IntEnum):
    """What led to a dead output, the worst last."""

    NONE = 0
    CANCELLED = 1
    FAILED = 2


@word()
class Ending:
    """How a step ended, as the steps behind it see it.

    Attributes:
        live: Outputs with a value.
        reason: Why the other outputs are dead.
        cause: Ids of the nodes at the root of it.
        harm: How bad that is.
    """

    live: frozenset[str]
    reason: Reason
    cause: tuple[str, ...]
    harm: Harm = Harm.NONE


def end_well(node_id: str, live: frozenset[str]) -> Ending:
    """Return the ending of a step that completed, or whose kept outputs were taken."""
    return Ending(live, _NOT_TAKEN, (node_id,))


_NOT_TAKEN = Reason.BRANCH_NOT_TAKEN
