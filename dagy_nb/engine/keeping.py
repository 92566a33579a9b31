"""What a run takes from earlier runs and keeps for later ones: frozen words of a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dagy_nb.model.frozen import FrozenMap


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """The run that this one goes on with.

    Attributes:
        run_id: That run.
        lineage: It, and all other runs that go on with the same first one.
        finished: Id of each node that completed in one of them → that run.
        begun: Id of each other node that began in one of them → that run.
    """

    run_id: str
    lineage: tuple[str, ...]
    finished: Mapping[str, str] = FrozenMap()
    begun: Mapping[str, str] = FrozenMap()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What was asked for.

    Attributes:
        reuse: Take outputs that are kept where everything that decides them is the same.
        force: Ids of nodes that run whatever is kept.
        keep: Keep the outputs of every node.
        tap: Keep the inputs of every node.
        keep_after: Unasked, keep the outputs of nodes that took as many seconds; None keeps none.
        resumed: The run that this one goes on with, or None.
    """

    reuse: bool = False
    force: frozenset[str] = frozenset()
    keep: bool = False
    tap: bool = False
    keep_after: float | None = None
    resumed: Resumed | None = None

    @property
    def keeps_all(self) -> bool:
        """Whether the outputs of every node are kept."""
        return self.reuse or self.keep or self.resumed is not None

    @property
    def is_asked(self) -> bool:
        """Whether contents are looked at before a node starts, so that nothing can change under them."""
        return self.keeps_all or self.tap


NOTHING = Keeping()
