"""What a run needs of the place where outputs are kept: the protocol that `store.outputs` fulfils."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from dagy_nb.engine.content import Content
    from dagy_nb.model.kept import KeptInputs, KeptOutputs, KeptValue, Packed


@runtime_checkable
class OutputStore(Protocol):
    """Where outputs of nodes are kept, by the hash of all that decides them (D12).

    Every method may be called from any thread. Nothing that was not written by this store itself is ever
    unpickled. What is damaged or gone counts as not kept.
    """

    def hold(self) -> None:
        """Say that a run begins here: what it finds from now on stays until it has let go."""

    def release(self) -> None:
        """Say that the run is over."""

    def find(self, key: str) -> KeptOutputs | str | None:
        """Return what is kept under a key, whole and ready to be read.

        Returns:
            None where nothing was ever kept, or a few words on why what was kept cannot be used.
        """

    def last(self, flow: str) -> Mapping[str, KeptOutputs]:
        """Return node id → what was kept last of this flow's nodes, even where its values are gone.

        The very mapping of the last time says that nothing was kept, used or lost since then.
        """

    def recipes(self) -> Set[str]:
        """Return the recipes of everything that is kept: without one, a node's outputs cannot be."""

    def used(self, flow: str, node_id: str, key: str) -> None:
        """Hear that a node took what is kept under a key."""

    def reject(self, kept: KeptOutputs) -> None:
        """Hear that a value of what is kept cannot be read: from now on it counts as gone."""

    def pack(self, value: Any, content: Content | None) -> Packed:
        """Turn a value into bytes.

        Args:
            value: The value.
            content: Its content; None where it has no digest.

        Raises:
            StoreError: `outputs.unpicklable`, `outputs.secret`.
        """

    def put(self, kept: KeptOutputs, packed: Iterable[Packed]) -> None:
        """Keep the outputs of one node run; what was put counts as kept after `flush`.

        Raises:
            StoreError: `outputs.unwritable`, `outputs.too_large`.
        """

    def flush(self) -> None:
        """Write what was put.

        Raises:
            StoreError: `outputs.unwritable`.
        """

    def load(self, value: KeptValue) -> Any:
        """Return a kept value.

        Raises:
            StoreError: `outputs.gone`, `outputs.damaged`.
        """

    def tap(self, kept: KeptInputs, packed: Iterable[Packed]) -> None:
        """Keep the inputs of one attempt.

        Raises:
            StoreError: As `put`.
        """

    def tapped(self, run_id: str, node_id: str) -> Sequence[KeptInputs]:
        """Return the inputs that were kept of a node of a run, by attempt."""

    def veil(self, text: str) -> str:
        """Return a hash of a secret that says nothing without this store's own key."""

    def close(self) -> None:
        """Let go of everything."""
