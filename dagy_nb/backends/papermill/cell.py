"""The folder of a run in, the run carried through in this kernel out: what the generated cell calls."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from dagy_nb.backends.carrying import carry_run
from dagy_nb.backends.papermill.folder import RunFolder
from dagy_nb.errors import RunFailed
from dagy_nb.model.event import Event, RunEnded
from dagy_nb.model.look import suggest_look
from dagy_nb.model.state import RunState


def carry_on(folder: str | os.PathLike[str]) -> None:
    """Carry the run of a folder through.

    Args:
        folder: Of the run.

    Raises:
        BackendError: `backend.run_over`.
        RunFailed: `run.failed`, `run.timed_out`, `run.cancelled`: so the notebook shows it too.
    """
    place = RunFolder(Path(folder))
    run = place.read_run()
    lock = threading.Lock()
    ended: list[RunEnded] = []
    with place.open_facts() as file:

        def record(events: tuple[Event, ...]) -> None:
            # Runs inside nodes tell theirs from threads of their own.
            with lock:
                place.add_facts(file, events)
            ended.extend(
                each
                for each in events
                if isinstance(each, RunEnded) and each.run_id == run.plan.run_id
            )

        place.write_harvest(carry_run(run, record, place.take_requests))
    state = ended[0].state
    if state is not RunState.COMPLETED:
        raise RunFailed(
            f"Run {run.plan.run_id} of flow {run.plan.flow!r} ended {state}.",
            run_id=run.plan.run_id,
            code=f"run.{state.lower()}",
            suggestion=suggest_look(run.plan.run_id),
        )
