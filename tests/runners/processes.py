"""A runner and a node in, what its call told out; and what of processes is there."""

from __future__ import annotations

import psutil

from tests.runners import process_victims as p
from tests.runners import victims as v
from tests.victims.watching import is_alive


def run(runner, node_class, inputs=None, **fields):
    """Run a call to its end."""
    return v.run(runner, node_class, inputs, **fields)


def tell_process(runner):
    """Return the id of the process that serves the next call."""
    return run(runner, p.tell_process).outcome.outputs["output"]


def list_below():
    """Return the live processes below this one."""
    return [each for each in psutil.Process().children(recursive=True) if is_alive(each)]


def list_guards():
    """Return the guards of workers below this process; other tests' servers and clusters are none."""
    return [
        each
        for each in psutil.Process().children()
        if any("dagy_nb.runners.worker" in part for part in each.cmdline())
    ]
