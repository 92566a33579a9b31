"""A flow's text and parameters in, a run in this process out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.flows import import_modules
from dagy_nb.cli.screen import Bar, print_note, show_progress
from dagy_nb.errors import DagyError, RunFailed, RunUnfinished
from dagy_nb.model.diagnostic import Severity
from dagy_nb.protocol.tables import list_nodes

if TYPE_CHECKING:
    from dagy_nb.model.record import RunRecord
    from dagy_nb.session.handle import RunHandle


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What a run takes from earlier ones and keeps for later ones.

    Attributes:
        reuse: Take kept outputs where nothing changed.
        force: Ids of nodes that run all the same.
        keep: Keep the outputs of every node.
        tap: Keep the inputs of every node.
    """

    reuse: bool = False
    force: tuple[str, ...] = ()
    keep: bool = False
    tap: bool = False


def run_flow(
    file: Path,
    parameters: Mapping[str, str],
    *,
    modules: list[str],
    timeout: float | None = None,
    runner: str | None = None,
    backend: str | None = None,
    wishes: Wishes,
) -> Answer:
    """Run a flow's text in this process and wait for its end.

    Args:
        file: The text.
        parameters: Name → text of the value.
        modules: To import first, for their node types.
        timeout: Limit of the run in seconds.
        runner: Where all bodies run.
        backend: Where the whole run goes.
        wishes: What is reused and kept.

    Raises:
        UsageError: `usage.import`.
        FlowTextError: With line and column.
        FlowError: `flow.unreadable`; `parameter.*`.
        CheckFailed: A node type is not known here, or the flow does not fit.
        UnknownName: `unknown.node` for a forced node, `unknown.backend`.
        BackendError: The run cannot go to its backend.
    """
    from dagy_nb.flowfile.expressions import read_parameter_texts
    from dagy_nb.flowfile.files import load_flow_file
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.keeping import ask_keeping

    import_modules(modules)
    flow = Flow.from_spec(load_flow_file(file))
    flow.session.registry.discover()
    values = read_parameter_texts(flow.spec, parameters)
    keeping = ask_keeping(flow.spec, **asdict(wishes))
    handle = flow.start(values, timeout=timeout, runner=runner, backend=backend, keeping=keeping)
    warnings = [each for each in flow.check() if each.severity is Severity.WARNING]
    for each in warnings:
        print_note(str(each))
    error: DagyError | None = None
    # What the nodes print is no part of the answer.
    with show_progress(flow.name) as bar, contextlib.redirect_stdout(sys.stderr):
        try:
            handle.wait(on_tick=lambda: _move(bar, handle.record))
        except RunFailed as failed:
            error = failed
        except KeyboardInterrupt:
            # The wait has cancelled the run and gave it a moment to end: how it ended is the answer.
            error = _find_error(handle)
    record = handle.record
    data = {"run": record, "warnings": warnings}
    return Answer(data=data, tables=(list_nodes(record),), error=error)


def _find_error(handle: RunHandle) -> DagyError | None:
    try:
        handle.wait(timeout=0.0)
    except (RunFailed, RunUnfinished) as error:
        return error
    return None


def _move(bar: Bar, record: RunRecord) -> None:
    done = [each for each in record.nodes.values() if each.state.is_final]
    busy = [name for name, each in record.nodes.items() if each.state == "RUNNING"]
    bar.move(len(done), len(record.nodes), ", ".join(busy))
