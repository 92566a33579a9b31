"""What a user asks of reuse in, the words of a plan out, or a refusal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from dagy_nb.engine.keeping import Keeping, Resumed
from dagy_nb.errors import UnknownName
from dagy_nb.model.nearest import suggest_names

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec


def ask_keeping(
    flow: FlowSpec,
    *,
    reuse: bool = False,
    force: str | Iterable[str] = (),
    keep: bool = False,
    tap: bool = False,
    resumed: Resumed | None = None,
) -> Keeping:
    """Return what a run of a flow takes from earlier runs and keeps for later ones.

    Args:
        flow: The flow.
        reuse: Take outputs that are kept where everything that decides them is the same.
        force: Ids of nodes that run all the same; reuse is asked for by naming one.
        keep: Keep the outputs of every node.
        tap: Keep the inputs of every node.
        resumed: The run to go on with.

    Raises:
        UnknownName: `unknown.node` for a forced node that the flow does not have.
    """
    try:
        forced = frozenset([force] if isinstance(force, str) else force)
    except TypeError:
        forced = frozenset([str(force)])  # no names at all: refused in words below
    known = [node.id for node in flow.nodes]
    for name in sorted(forced - set(known)):
        raise UnknownName(
            f"Flow {flow.name!r} has no node {name!r} to force.",
            code="unknown.node",
            suggestion=suggest_names(name, known, what="nodes"),
        )
    asks = bool(reuse or (forced and resumed is None))
    return Keeping(reuse=asks, force=forced, keep=bool(keep), tap=bool(tap), resumed=resumed)
