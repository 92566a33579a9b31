"""A notebook and parameters in, its run by papermill with our engine out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.screen import Bar, show_progress
from dagy_nb.errors import RunFailed
from dagy_nb.model.event import CellEnded, CellStarted, Event
from dagy_nb.protocol.tables import Table, list_nodes, tell_count

if TYPE_CHECKING:
    from dagy_nb.schedules.notebook import NotebookRun


def run_notebook_file(
    file: Path,
    parameters: Mapping[str, str],
    *,
    output: Path | None = None,
    timeout: float | None = None,
    cell_timeout: float | None = None,
    home: Path | None = None,
) -> Answer:
    """Run a notebook in a kernel of its own and wait for its end.

    Args:
        file: The notebook.
        parameters: Name → the text of its value.
        output: Where the executed notebook goes; by default into the store's folder.
        timeout: Limit of the run in seconds.
        cell_timeout: Limit of each cell in seconds.
        home: The store's folder; the one of the settings by default.

    Raises:
        NotebookError: The notebook cannot be run as asked; nothing was recorded.
    """
    from dagy_nb.schedules.limits import Timeouts
    from dagy_nb.schedules.notebook import run_notebook
    from dagy_nb.settings import read_settings

    settings = read_settings() if home is None else replace(read_settings(), home=home)
    limits = {"run": timeout, "cell": cell_timeout}
    with show_progress(file.name) as bar:
        run = run_notebook(
            file,
            typed=parameters,
            output=output,
            settings=settings,
            timeouts=Timeouts(**{name: each for name, each in limits.items() if each is not None}),
            on_event=_watch(bar, _count_cells(file)),
        )
    return _answer(run)


def _answer(run: NotebookRun) -> Answer:
    error = None
    if not run.ok:
        error = RunFailed(
            run.explain(),
            run_id=run.run_id,
            code=f"run.{run.state.lower()}",
            suggestion=f"The executed notebook is {run.output}; dagy-nb show {run.run_id} tells more.",
        )
    return Answer(
        data={
            "run_id": run.run_id,
            "state": str(run.state),
            "notebook": str(run.notebook),
            "output": str(run.output),
            "parameters": dict(run.parameters),
            "cell": run.cell,
            "inside": list(run.flows),
            "failures": list(run.failures),
        },
        tables=(_tell(run), *(list_nodes(each) for each in run.flows)),
        error=error,
    )


def _tell(run: NotebookRun) -> Table:
    inside = f", {tell_count(len(run.flows), 'flow run')} inside" if run.flows else ""
    title = f"Notebook run {run.run_id} of {run.notebook.name}: {run.state}{inside}"
    return Table(columns=(), title=title, note=f"Executed notebook: {run.output}")


def _count_cells(file: Path) -> int:
    from dagy_nb.schedules.places import read_notebook

    return len(read_notebook(file.expanduser().absolute()).cells)


def _watch(bar: Bar, total: int) -> Callable[[Event], None]:
    def hear(event: Event) -> None:
        if isinstance(event, CellStarted):
            first = event.source.strip().splitlines()[:1]
            bar.move(event.index, total, first[0][:50] if first else "")
        elif isinstance(event, CellEnded):
            bar.move(event.index + 1, total, "")

    return hear
