"""A coroutine in, its result out, while this thread stays open to interrupts and to SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
TICK = 0.1
_SIGNALS = ("SIGTERM", "SIGHUP")


def run_apart(make: Callable[[], Coroutine[Any, Any, T]], cancel: Callable[[str], None]) -> T:
    """Run a coroutine on an event loop in a thread of its own, and wait for it.

    So it works inside a running event loop too (a notebook's cell), and an interrupt lands at once.

    Args:
        make: Makes the coroutine, in that thread.
        cancel: Called with who asked, when this thread is interrupted or the process is told to end; the
            coroutine is expected to end soon after.

    Raises:
        KeyboardInterrupt: After the coroutine has ended.
    """
    outcome: dict[str, Any] = {}

    def work() -> None:
        try:
            outcome["result"] = asyncio.run(make())
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread
            outcome["error"] = error

    thread = threading.Thread(target=work, name="dagy-notebook-run", daemon=True)
    with _catch_signals(cancel):
        thread.start()
        interrupt = _join(thread, cancel)
    if interrupt is not None:
        raise interrupt
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]  # type: ignore[no-any-return]


def _join(thread: threading.Thread, cancel: Callable[[str], None]) -> KeyboardInterrupt | None:
    interrupt = None
    while thread.is_alive():
        try:
            thread.join(TICK)
        except KeyboardInterrupt as error:
            interrupt = error
            cancel("interrupt")
    return interrupt


@contextmanager
def _catch_signals(cancel: Callable[[str], None]) -> Iterator[None]:
    """Turn signals that would end this process into a cancel, where nobody else handles them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught = [
        number
        for number in (getattr(signal, name, None) for name in _SIGNALS)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in caught:
        signal.signal(number, lambda given, _frame: cancel(signal.Signals(given).name))
    try:
        yield
    finally:
        for number in caught:
            signal.signal(number, signal.SIG_DFL)
