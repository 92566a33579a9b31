"""Work on kept values in, done one after the other in a thread of its own out; it cannot harm the run."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from dagy_nb.errors import DagyError

if TYPE_CHECKING:
    from dagy_nb.engine.output_store import OutputStore

_LOG = logging.getLogger(__name__)
PATIENCE = 30.0
HURRIED_PATIENCE = 1.0
PAUSE = 0.05


class Keeper:
    """Writes what a run keeps, behind its back; its thread is there while there is something to do.

    Args:
        run_id: The run.
        outputs: Where it is kept.
    """

    def __init__(self, run_id: str, outputs: OutputStore) -> None:
        self._has_warned = False
        self._run_id = run_id
        self._outputs = outputs
        self._changed = threading.Condition()
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_running = False
        self._is_closing = False

    def add(self, act: Callable[[], None]) -> None:
        """Do something later; what goes wrong in it is warned of once."""
        with self._changed:
            self._waiting.append(act)
            if self._is_running:
                self._changed.notify_all()
                return
            self._is_running = True
        name = f"dagy keep {self._run_id}"
        threading.Thread(target=self._work, name=name, daemon=True).start()

    def wait(self, patience: float = PATIENCE) -> bool:
        """Wait until all is done, `patience` seconds at the most; say whether it is. The last call."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: not self._is_running, patience)

    def warn(self, error: Exception) -> None:
        """Tell once that something cannot be kept."""
        if not self._has_warned:
            self._has_warned = True
            _LOG.warning("Run %s goes on, but not all of it is kept: %s", self._run_id, error)

    def _work(self) -> None:
        while True:
            while self._waiting:
                self._do(self._waiting.popleft())
            # At once: what is not written is lost when this process is killed.
            self._do(self._outputs.flush)
            with self._changed:
                # A new thread for each bit of work would cost more than a short wait for the next.
                self._changed.wait_for(lambda: self._waiting or self._is_closing, PAUSE)
                if not self._waiting:
                    self._is_running = False
                    self._changed.notify_all()
                    return

    def _do(self, act: Callable[[], None]) -> None:
        try:
            act()
        except DagyError as error:
            self.warn(error)
        except Exception as error:  # noqa: BLE001 - any store may be plugged in; the run goes on
            _LOG.debug("keeping failed", exc_info=True)
            self.warn(error)
