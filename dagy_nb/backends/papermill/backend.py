"""A plan in, its run in a fresh kernel out: carried by a notebook that papermill executes, recorded here."""

from __future__ import annotations

import json
import sys
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.abc import Capabilities, RunControl, Submission
from dagy_nb.backends.cargo import pack_run
from dagy_nb.backends.papermill.folder import RunFolder
from dagy_nb.backends.remote import PATIENCE, RemoteRun
from dagy_nb.errors import BackendError
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.run_id import make_run_id
from dagy_nb.model.state import RunState
from dagy_nb.runners.dask.runner import DaskRunner

if TYPE_CHECKING:
    from dagy_nb.schedules.notebook import NotebookRun
    from dagy_nb.schedules.reporter import NotebookReporter

CLOSE_SECONDS = 5.0
_CELL = "from dagy_nb.backends.papermill.cell import carry_on\n\ncarry_on({folder!r})"


class PapermillBackend:
    """Carries whole runs through in kernels of their own.

    The notebook run that does it is recorded too, as the run's parent.
    """

    name = "papermill"
    capabilities = Capabilities(hard_limits=True, cell_types=True)
    missing = ""

    def __init__(self) -> None:
        self._runs: weakref.WeakSet[PapermillRun] = weakref.WeakSet()

    def submit(self, submission: Submission) -> RunControl:
        """Start a kernel for the run and return at once.

        Raises:
            BackendError: `backend.unpicklable`, `backend.folder_unwritable`.
        """
        notebook_id = make_run_id(submission.clock.now())
        packed = pack_run(submission, parent_run_id=notebook_id, dask=_find_cluster(submission))
        folder = RunFolder(submission.plan.artifacts.absolute())
        try:
            folder.make(packed, sys.path)
            folder.notebook.write_text(_make_notebook(submission, folder), encoding="utf-8")
        except OSError as error:
            raise BackendError(
                f"The folder {folder.path} cannot be written: {error.strerror or error}.",
                code="backend.folder_unwritable",
                suggestion="Make room there, or set DAGY_HOME to another folder.",
            ) from error
        run = PapermillRun(submission, folder, notebook_id)
        run.begin()
        run.launch()
        self._runs.add(run)
        return run

    def close(self) -> None:
        """End the kernels of the runs that go on."""
        live = [each for each in self._runs if not each.done.is_set()]
        for run in live:
            run.force()
        for run in live:
            run.wait(CLOSE_SECONDS)


class PapermillRun(RemoteRun):
    """A run in a kernel of its own."""

    polls = True

    def __init__(self, submission: Submission, folder: RunFolder, notebook_id: str) -> None:
        super().__init__(submission, parent_run_id=notebook_id)
        self._folder = folder
        self._notebook_id = notebook_id
        # The kernel works where this process does now, so that paths mean the same.
        self._cwd = Path.cwd()
        self._reporter: NotebookReporter | None = None
        self._is_forced = False

    def launch(self) -> None:
        """Execute the notebook in a thread."""
        threading.Thread(
            target=self._execute, name=f"dagy notebook {self._notebook_id}", daemon=True
        ).start()

    def ask(self, node_id: str, by: str, run_id: str = "") -> None:
        """Pass a request on to the cell."""
        self._folder.ask(node_id, by, run_id)

    def force(self) -> None:
        """End the kernel."""
        self._is_forced = True
        if self._reporter is not None:
            self._end_notebook(self._reporter)

    def look(self) -> None:
        """Take the facts that came."""
        for events in self._folder.read_facts():
            self._take(events)

    def let_go(self) -> None:
        """Remove what only the two processes needed."""
        self._folder.clear()

    def _execute(self) -> None:
        from dagy_nb.schedules.limits import Timeouts
        from dagy_nb.schedules.notebook import run_notebook

        submission = self._submission
        try:
            limit = None if self.plan.timeout is None else self.plan.timeout + 6 * PATIENCE
            found = run_notebook(
                self._folder.notebook,
                output=self._folder.executed,
                store=submission.store,
                settings=submission.settings,
                clock=submission.clock,
                timeouts=Timeouts(run=limit),
                cwd=self._cwd,
                on_start=self._meet,
                run_id=self._notebook_id,
                this_python=True,
            )
        except BaseException as error:  # noqa: BLE001 - whatever it is, the run must hear of an end
            self.lose(_describe_error(error))
            return
        self.post(lambda: self._conclude(found))

    def _meet(self, reporter: NotebookReporter) -> None:
        self._reporter = reporter
        if self._is_forced:
            self._end_notebook(reporter)

    def _end_notebook(self, reporter: NotebookReporter) -> None:
        reporter.cancel("its flow run", late=self.is_late)

    def _conclude(self, found: NotebookRun) -> None:
        self.look()
        harvest = self._folder.read_harvest()
        if harvest is not None:
            self._finish(harvest)
        elif found.state is RunState.CANCELLED:
            self._lose(None, RunState.CANCELLED)
        else:
            is_late = found.error is not None and found.error.code == "notebook.run_timeout"
            state = RunState.TIMED_OUT if is_late else RunState.FAILED
            self._lose(_describe_end(found), state)


def _find_cluster(submission: Submission) -> str:
    """Return the address of the Dask cluster that nodes run on here; empty for none yet."""
    runner = submission.runners.get("dask")
    if not isinstance(runner, DaskRunner) or runner.name not in submission.plan.steps.runners:
        return ""
    return runner.connection.address


def _make_notebook(submission: Submission, folder: RunFolder) -> str:
    plan = submission.plan
    words = (
        f"Run `{plan.run_id}` of the flow `{plan.flow}`. This notebook was made to carry it on in a kernel "
        "of its own; it can carry on no other."
    )
    cells = [
        {"cell_type": "markdown", "id": "about", "metadata": {}, "source": words},
        {
            "cell_type": "code",
            "id": "carry",
            "metadata": {},
            "source": _CELL.format(folder=str(folder.path)),
            "outputs": [],
            "execution_count": None,
        },
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {"kernelspec": kernel},
        "cells": cells,
    }
    return json.dumps(notebook, indent=1)


def _describe_error(error: BaseException) -> ErrorFact:
    return ErrorFact(
        type=type(error).__name__,
        code=getattr(error, "code", "backend.failed"),
        message=getattr(error, "reason", str(error)),
        suggestion=getattr(error, "suggestion", ""),
    )


def _describe_end(found: NotebookRun) -> ErrorFact:
    error = found.error
    why = f"{error.message}" if error is not None else f"The notebook ended {found.state}."
    return ErrorFact(
        type="KernelLost",
        code="backend.kernel_lost",
        message=f"The kernel that carried the run is gone: {why}",
        suggestion=f"Look at {found.output}, then run again.",
    )
