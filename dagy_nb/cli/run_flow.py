"""A flow's text and parameters in, a run in this process out."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.flows import import_modules, read_file
from dagy_nb.cli.screen import Bar, show_progress
from dagy_nb.errors import RunFailed
from dagy_nb.protocol.tables import list_nodes

if TYPE_CHECKING:
    from dagy_nb.model.record import RunRecord


def run_flow(
    file: Path,
    parameters: Mapping[str, str],
    *,
    modules: list[str],
    timeout: float | None,
    reuse: bool = False,
    force: Sequence[str] = (),
    keep: bool = False,
) -> Answer:
    """Run a flow's text in this process and wait for its end.

    Args:
        file: The text.
        parameters: Name → text of the value.
        modules: To import first, for their node types.
        timeout: Limit of the run in seconds.
        reuse: Take kept outputs where nothing changed.
        force: Ids of nodes that run all the same.
        keep: Keep the outputs of every node.

    Raises:
        UsageError: `usage.no_file`, `usage.import`.
        FlowTextError: With line and column.
        CheckFailed: A node type is not known here, or the flow does not fit.
        UnknownName: `unknown.node` for a forced node.
    """
    from dagy_nb.flowfile.expressions import read_parameter_texts
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.keeping import ask_keeping

    import_modules(modules)
    flow = Flow.from_spec(read_file(file))
    flow.session.registry.discover()
    values = read_parameter_texts(flow.spec, parameters)
    keeping = ask_keeping(flow.spec, reuse=reuse, force=force, keep=keep)
    handle = flow.start(values, timeout=timeout, keeping=keeping)
    error = None
    # What the nodes print is no part of the answer.
    with show_progress(flow.name) as bar, contextlib.redirect_stdout(sys.stderr):
        try:
            handle.wait(on_tick=lambda: _move(bar, handle.record))
        except RunFailed as failed:
            error = failed
    return Answer(data={"run": handle.record}, tables=(list_nodes(handle.record),), error=error)


def _move(bar: Bar, record: RunRecord) -> None:
    done = [each for each in record.nodes.values() if each.state.is_final]
    busy = [name for name, each in record.nodes.items() if each.state == "RUNNING"]
    bar.move(len(done), len(record.nodes), ", ".join(busy))
