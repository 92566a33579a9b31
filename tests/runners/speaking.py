"""Bodies that write by C's streams and to descriptors, and end in every way."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
import time
from pathlib import Path

from dagy_nb.nodes.function import node

C = ctypes.CDLL(None)
F_SETPIPE_SZ = 1031


@node(register=False)
def print_by_c(text: str = "") -> int:
    C.printf(b"%s", text.encode())
    return os.getpid()


@node(register=False)
async def await_nothing() -> int:
    """Fails with a coroutine in its frames, of which Python says when it goes that nobody awaited it."""

    async def answer() -> int:
        return 1

    return asyncio.run(answer())


@node(register=False)
def print_by_c_and_hang(text: str = "") -> int:
    C.printf(b"%s", text.encode())
    time.sleep(600)
    return 1


@node(register=False)
def print_by_c_and_die(text: str = "") -> int:
    C.printf(b"%s", text.encode())
    os.kill(os.getpid(), signal.SIGKILL)
    return 1


@node(register=False)
def write_by_a_file_of_its_own(text: str = "") -> int:
    """Writes into a buffer of Python's which nobody but the body knows."""
    sys.stdout = os.fdopen(os.dup(1), "w")
    sys.stdout.write(text)
    return 1


@node(register=False)
def write_half_a_character() -> int:
    os.write(1, "caf\u00e9".encode()[:-1])
    return 1


@node(register=False)
def fill_a_pipe(folder: str = "", dies: bool = False) -> int:
    """Tells of its beginning and, when that was heard, writes more than is read in one go."""
    import fcntl

    fcntl.fcntl(1, F_SETPIPE_SZ, 1 << 20)
    print("hold")
    while not Path(folder, "heard").exists():
        time.sleep(0.005)
    for _ in range(30):
        os.write(1, b"x" * 9_999 + b"\n")
    os.write(1, b"last words\n")
    if dies:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


@node(register=False)
def say_nothing(x: int = 0) -> int:
    return os.getpid()
