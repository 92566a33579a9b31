"""A plan and a notebook in, the executed notebook out: client, kernel, watch and marks put together."""

from __future__ import annotations

from typing import Any

from dagy_nb.schedules.client import ReportingClient
from dagy_nb.schedules.kernel import PrivateKernel
from dagy_nb.schedules.marks import MarkedNotebook
from dagy_nb.schedules.plan import NotebookPlan
from dagy_nb.schedules.supervisor import Supervisor
from dagy_nb.schedules.waiting import run_apart


def execute_plan(nb: Any, kernel_name: str, plan: NotebookPlan, options: dict[str, Any]) -> Any:
    """Execute a notebook, save it, record it, and wait until its kernel is gone.

    Args:
        nb: The notebook, parameters already put in.
        kernel_name: The kernel.
        plan: What was decided.
        options: Further options of papermill: progress_bar, log_output, stdout_file, stderr_file.

    Raises:
        NotebookError: The run was ended from outside its cells, or ended itself with cells left.
    """
    nb.metadata.papermill["input_path"] = plan.source
    if plan.output is not None:
        nb.metadata.papermill["output_path"] = plan.output
    marked = MarkedNotebook(
        nb,
        output=plan.output,
        save_every=plan.save_every,
        progress_bar=options.get("progress_bar", False),
        log_output=options.get("log_output", False),
    )
    marked.notebook_start()
    marked.save_now()
    try:
        run_apart(lambda: _supervise(kernel_name, marked, plan, options), plan.reporter.cancel)
    finally:
        marked.notebook_complete()
    return marked.nb


async def _supervise(
    kernel_name: str, marked: MarkedNotebook, plan: NotebookPlan, options: dict[str, Any]
) -> None:
    kernel = PrivateKernel(kernel_name, env=plan.env, cwd=plan.cwd, this_python=plan.this_python)
    kept = {key: options[key] for key in ("stdout_file", "stderr_file") if options.get(key)}
    client = ReportingClient(
        marked,
        kernel=kernel,
        reporter=plan.reporter,
        log_output=bool(options.get("log_output")),
        **kept,
    )
    await Supervisor(client, kernel, marked, plan.reporter).run()
