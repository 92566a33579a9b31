"""The pipe of calls in, a stop that comes while a body runs out."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self


class StopListener:
    """Calls `stop` in a thread of its own when something comes on the pipe: only a stop can come now.

    There is one only while a body with a hook `on_cancel` runs; all other bodies are not told of their end.
    """

    def __init__(self, pipe: int, stop: Callable[[], object]) -> None:
        self._pipe = pipe
        self._stop = stop
        self._wake, self._tell = os.pipe()
        self._thread = threading.Thread(target=self._listen, name="dagy stop", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.write(self._tell, b".")
        self._thread.join()
        os.close(self._wake)
        os.close(self._tell)

    def _listen(self) -> None:
        waiting = select.poll()
        for pipe in (self._pipe, self._wake):
            waiting.register(pipe, select.POLLIN)
        if any(pipe == self._pipe for pipe, _ in waiting.poll()):
            self._stop()
