"""Outputs of nodes in, the same ones out again in any later process: content-addressed, signed, bounded.

```text
.dagy/outputs/
  index.sqlite     what is kept of which node run, by key
  values/ab/…      larger values, one file each, named by their content
  key              signs all of it; readable by its owner only
  leases/          one file for each process with a run that goes on
```
"""

from __future__ import annotations

import base64
import logging
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import StoreError
from dagy_nb.store.output_blobs import Blobs
from dagy_nb.store.output_eviction import DAY, Limits, evict
from dagy_nb.store.output_index import OutputIndex
from dagy_nb.store.output_lease import Lease
from dagy_nb.store.output_packing import pack_value, unpack_value
from dagy_nb.store.signing import Signer

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set
    from pathlib import Path

    from dagy_nb.engine.content import Content
    from dagy_nb.model.kept import KeptInputs, KeptOutputs, KeptValue, Packed

MAX_INLINE = 2_048
MAX_SHARE = 0.5
EVICT_AFTER = 0.05
MAX_FRESH = 600.0
"""Seconds for which it is not noted again that an entry was used; never more than 1 % of its days."""
MAX_AGE = 0.1
"""After which part of them it is looked anew who was used."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Last:
    """What was read of a flow last: it is read again only where it may have changed."""

    flow: str
    version: object
    at: float
    kept: Mapping[str, KeptOutputs]

    def is_of(self, flow: str, version: object, since: float) -> bool:
        return self.flow == flow and self.version == version and self.at > since


class OutputFiles:
    """The kept outputs of a folder; any thread may use it, several processes at once.

    Args:
        folder: Where everything is; made by the first value.
        limits: How much is kept.
    """

    _outputs: list[KeptOutputs]
    _inputs: list[KeptInputs]
    _used: list[tuple[str, str, str]]
    _known: dict[str, tuple[KeptOutputs, bool]]
    _fresh: dict[tuple[str, str], str]
    _last: _Last | None
    _written: int

    def __init__(self, folder: Path, limits: Limits | None = None) -> None:
        self.folder = folder
        self.limits = limits or Limits()
        self._signer = Signer(folder / "key")
        self._blobs = Blobs(folder / "values", self._signer)
        self._index = OutputIndex(folder / "index.sqlite", self._signer)
        self._begin()

    def hold(self) -> None:
        """Say that a run begins here; see `dagy_nb.engine.output_store.OutputStore.hold`."""
        self._check_process()
        self._signer.refresh()
        self._index.refresh()
        self._lease.hold()

    def release(self) -> None:
        """Say that the run is over; where much was written since, evict what is too much."""
        self._check_process()
        try:
            self.flush()
            if self._written > self.limits.megabytes * 1e6 * EVICT_AFTER:
                self._written = 0
                self.evict()
        finally:
            self._lease.release()

    def find(self, key: str) -> KeptOutputs | str | None:
        """Return what is kept under a key; see `dagy_nb.engine.output_store.OutputStore.find`."""
        found = self._known.get(key)
        if found is None:
            self._check_process()
            found = self._index.find(key)
        if found is None:
            return None
        kept, is_gone = found
        problem = "its kept outputs are gone" if is_gone else self._check(kept)
        return problem or kept

    def last(self, flow: str) -> Mapping[str, KeptOutputs]:
        """Return what was kept last of each node of a flow."""
        self._check_process()
        self._index.refresh()
        self.flush()
        now = time.time()
        patience = min(MAX_FRESH, self.limits.days * DAY / 100)
        version = self._index.version()
        last = self._last
        if last is not None and last.is_of(flow, version, now - patience * MAX_AGE):
            return last.kept
        found = list(self._index.last(flow))
        kept = {node_id: each for node_id, each, _, _ in found}
        with self._lock:
            self._known = {each.key: (each, is_gone) for _, each, is_gone, _ in found}
            self._fresh = {
                (flow, node_id): each.key
                for node_id, each, _, used_at in found
                if used_at > now - patience
            }
            self._last = _Last(flow, version, now, kept)
        return kept

    def recipes(self) -> Set[str]:
        """Return the recipes of everything that is kept."""
        self._check_process()
        self._index.refresh()
        self.flush()
        return self._index.recipes()

    def used(self, flow: str, node_id: str, key: str) -> None:
        """Hear that a node took what is kept under a key."""
        if self._fresh.get((flow, node_id)) == key:
            return
        with self._lock:
            self._fresh.pop((flow, node_id), None)
            self._used.append((flow, node_id, key))

    def reject(self, kept: KeptOutputs) -> None:
        """Hear that a value of an entry cannot be read: nobody is to take it again."""
        with self._lock:
            self._known.pop(kept.key, None)
        with suppress(StoreError):
            self._index.mark_gone(kept.key)

    def pack(self, value: Any, content: Content | None) -> Packed:
        """Turn a value into bytes; see `dagy_nb.engine.output_store.OutputStore.pack`."""
        packed = pack_value(value, content)
        if packed.data is None or len(packed.data) > MAX_INLINE:
            return packed
        text = base64.b85encode(packed.data).decode("ascii")
        return replace(packed, value=replace(packed.value, inline=text), data=None)

    def put(self, kept: KeptOutputs, packed: Iterable[Packed]) -> None:
        """Keep the outputs of one node run; see `dagy_nb.engine.output_store.OutputStore.put`."""
        self._check_process()
        stamps = {each.value.blob: self._write(each) for each in packed}
        outputs = {
            name: replace(value, stamp=stamps.get(value.blob, 0)) if not value.inline else value
            for name, value in kept.outputs.items()
        }
        with self._lock:
            self._fresh.pop((kept.flow, kept.node_id), None)
            self._outputs.append(replace(kept, outputs=outputs))

    def tap(self, kept: KeptInputs, packed: Iterable[Packed]) -> None:
        """Keep the inputs of one attempt; see `dagy_nb.engine.output_store.OutputStore.tap`."""
        self._check_process()
        for each in packed:
            self._write(each)
        with self._lock:
            self._inputs.append(kept)

    def flush(self) -> None:
        """Write what was put."""
        self._check_process()
        with self._lock:
            outputs, self._outputs = self._outputs, []
            inputs, self._inputs = self._inputs, []
            used, self._used = self._used, []
        if outputs or inputs or used:
            self._index.write(outputs, inputs, used)

    def load(self, value: KeptValue) -> Any:
        """Return a kept value; see `dagy_nb.engine.output_store.OutputStore.load`."""
        data = base64.b85decode(value.inline) if value.inline else self._blobs.read(value)
        try:
            return unpack_value(value.form, data)
        except Exception as error:
            raise StoreError(
                f"A kept value cannot be read here: {type(error).__name__}: {error}",
                code="outputs.damaged",
                suggestion="Run the flow again: the node will run.",
            ) from error

    def tapped(self, run_id: str, node_id: str) -> Sequence[KeptInputs]:
        """Return the inputs that were kept of a node of a run."""
        self._check_process()
        self.flush()
        return self._index.tapped(run_id, node_id)

    def veil(self, text: str) -> str:
        """Return a hash of a secret that says nothing without this store's own key."""
        return self._signer.sign("veil", text)[:32]

    def evict(self) -> Sequence[str]:
        """Remove what is too much or too old; return the names of the values removed.

        Raises:
            StoreError: The index cannot be written.
        """
        removed = evict(self._blobs, self._index, self._lease, self.limits)
        with self._lock:
            self._known, self._fresh, self._last = {}, {}, None
        return removed

    def close(self) -> None:
        """Write what is left and let go of everything."""
        with suppress(StoreError):
            self.flush()
        self._index.close()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._lease = Lease(self.folder / "leases")
        self._known, self._fresh, self._last = {}, {}, None
        self._outputs, self._inputs, self._used = [], [], []
        self._written = 0

    def _check_process(self) -> None:
        if self._process != os.getpid():  # a forked child: what the parent has open is the parent's
            self._index.reset()
            self._begin()

    def _check(self, kept: KeptOutputs) -> str:
        """Return why the values of an entry cannot be read, or an empty text."""
        for value in kept.outputs.values():
            problem = "" if value.inline else self._blobs.find(value)
            if problem:
                self.reject(kept)
                return problem
        return ""

    def _write(self, packed: Packed) -> int:
        value, data = packed.value, packed.data
        if data is None:
            return 0
        if len(data) > self.limits.megabytes * 1e6 * MAX_SHARE:
            raise StoreError(
                f"A value of {len(data) / 1e6:,.0f} MB is too large to be kept: more than half of the "
                f"{self.limits.megabytes:,.0f} MB for all of them.",
                code="outputs.too_large",
                suggestion="Give more room with DAGY_KEEP_MB.",
            )
        try:
            stamp = self._blobs.write(value, data)
        except OSError as error:
            raise StoreError(
                f"A value cannot be kept: {error}.",
                code="outputs.unwritable",
                suggestion=f"Look at the rights and the free space of {self.folder}.",
            ) from error
        self._written += len(data)
        return stamp
