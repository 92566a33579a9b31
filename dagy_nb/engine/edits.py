"""A step in, the edited modules of which it may have run another text than is loaded here out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.nodes.parts import list_edited

if TYPE_CHECKING:
    from dagy_nb.engine.plan import Step

_HERE = frozenset({"inline", "thread"})
"""Runners in this process."""


def list_edits(step: Step, *, is_far: bool = False) -> list[str]:
    """Return the modules of which a step may have run another text than this process has loaded.

    Args:
        step: The step.
        is_far: It runs inside a node that runs in another process.
    """
    is_far = is_far or step.runner not in _HERE
    edited = list_edited(step.node_class) if is_far else []
    for each in step.inner.steps if step.inner is not None else ():
        edited += list_edits(each, is_far=is_far)
    return edited
