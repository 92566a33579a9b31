"""A step in, the edited modules of which it may have run another text than is loaded here out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.engine.planning import NESTED
from dagy_nb.nodes.parts import list_edited

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Step

_HERE = frozenset({"inline", "thread", NESTED})
"""Runners in this process."""


def list_edits(step: Step) -> list[str]:
    """Return the modules of which a step may have run another text than this process has loaded."""
    edited = list_edited(step.node_class) if step.runner not in _HERE else []
    for each in step.inner.steps if step.inner is not None else ():
        edited += list_edits(each)
    return edited
