"""Nodes that do in a process what only a process survives."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.function import node

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


@node(register=False)
def tell_process(x: int = 0) -> int:
    return os.getpid()


@node(register=False)
def leave(code: int = 3) -> int:
    os._exit(code)


@node(register=False)
def break_memory() -> int:
    print("last words", flush=True)
    os.write(1, b"written to the descriptor\n")
    return ctypes.string_at(0)


@node(register=False)
def kill_itself() -> int:
    os.kill(os.getpid(), signal.SIGKILL)


@node(register=False)
def grow(megabytes: int = 2_000) -> int:
    kept = []
    for _ in range(megabytes // 10):
        kept.append(bytearray(os.urandom(1)) * 10_000_000)
        time.sleep(0.005)
    return len(kept)


@node(register=False)
def share_block(megabytes: int = 150, processes: int = 4) -> int:
    """Forks processes which share one block of memory with it."""
    block = bytearray(b"x") * (megabytes * 1_000_000)
    children = []
    for _ in range(processes):
        child = os.fork()
        if not child:
            time.sleep(600)
        children.append(child)
    time.sleep(0.6)
    return len(block)


@node(register=False)
def leave_processes() -> list:
    own = subprocess.Popen(SLEEPER)
    apart = subprocess.Popen(SLEEPER, start_new_session=True)
    middle = (
        "import subprocess as s, sys; "
        "print(s.Popen(sys.argv[1:], start_new_session=True, stdout=s.DEVNULL, stderr=s.DEVNULL).pid)"
    )
    told = subprocess.run(
        [sys.executable, "-c", middle, *SLEEPER], capture_output=True, text=True, check=True
    )
    return [os.getpid(), own.pid, apart.pid, int(told.stdout)]


@node(register=False)
def leave_a_thread() -> int:
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return os.getpid()


@node(register=False)
def speak() -> int:
    """Writes in every way that does not pass Python's streams."""
    libc = ctypes.CDLL(None)
    libc.puts(b"from C")
    os.write(2, b"to descriptor 2\n")
    subprocess.run([sys.executable, "-c", "print('from a grandchild')"], check=True)
    subprocess.run(["sh", "-c", "echo in shell; printf 'no end'"], check=True)
    libc.printf(b"kept in C's buffer")
    return 1


@node(register=False)
def flood_and_return(megabytes: int = 20) -> object:
    for _ in range(2_000):
        os.write(1, b"z" * 2_499 + b"\n")
    return bytes(megabytes * 1_000_000)


@node(register=False)
def hold_lock(value: object) -> object:
    return threading.Lock() if value == "return a lock" else value


@node(register=False)
def look_around() -> dict:
    return {
        "folder": str(Path.cwd()),
        "path": list(sys.path),
        "variable": os.environ.get("DAGY_TEST_VARIABLE"),
    }


@node(register=False)
def spoil_surroundings() -> int:
    os.chdir("/")
    sys.path.append("/nowhere")
    os.environ["DAGY_TEST_VARIABLE"] = "spoilt"
    return 1


def _say(number):
    print(f"child {number}", flush=True)
    return number * 2


@node(register=False)
def use_multiprocessing() -> list:
    with multiprocessing.get_context("fork").Pool(2) as pool:
        return pool.map(_say, range(4))


@node(register=False)
def fork_and_return() -> str:
    """The child returns into the worker's own code."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    return "child" if not child else "parent"


@node(register=False)
def sleep(seconds: float = 60.0) -> float:
    time.sleep(seconds)
    return seconds


@node(register=False)
def echo(value: object) -> object:
    return value


@node(register=False)
def double_table(table: object) -> object:
    """Changes its input in place: it is this process's own."""
    table.iloc[:, 0] = table.iloc[:, 0] * 2
    return table


class SlowHook(FlowNode, register=False):
    """Takes for ever to tidy up."""

    value = Input(DataType.ANY)
    out = Output(DataType.ANY)

    def execute(self, context, value):
        context.progress(0, "entered")
        time.sleep(600)

    def on_cancel(self, context):
        print("tidying up")
        threading.Event().wait(600)


@node(register=False)
def read_class_value(thing: object) -> int:
    return type(thing).value


@node(register=False)
def log_debug() -> int:
    import logging

    logging.getLogger("tests.debug").debug("seen at the level DEBUG")
    return 1


KEPT = []


@node(register=False)
def keep(megabytes: int = 300) -> int:
    KEPT.append(bytearray(b"x") * (megabytes * 1_000_000))
    return os.getpid()


class OddError(Exception):
    """Cannot be made again from its arguments."""

    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


@node(register=False)
def raise_odd_error() -> int:
    raise OddError("no", "pickle")


@node(register=False)
def say_shortly() -> int:
    os.write(1, b"short\n")
    return 1


class Deadly:
    """Whoever reads its pickle dies."""

    def __reduce__(self):
        return (os._exit, (9,))
