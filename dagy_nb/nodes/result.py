"""What a node returned, as one frozen value that can be turned into a dict and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dagy_nb.errors import DagyError
from dagy_nb.model.frozen import FrozenMap, thaw
from dagy_nb.nodes.secrets import drop_secrets

RESULT_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionResult:
    """What `execute` returns where a plain mapping of outputs does not say enough.

    Attributes:
        outputs: Output connector → value. The values are the user's and are not copied.
        metadata: Plain facts about this execution, immutable.

    Example:
        >>> ExecutionResult(outputs={"report": 3}).outputs["report"]
        3
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    metadata: FrozenMap = field(default_factory=FrozenMap)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))
        object.__setattr__(self, "metadata", FrozenMap(self.metadata))

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (dict(self.outputs), self.metadata))

    def to_dict(self) -> dict[str, Any]:
        """Return a dict of this result; secrets are left out, other values stay as they are."""
        return {
            "schema_version": RESULT_VERSION,
            "outputs": drop_secrets(dict(self.outputs)),
            "metadata": thaw(self.metadata),
        }

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], *, secrets: Mapping[str, Any] | None = None
    ) -> ExecutionResult:
        """Rebuild a result from `to_dict`.

        Args:
            data: What `to_dict` gave.
            secrets: Output connector → secret, looked up again.

        Raises:
            DagyError: `node.result_version` for a newer form.
        """
        if data.get("schema_version") != RESULT_VERSION:
            raise DagyError(
                f"A result of version {data.get('schema_version')!r} cannot be read here.",
                code="node.result_version",
                suggestion="Upgrade dagy_nb.",
            )
        outputs = {**data.get("outputs", {}), **(secrets or {})}
        return cls(outputs=outputs, metadata=FrozenMap(data.get("metadata", {})))


def _rebuild(outputs: dict[str, Any], metadata: FrozenMap) -> ExecutionResult:
    return ExecutionResult(outputs=outputs, metadata=metadata)
