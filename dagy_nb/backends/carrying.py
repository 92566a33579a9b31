"""A run from elsewhere in, carried through in this process: its facts and, at the end, its harvest out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from dagy_nb.backends.cargo import CancelRequest, CarriedRun, Harvest
from dagy_nb.engine.clock import SystemClock
from dagy_nb.engine.driver import LiveRun, start_run
from dagy_nb.errors import UnknownName
from dagy_nb.model.event import Event, LogWritten
from dagy_nb.runners.dask.connection import DaskConnection
from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.runners.inline import InlineRunner
from dagy_nb.runners.process import ProcessRunner
from dagy_nb.runners.thread import ThreadRunner
from dagy_nb.runners.worker.codec import Buffer, pack

if TYPE_CHECKING:
    from dagy_nb.abc import Runner

TICK = 0.05
"""Seconds between two looks for requests."""

Record = Callable[[tuple[Event, ...]], None]
Requests = Callable[[], list[CancelRequest]]


def carry_run(run: CarriedRun, record: Record, take_requests: Requests) -> Harvest:
    """Carry a run through.

    Args:
        run: The run.
        record: Takes its facts, in order; those of one run come from one thread.
        take_requests: Returns what was asked since the last time. It may take a moment to return.
    """
    runners: dict[str, Runner] = {
        "inline": InlineRunner(),
        "thread": ThreadRunner(slots=run.thread_slots),
        "process": ProcessRunner(slots=run.process_slots),
        "dask": DaskRunner(DaskConnection(run.dask)),
    }
    clock = SystemClock()
    try:
        live = start_run(
            run.plan,
            runners=runners,
            record=record,
            clock=clock,
            parent_run_id=run.parent_run_id,
            backend=run.backend,
        )
        while not live.wait(TICK):
            for request in take_requests():
                _cancel(live, request)
        return _bring_in(live, record, clock.now)
    finally:
        for runner in runners.values():
            runner.close()


def _cancel(live: LiveRun, request: CancelRequest) -> None:
    try:
        if request.run_id:
            live.cancel_inner(request.run_id, request.node_id, by=request.by)
        else:
            live.cancel(request.node_id, by=request.by)
    except UnknownName:
        # Checked where it was asked; a plan never changes.
        return


def _bring_in(live: LiveRun, record: Record, now: Callable[[], float]) -> Harvest:
    outputs: dict[str, list[Buffer]] = {}
    for name, value in live.outputs.items():
        try:
            outputs[name] = pack(value)
        except Exception as error:  # noqa: BLE001 - any value may refuse to be pickled
            record((_tell_lost(live.run_id, name, error, now()),))
    exceptions: dict[str, list[Buffer]] = {}
    for node_id, exception in live.exceptions.items():
        packed = _pack_exception(exception)
        if packed is not None:
            exceptions[node_id] = packed
    return Harvest(outputs, exceptions)


def _pack_exception(exception: Any) -> list[Buffer] | None:
    try:
        return pack(exception)
    except Exception:  # noqa: BLE001 - its words are in the facts
        return None


def _tell_lost(run_id: str, name: str, error: Exception, at: float) -> LogWritten:
    return LogWritten(
        at=at,
        run_id=run_id,
        node_id=name.partition(".")[0],
        level="WARNING",
        text=f"The output {name} cannot come back from the other process: "
        f"{type(error).__name__}: {error}"[:1_000],
    )
