"""A runner's name in, how to make it and what it can do out: the one list for all suites about runners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dagy_nb.abc import Runner
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.thread import ThreadRunner
from tests.cluster import make_dask_runner


@dataclass(frozen=True)
class Kind:
    """One runner.

    Attributes:
        make: Returns one with two slots.
        is_here: Bodies run in this process, and see its objects.
        ending: How a body that can be ended ends.
        stuck: How one ends that cannot.
    """

    name: str
    make: Callable[[], Runner]
    is_here: bool = True
    ending: str = "cancelled"
    stuck: str = "abandoned"

    def __str__(self) -> str:
        return self.name


RUNNERS = {
    each.name: each
    for each in (
        Kind("inline", InlineRunner),
        Kind("thread", lambda: ThreadRunner(slots=2)),
        Kind("process", lambda: ProcessRunner(slots=2), False, "killed", "killed"),
        Kind("dask", make_dask_runner, False, "killed", "killed"),
    )
}
