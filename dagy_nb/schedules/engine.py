"""papermill's engine `dagy`: a notebook in, the executed one out, every cell recorded while it runs.

`papermill --engine dagy IN OUT` finds it by its entry point, `run_notebook` by its name. Both leave the same
records. papermill loads this module while it is itself only half loaded, so it imports nothing of papermill.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dagy_nb.engine.clock import SystemClock
from dagy_nb.model.run_id import make_run_id
from dagy_nb.model.state import RunState
from dagy_nb.schedules.limits import Timeouts
from dagy_nb.schedules.parameters import check_parameters
from dagy_nb.schedules.plan import NotebookPlan
from dagy_nb.schedules.reporter import NotebookReporter
from dagy_nb.settings import Settings, make_environment, read_settings
from dagy_nb.store import open_store


class DagyEngine:
    """Executes notebooks under watch, with records, limits and a certain end."""

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the kernel that a notebook asks for, unless another is asked for."""
        return str(name or nb.metadata.get("kernelspec", {}).get("name") or "python3")

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language of a notebook's cells, unless another is asked for."""
        info = nb.metadata.get("language_info", {}).get("name")
        spec = nb.metadata.get("kernelspec", {}).get("language")
        return str(language or info or spec or "python")

    @classmethod
    def execute_notebook(
        cls,
        nb: Any,
        kernel_name: str,
        output_path: str | None = None,
        *,
        plan: NotebookPlan | None = None,
        **options: Any,
    ) -> Any:
        """Execute a notebook.

        Args:
            nb: The notebook, parameters already put in.
            kernel_name: The kernel.
            output_path: Where papermill wants it saved.
            plan: What `run_notebook` decided; made from papermill's options where papermill calls.
            options: Of papermill.

        Raises:
            NotebookError: The run was ended from outside its cells, or ended itself with cells left.
        """
        if plan is not None:
            return _execute(nb, kernel_name, plan, options)
        settings, clock = read_settings(), SystemClock()
        store = open_store(settings.home, clock, keep_days=settings.journal_days)
        try:
            reporter = NotebookReporter(
                make_run_id(clock.now()),
                store=store,
                clock=clock,
                timeouts=_read_timeouts(options),
            )
            return _execute_for_papermill(nb, kernel_name, output_path, options, reporter, settings)
        finally:
            store.close()


def make_kernel_environment(settings: Settings, run_id: str) -> dict[str, str]:
    """Return the environment of a kernel whose flow runs belong to a notebook run."""
    return make_environment(
        DAGY_PARENT_RUN=run_id,
        DAGY_STATIC="1",
        DAGY_HOME=str(settings.home),
        PYDEVD_DISABLE_FILE_VALIDATION="1",
    )


def _execute_for_papermill(
    nb: Any,
    kernel_name: str,
    output_path: str | None,
    options: dict[str, Any],
    reporter: NotebookReporter,
    settings: Settings,
) -> Any:
    given = dict(nb.metadata.papermill.get("parameters") or {})
    language = nb.metadata.get("kernelspec", {}).get("language") or "python"
    check_parameters(nb, given, language)
    source = str(options.get("input_path") or "")
    plan = NotebookPlan(
        reporter=reporter,
        source=source,
        output=output_path,
        env=make_kernel_environment(settings, reporter.run_id),
        save_every=float(options.get("autosave_cell_every", 30)),
    )
    reporter.queue(Path(source), given, parent=settings.parent_run)
    try:
        return _execute(nb, kernel_name, plan, options)
    finally:
        reporter.end(RunState.FAILED)


def _execute(nb: Any, kernel_name: str, plan: NotebookPlan, options: dict[str, Any]) -> Any:
    from dagy_nb.schedules.execution import execute_plan

    return execute_plan(nb, kernel_name, plan, options)


def _read_timeouts(options: dict[str, Any]) -> Timeouts:
    """Return papermill's limits, and ours where somebody gives them as engine options."""
    names = {
        "start": "start_timeout",
        "cell": "execution_timeout",
        "run": "run_timeout",
        "silence": "silence_timeout",
    }
    return Timeouts(
        **{name: float(options[key]) for name, key in names.items() if options.get(key)}
    )
