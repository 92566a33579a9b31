"""A notebook and its parameters in, one recorded run of it out.

The run is decided by exceptions and by the watch over it, never by what stands in the notebook afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.clock import SystemClock
from dagy_nb.errors import NotebookError, StoreError
from dagy_nb.model.event import ErrorFact, Event
from dagy_nb.model.run_id import make_run_id
from dagy_nb.model.state import RunState
from dagy_nb.schedules.failures import FailedCell, FailedNode, find_flow_runs, list_failed_nodes
from dagy_nb.schedules.limits import Timeouts
from dagy_nb.schedules.papermill_import import import_papermill
from dagy_nb.schedules.parameters import check_parameters
from dagy_nb.schedules.places import check_output, find_kernel, read_notebook
from dagy_nb.schedules.plan import NotebookPlan
from dagy_nb.schedules.reporter import NotebookReporter
from dagy_nb.settings import Settings, read_settings
from dagy_nb.store import open_store

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Store
    from dagy_nb.model.record import RunRecord

DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookRun:
    """How a notebook run ended.

    Attributes:
        run_id: The run, for the store.
        state: COMPLETED, FAILED, TIMED_OUT or CANCELLED.
        notebook: What was run.
        output: The executed notebook.
        parameters: As they were given to the notebook.
        error: What went wrong, or None.
        cell: Where, or None.
        flows: The flow runs inside, with their nodes.
        failures: The nodes that failed in them.
    """

    run_id: str
    state: RunState
    notebook: Path
    output: Path
    parameters: Mapping[str, Any]
    error: ErrorFact | None = None
    cell: FailedCell | None = None
    flows: tuple[RunRecord, ...] = ()
    failures: tuple[FailedNode, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every cell ran to its end."""
        return self.state is RunState.COMPLETED

    def explain(self) -> str:
        """Return in a few lines what happened, where, and where to look."""
        lines = [f"{self.notebook.name}: {self.state}"]
        if self.cell is not None:
            lines[0] += f" in {self.cell}"
        if self.error is not None:
            lines.append(f"{self.error.type}: {self.error.message} [{self.error.code}]")
        for node in self.failures:
            why = f": {node.error.type}: {node.error.message}" if node.error else ""
            lines.append(f"node {node.node_id} of flow {node.flow} {node.state}{why}")
        if self.error is not None and self.error.suggestion:
            lines.append(self.error.suggestion)
        return "\n".join(lines)


def run_notebook(
    path: Path | str,
    *,
    parameters: Mapping[str, Any] | None = None,
    typed: Mapping[str, str] | None = None,
    output: Path | str | None = None,
    store: Store | None = None,
    settings: Settings | None = None,
    clock: Clock | None = None,
    timeouts: Timeouts = DEFAULT_TIMEOUTS,
    kernel: str | None = None,
    cwd: Path | None = None,
    on_event: Callable[[Event], None] | None = None,
    on_start: Callable[[NotebookReporter], None] | None = None,
    save_every: float = 5.0,
    run_id: str | None = None,
    this_python: bool = False,
) -> NotebookRun:
    """Run a notebook from its first to its last cell in a kernel of its own, and wait for the end.

    Every cell is recorded while it runs. The source stays as it is. An interrupt, SIGTERM, a request in the
    store and `NotebookReporter.cancel` end the run; its kernel and all processes of it are gone then.

    Args:
        path: The notebook.
        parameters: Values for its cell tagged `parameters`.
        typed: Further values, as a person typed them: `{"month": "2"}`.
        output: Where the executed notebook goes; by default a file under `settings.home`.
        store: Where facts go; the journal under `settings.home` by default.
        settings: What the user set; read from the environment by default.
        clock: Where times come from; the system's by default.
        timeouts: The limits.
        kernel: Name of the kernel; what the notebook says by default.
        cwd: The kernel's working directory; the notebook's folder by default.
        on_event: Hears every fact, in the thread of the run.
        on_start: Hears the run's reporter before the kernel is launched, which can cancel it.
        save_every: Seconds between two saves of the executed notebook while it runs.
        run_id: The run's id, where the caller had to know it before; a new one by default.
        this_python: Have the kernel run this process's Python, whatever is installed under its name.

    Returns:
        How it ended. A failing notebook is a result, not an exception.

    Raises:
        NotebookError: The notebook cannot be run as asked, and nothing was recorded; or it ran, was
            recorded and cannot be saved (`notebook.output_unwritable`).
        KeyboardInterrupt: After the run was cancelled and recorded.

    Example:
        >>> run = run_notebook("report.ipynb", parameters={"month": 2})  # doctest: +SKIP
        >>> run.state, run.cell, [node.node_id for node in run.failures]  # doctest: +SKIP
    """
    settings, clock = settings or read_settings(), clock or SystemClock()
    source = Path(path).expanduser().absolute()
    notebook = read_notebook(source)
    kernel_name, language = find_kernel(notebook, kernel)
    papermill = import_papermill()
    values = check_parameters(notebook, parameters or {}, language, typed=typed)
    run_id = run_id or make_run_id(clock.now())
    target = check_output(
        Path(output) if output else _default_output(settings, source, run_id), source
    )
    kept = store or open_store(settings.home, clock, keep_days=settings.journal_days)
    try:
        reporter = NotebookReporter(
            run_id, store=kept, clock=clock, timeouts=timeouts, on_event=on_event
        )
        plan = replace(
            _make_plan(reporter, settings, source, target, cwd, save_every), this_python=this_python
        )
        reporter.queue(source, values, parent=settings.parent_run)
        if on_start is not None:
            on_start(reporter)
        _execute(papermill, plan, values, kernel_name, language)
        return _make_result(reporter, source, target, values)
    finally:
        if store is None:
            kept.close()


def _default_output(settings: Settings, source: Path, run_id: str) -> Path:
    folder = settings.home / "notebooks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NotebookError(
            f"The folder {folder} cannot be made: {error.strerror or error}.",
            code="notebook.output_unwritable",
            suggestion="Choose another output, or set DAGY_HOME.",
        ) from error
    return folder / f"{source.stem}-{run_id}.ipynb"


def _make_plan(
    reporter: NotebookReporter,
    settings: Settings,
    source: Path,
    target: Path,
    cwd: Path | None,
    save_every: float,
) -> NotebookPlan:
    from dagy_nb.schedules.engine import make_kernel_environment

    return NotebookPlan(
        reporter=reporter,
        source=str(source),
        output=str(target),
        env=make_kernel_environment(settings, reporter.run_id),
        cwd=cwd or source.parent,
        save_every=save_every,
    )


def _execute(
    papermill: Any, plan: NotebookPlan, values: dict[str, Any], kernel_name: str, language: str
) -> None:
    """Let papermill execute the plan; how it ended stands in the reporter."""
    from papermill.exceptions import PapermillExecutionError

    try:
        papermill.execute_notebook(
            plan.source.replace("{", "{{").replace("}", "}}"),
            None,
            parameters=values,
            engine_name="dagy",
            kernel_name=kernel_name,
            language=language,
            progress_bar=False,
            plan=plan,
        )
    except (NotebookError, PapermillExecutionError) as error:
        plan.reporter.end(RunState.FAILED, _describe(error))
        if getattr(error, "code", "") == "notebook.output_unwritable":
            raise
    except Exception as error:
        plan.reporter.end(RunState.FAILED, _describe(error))
        raise


def _describe(error: Exception) -> ErrorFact:
    return ErrorFact(
        type=type(error).__name__,
        code=getattr(error, "code", "notebook.failed"),
        message=str(error),
    )


def _make_result(
    reporter: NotebookReporter,
    source: Path,
    target: Path,
    values: Mapping[str, Any],
) -> NotebookRun:
    try:
        flows = find_flow_runs(reporter.store, reporter.run_id)
    except StoreError:
        flows = ()
    return NotebookRun(
        run_id=reporter.run_id,
        state=reporter.state,
        notebook=source,
        output=target,
        parameters=values,
        error=reporter.error,
        cell=reporter.failed_cell,
        flows=flows,
        failures=list_failed_nodes(flows),
    )
