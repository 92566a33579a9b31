"""Kept outputs of a node in, a mapping of its values out that reads each one when it is first asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import StoreError
from dagy_nb.model.connector import Direction
from dagy_nb.nodes.values import check_value

if TYPE_CHECKING:
    from dagy_nb.engine.output_store import OutputStore
    from dagy_nb.model.kept import KeptOutputs
    from dagy_nb.model.spec import NodeSpec

_UNREAD = object()


class KeptValues(Mapping[str, Any]):
    """The outputs of a reused node; each is checked against its connector when it is read (D10).

    Args:
        kept: What is kept.
        outputs: Where.
        spec: What the node's type is now.
    """

    __slots__ = ("_kept", "_outputs", "_spec", "_values")

    def __init__(self, kept: KeptOutputs, outputs: OutputStore, spec: NodeSpec) -> None:
        self._kept = kept
        self._outputs = outputs
        self._spec = spec
        self._values: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        # Two threads that ask at once may both read; they get the same one.
        value = self._values.get(name, _UNREAD)
        return self._values.setdefault(name, self._load(name)) if value is _UNREAD else value

    def __iter__(self) -> Iterator[str]:
        return iter(self._kept.outputs)

    def __len__(self) -> int:
        return len(self._kept.outputs)

    def __contains__(self, name: object) -> bool:
        return name in self._kept.outputs

    def forget(self) -> None:
        """Let go of what was read; it is read again when it is asked for again."""
        self._values.clear()

    @property
    def loaded(self) -> Mapping[str, Any]:
        """The values that were read already."""
        return dict(self._values)

    def __repr__(self) -> str:
        return f"<kept outputs of {self._kept.node_id}: {', '.join(self._kept.outputs) or 'none'}>"

    def _load(self, name: str) -> Any:
        try:
            return self._read(name)
        except StoreError:
            self._outputs.reject(self._kept)
            raise

    def _read(self, name: str) -> Any:
        value = self._outputs.load(self._kept.outputs[name])
        connector = self._spec.connector(name, Direction.OUTPUT)
        why_not = check_value(value, connector.data_types) if connector is not None else None
        if why_not is not None:
            raise StoreError(
                f"The kept output {self._kept.node_id}.{name} does not fit: {why_not}",
                code="outputs.damaged",
                suggestion="Run the flow again: the node will run.",
            )
        return value
