"""Pipes from the command line in, a guard and a worker that serves calls until it is told to end out."""

from __future__ import annotations

import importlib
import os
import select
from typing import NoReturn

from dagy_nb.runners.worker.guard import stand_guard

IDLE_SECONDS = 900
RETIRED_EXIT = 75
"""Exit code of a worker that ended by itself between two calls: it was not needed, or kept much memory."""


def main(
    parent: int,
    calls: int,
    answers: int,
    orders: int,
    news: int,
    most_nodes: int,
    preload: str,
) -> NoReturn:
    """Be a guard in one process and a worker in another.

    Args:
        parent: Id of the notebook's process.
        calls: Pipe of frames to the worker.
        answers: Pipe of frames from the worker.
        orders: Pipe to the guard.
        news: Pipe from the guard.
        most_nodes: How many nodes the worker may serve.
        preload: Names of modules to import ahead, with commas between.
    """
    guard = stand_guard(parent, orders, news, [calls, answers])
    # The guard does not need all that comes now.
    from dagy_nb.runners.worker.farcall import CallServer
    from dagy_nb.runners.worker.sender import Sender
    from dagy_nb.runners.worker.streams import open_streams

    for pipe in (calls, answers, guard):
        os.set_inheritable(pipe, False)
    open_streams()
    _import_ahead(preload)
    _serve(calls, CallServer(calls, Sender(answers), guard, most_nodes))


def _import_ahead(names: str) -> None:
    for name in filter(None, names.split(",")):
        try:
            importlib.import_module(name)
        except Exception:  # noqa: BLE001, S112 - the node that needs it will hear of it
            continue


def _serve(calls: int, server: object) -> NoReturn:
    from dagy_nb.runners.worker.descent import offer_to_oom_killer
    from dagy_nb.runners.worker.farcall import CallServer
    from dagy_nb.runners.worker.frames import FrameReader, Kind

    assert isinstance(server, CallServer)
    offer_to_oom_killer()
    reader = FrameReader(calls)
    while True:
        _wait(calls)
        try:
            frames = reader.read()
        except EOFError:
            os._exit(0)
        for frame in frames:
            if frame.kind is Kind.CALL:
                server.serve(frame.buffers)
                if server.has_grown:
                    os._exit(RETIRED_EXIT)


def _wait(calls: int) -> None:
    waiting = select.poll()
    waiting.register(calls, select.POLLIN)
    if not waiting.poll(IDLE_SECONDS * 1000):
        os._exit(RETIRED_EXIT)
