"""A function that may block in, what it returns out, while the event loop goes on.

`asyncio.to_thread` is not used here on purpose: it has few threads, which all wait when a network folder
hangs, and joins them at the interpreter's exit.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

Value = TypeVar("Value")


async def run_beside(function: Callable[[], Value]) -> Value:
    """Return what `function` returns, called in a thread of its own; a cancel leaves that thread to itself.

    Raises:
        Exception: Whatever `function` raises.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Value] = loop.create_future()

    def settle(tell: Callable[[], None]) -> None:
        if not future.done():
            tell()

    def work() -> None:
        try:
            tell = partial(future.set_result, function())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            tell = partial(future.set_exception, error)
        # Nobody waits any more where the loop is closed.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, tell)

    threading.Thread(target=work, name="dagy beside", daemon=True).start()
    return await future
