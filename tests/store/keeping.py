"""Values kept and read in one line each; light, for processes begin with it."""

from __future__ import annotations

from typing import Any

from dagy_nb.engine.content import digest_value
from dagy_nb.model.kept import Ingredients, KeptOutputs
from dagy_nb.store.outputs import OutputFiles


def keep(outputs: OutputFiles, key: str, value: Any, *, flow: str = "f", node: str = "n") -> None:
    """Keep one value under a key."""
    packed = outputs.pack(value, digest_value(value))
    kept = KeptOutputs(
        key=key,
        recipe=f"recipe of {key}",
        flow=flow,
        node_id=node,
        run_id="run",
        at=1.0,
        outputs={"y": packed.value},
        ingredients=Ingredients(version="1"),
    )
    outputs.put(kept, [packed])
    outputs.flush()


def read(outputs: OutputFiles, key: str) -> Any:
    found = outputs.find(key)
    assert isinstance(found, KeptOutputs), found
    return outputs.load(found.outputs["y"])


def big(number: int) -> bytes:
    return bytes([number]) * 1_000_000
