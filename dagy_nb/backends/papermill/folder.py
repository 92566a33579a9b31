"""A run's artifacts folder in, the files through which two processes carry a run out.

| file | holds | from |
| --- | --- | --- |
| `run.ipynb` | the notebook whose one cell carries the run on | here |
| `run-executed.ipynb` | the same with its output | papermill |
| `plan.pickle` | the packed run | here |
| `requests` | what was asked to cancel, one line each | here |
| `facts` | what happens, as it happens | there |
| `harvest.pickle` | outputs and exceptions, at the end | there |

Only the notebooks stay when the run is over: configs and outputs may be secret.
"""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from dagy_nb.backends.cargo import CancelRequest, CarriedRun, Harvest, unpack_run
from dagy_nb.errors import BackendError
from dagy_nb.model.event import Event
from dagy_nb.runners.worker.codec import Buffer

_SIZE = struct.Struct("<Q")


class RunFolder:
    """The files of one run; each side writes its own and reads the other's."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.notebook = path / "run.ipynb"
        self.executed = path / "run-executed.ipynb"
        self._plan = path / "plan.pickle"
        self._requests = path / "requests"
        self._facts = path / "facts"
        self._harvest = path / "harvest.pickle"
        self._read = 0
        self._taken = 0

    # --- here -------------------------------------------------------------------------------------

    def make(self, plan: list[Buffer], path: Sequence[str]) -> None:
        """Make the folder with the packed run in it; only this user may look.

        Args:
            plan: The packed run.
            path: Where its modules are found (`sys.path`).

        Raises:
            OSError: The folder cannot be written.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        _write(self._plan, (list(path), [bytes(each) for each in plan]))
        for each in (self._requests, self._facts):
            each.touch(mode=0o600)

    def ask(self, node_id: str, by: str, run_id: str = "") -> None:
        """Ask to cancel; `run_id` names a run inside a node."""
        with self._requests.open("a", encoding="utf-8") as file:
            file.write(json.dumps([node_id, by, run_id]) + "\n")

    def read_facts(self) -> Iterator[tuple[Event, ...]]:
        """Yield the facts that came since the last time."""
        if self._facts.stat().st_size <= self._read:
            return
        with self._facts.open("rb") as file:
            file.seek(self._read)
            while len(head := file.read(_SIZE.size)) == _SIZE.size:
                (size,) = _SIZE.unpack(head)
                body = file.read(size)
                if len(body) < size:
                    return
                self._read += _SIZE.size + size
                yield pickle.loads(body)  # noqa: S301 - written by our own far side

    def read_harvest(self) -> Harvest | None:
        """Return what the far side brought in, or None where it did not come to that."""
        try:
            with self._harvest.open("rb") as file:
                outputs, exceptions = pickle.load(file)  # noqa: S301 - as above
        except (OSError, EOFError, pickle.UnpicklingError):
            return None
        return Harvest(outputs, exceptions)

    def clear(self) -> None:
        """Remove what only the two processes needed."""
        for each in (self._plan, self._requests, self._facts, self._harvest):
            with suppress(OSError):
                each.unlink()

    # --- there ------------------------------------------------------------------------------------

    def read_run(self) -> CarriedRun:
        """Return the run, after modules can be found where its sender finds them.

        Raises:
            BackendError: `backend.run_over`.
        """
        try:
            with self._plan.open("rb") as file:
                path, buffers = pickle.load(file)  # noqa: S301 - written by our own near side
        except FileNotFoundError:
            raise BackendError(
                "The run that this notebook carried on is over.",
                code="backend.run_over",
                suggestion="Run its flow again.",
            ) from None
        sys.path += [each for each in path if each not in sys.path]
        return unpack_run(buffers)

    def take_requests(self) -> list[CancelRequest]:
        """Return what was asked since the last time."""
        try:
            with self._requests.open("rb") as file:
                file.seek(self._taken)
                text = file.read()
        except OSError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self._taken += len(whole)
        return [CancelRequest(*each) for each in map(json.loads, whole.splitlines())]

    def add_facts(self, file: Any, events: tuple[Event, ...]) -> None:
        """Append facts to the open file of them, in one go."""
        body = pickle.dumps(events, protocol=5)
        file.write(_SIZE.pack(len(body)) + body)

    def open_facts(self) -> Any:
        """Return the file of facts, open for appending without a buffer."""
        return self._facts.open("ab", buffering=0)

    def write_harvest(self, harvest: Harvest) -> None:
        """Leave what was brought in."""
        packed = [
            {name: [bytes(each) for each in buffers] for name, buffers in values.items()}
            for values in (harvest.outputs, harvest.exceptions)
        ]
        _write(self._harvest, packed)


def _write(path: Path, value: Any) -> None:
    """Write a file that is there wholly or not at all, for this user only."""
    half = path.with_suffix(".part")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        pickle.dump(value, file, protocol=5)
    half.replace(path)
