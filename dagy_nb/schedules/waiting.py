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
PATIENCE = 15.0
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")
_DEFAULTS = (signal.SIG_DFL, signal.default_int_handler)


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
    done = threading.Event()

    def work() -> None:
        try:
            outcome["result"] = asyncio.run(make())
        except BaseException as error:  # noqa: BLE001 - carried over to the waiting thread
            outcome["error"] = error
        finally:
            done.set()

    thread = threading.Thread(target=work, name="dagy-notebook-run", daemon=True)
    with _catch_signals(cancel) as caught:
        thread.start()
        try:
            _wait(done, caught, cancel)
        finally:
            if not done.is_set():
                cancel("its caller")
                done.wait(PATIENCE)
    if signal.SIGINT in caught:
        raise KeyboardInterrupt
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]  # type: ignore[no-any-return]


def _wait(done: threading.Event, caught: set[int], cancel: Callable[[str], None]) -> None:
    """Wait in ticks; `Thread.join` takes an interrupted thread for ended (CPython 3.11)."""
    while not done.is_set():
        try:
            done.wait(TICK)
        except KeyboardInterrupt:
            caught.add(signal.SIGINT)
            cancel("interrupt")


@contextmanager
def _catch_signals(cancel: Callable[[str], None]) -> Iterator[set[int]]:
    """Turn signals that would end this process into a cancel, where nobody else handles them.

    Yields:
        The numbers of the signals that came.
    """
    caught: set[int] = set()
    if threading.current_thread() is not threading.main_thread():
        yield caught
        return

    def take(number: int, _frame: object) -> None:
        caught.add(number)
        cancel("interrupt" if number == signal.SIGINT else signal.Signals(number).name)

    ours = [
        number
        for number in (getattr(signal, name, None) for name in _SIGNALS)
        if number is not None and signal.getsignal(number) in _DEFAULTS
    ]
    before = {number: signal.signal(number, take) for number in ours}
    try:
        yield caught
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
