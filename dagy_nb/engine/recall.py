"""What was reused in the last run of some steps in, the same without a new look out, where it still holds.

A key is the hash of a recipe and of all that enters a step. Where the recipe is the same, and everything that
enters is the very object that entered the last time, so is the key: it need not be made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import TYPE_CHECKING

from dagy_nb.engine.word import word

if TYPE_CHECKING:
    from dagy_nb.engine.content import Content
    from dagy_nb.engine.signals import Reused
    from dagy_nb.model.kept import KeptOutputs


@word(kw_only=True)
class Recalled:
    """A step that was reused.

    Attributes:
        recipe: The hash of what decides its outputs apart from what enters it.
        entered: The contents of the outputs of each of its producers.
        kept: What took its place.
        contents: The contents of its own outputs.
        told: What the machine heard of it.
        seen: What `OutputStore.last` returned when it was last looked for, where all its values lie in the
            index; while that returns the very same, it is there.
    """

    recipe: str
    entered: Sequence[object]
    kept: KeptOutputs
    contents: Mapping[str, Content]
    told: Reused
    seen: object = None

    def fits(self, recipe: str, entered: Iterable[object]) -> bool:
        """Say whether the step is the same now, given its recipe and what enters it."""
        return recipe == self.recipe and all(map(is_, entered, self.entered))


class Recall(dict[str, Recalled]):
    """Node id → how it was reused in the last run of the very same steps; it does not travel with them."""

    def __reduce__(self) -> tuple[type[Recall], tuple[()]]:
        return Recall, ()
