"""`%%flow` and `%flow` in, drafts, runs and tables out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from IPython.display import display

from dagy_nb.errors import UsageError
from dagy_nb.magics.awaiting import AWAITED, AWAITED_QUIETLY
from dagy_nb.magics.commands import FLOW_COMMANDS, find_command
from dagy_nb.magics.flow_text import describe_flow
from dagy_nb.magics.opened import list_opened
from dagy_nb.magics.options import Words
from dagy_nb.magics.progress import RunView, choose_view
from dagy_nb.magics.tracebacks import clean_error, show_cleanly
from dagy_nb.protocol.tables import Table, list_diagnostics, list_versions, tell_count

if TYPE_CHECKING:
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.session.flow import Flow
    from dagy_nb.session.forecast import RunForecast
    from dagy_nb.session.handle import RunHandle
    from dagy_nb.session.result import RunResult


@magics_class
class FlowMagics(Magics):
    """What a user does with whole flows."""

    @cell_magic("flow")  # type: ignore[arg-type]
    @no_var_expand
    @show_cleanly
    def flow_cell(self, line: str, cell: str) -> Any:
        """Describe a flow as text: the cell *is* the flow.

        ```
        %%flow NAME [--show] [--node TYPE]
        parameters: {month: {type: integer, default: 1}}
        nodes:
          flights: {type: LoadFlights, config: {month: "${params.month}"}}
          late:    {type: late, config: {minutes: 30}, timeout: 5}
        edges:
          - flights.table -> late.flights
        ```

        Running the cell again changes the open flow in place: its editors follow, undo leads back.
        Text that is no flow fails the cell and says the line and column.

        With `--node TYPE` the flow is a node type too, for use inside other flows: its open inputs are
        the node's inputs, its last nodes' outputs are the node's outputs, its parameters the config.
        """
        return describe_flow(line, cell)

    @line_magic("flow")  # type: ignore[arg-type]
    @show_cleanly
    def flow_line(self, line: str) -> Any:
        """Run a flow, look at it, cancel it.

        ```
        %flow run NAME [-p NAME=VALUE]… [--background] [--timeout S] [--runner R] [--backend B]
                       [--reuse] [--force NODE]… [--keep] [--tap]
        %flow plan NAME [-p NAME=VALUE]… [--force NODE]…
        %flow resume RUN_ID [-p NAME=VALUE]… [--force NODE]… [--background]
        %flow backend NAME
        %flow show NAME
        %flow check NAME
        %flow cancel RUN_ID_OR_NAME [NODE]
        %flow versions NAME
        %flow export NAME [FILE] [--version N] [--overwrite]
        %flow list
        ```

        `%flow run` waits, shows each node's state, prints what the nodes print, and raises
        `RunFailed` where the run did not complete. `run = %flow run NAME` keeps the result,
        `handle = %flow run NAME --background` returns at once. An interrupt cancels the run.
        """
        name, _, rest = line.strip().partition(" ")
        if name in (AWAITED, AWAITED_QUIETLY):
            # The transformer put this word before `run`: the cell awaits what is returned here.
            command, _, more = rest.strip().partition(" ")
            words = FLOW_COMMANDS[command].read(more)
            return self._run_awaited(command, words, quiet=name == AWAITED_QUIETLY)
        if not name:
            return _list_commands()
        words = find_command(name).read(rest)
        return getattr(self, f"_{name}")(words)

    def _run(self, words: Words) -> Any:
        return self._wait_for(_STARTS["run"](words), words)

    def _resume(self, words: Words) -> Any:
        return self._wait_for(_STARTS["resume"](words), words)

    def _wait_for(self, handle: RunHandle, words: Words) -> Any:
        if words.get("background"):
            return _leave(handle)
        view = self._view(handle)
        try:
            return handle.wait(on_tick=lambda: view.show(handle.record))
        finally:
            view.finish(handle.record)

    def _run_awaited(self, command: str, words: Words, *, quiet: bool) -> Coroutine[Any, Any, Any]:
        async def run() -> Any:
            try:
                handle = _STARTS[command](words)
                if words.get("background"):
                    return _leave(handle)
                result = await _wait(handle, self._view(handle))
                return None if quiet else result
            except BaseException as error:
                clean_error(self.shell, error)
                raise

        return run()

    def _view(self, handle: RunHandle) -> RunView:
        from dagy_nb.session.current import current_session

        static = current_session().settings.static
        return choose_view(self.shell, _find_warnings(handle), static=static)

    def _plan(self, words: Words) -> RunForecast:
        flow, values = _read_run(words)
        return flow.forecast(values, force=words.get("force", ()))

    def _backend(self, words: Words) -> Any:
        return _load(words.names[0]).explain_backend()

    def _show(self, words: Words) -> Flow:
        return _load(words.names[0])

    def _check(self, words: Words) -> Table:
        flow = _load(words.names[0])
        return list_diagnostics(flow.check(), name=flow.name)

    def _cancel(self, words: Words) -> Table:
        name, node = (*words.names, "")[:2]
        flow = list_opened().get(name)
        if flow is None:
            return Table(columns=(), note=_cancel_run(name, node))
        live = [each for each in flow.runs if not each.done]
        for handle in live:
            handle.cancel(node, by="%flow cancel")
        told = ", ".join(each.run_id for each in live)
        note = f"Asked to cancel {told}." if told else f"No run of {name} is going on here."
        return Table(columns=(), note=note)

    def _versions(self, words: Words) -> Table:
        from dagy_nb.session.current import current_session

        store = current_session().store
        # Asking for the newest one refuses a name that nobody recorded.
        return list_versions(store.flow_versions(store.flow_version(words.names[0]).flow))

    def _export(self, words: Words) -> None:
        from dagy_nb.flowfile.files import save_flow_file
        from dagy_nb.flowfile.write import write_flow

        spec = _find_spec(words.names[0], words.get("version"))
        if len(words.names) == 1:
            print(write_flow(spec), end="")  # noqa: T201 - the command's answer
            return
        path = Path(words.names[1])
        if path.exists() and not words.get("overwrite"):
            raise UsageError(
                f"{path} is already there.",
                code="usage.file_exists",
                suggestion="Add --overwrite to replace it.",
            )
        save_flow_file(path, spec)
        print(f"Wrote {path}.")  # noqa: T201 - the command's answer

    def _list(self, words: Words) -> Table:
        from dagy_nb.session.current import current_session

        opened, session = list_opened(), current_session()
        known = dict.fromkeys(session.drafts.names(), "drawn")
        known |= {each.flow: str(each.version) for each in session.store.flow_versions()}
        rows = tuple(
            (
                name,
                tell_count(len(opened[name].spec.nodes), "node") if name in opened else "",
                known.get(name, ""),
            )
            for name in sorted({*opened, *known})
        )
        columns = ("flow", "open here", "newest version")
        return Table(columns=columns, rows=rows, note="" if rows else "There are no flows yet.")


def _start(words: Words) -> RunHandle:
    from dagy_nb.session.keeping import ask_keeping

    flow, values = _read_run(words)
    keeping = ask_keeping(
        flow.spec,
        reuse=bool(words.get("reuse")),
        force=words.get("force", ()),
        keep=bool(words.get("keep")),
        tap=bool(words.get("tap")),
    )
    return flow.start(
        values,
        timeout=words.get("timeout"),
        runner=words.get("runner"),
        backend=words.get("backend"),
        keeping=keeping,
    )


def _start_resumed(words: Words) -> RunHandle:
    from dagy_nb.flowfile.expressions import read_texts
    from dagy_nb.session.resume import find_resumed

    run_id = words.names[0]
    flow = find_resumed(run_id)
    values = read_texts(flow.spec, dict(words.get("parameter", ())))
    return flow.go_on(run_id, values, force=words.get("force", ()))


_STARTS = {"run": _start, "resume": _start_resumed}


def _cancel_run(run_id: str, node: str) -> str:
    """Cancel a run, here or elsewhere, and return what to say of it."""
    from dagy_nb.session.current import current_session

    session = current_session()
    run = session.store.run(run_id)
    if run.state.is_final:
        return f"Run {run.run_id} has already ended: {run.state}."
    session.cancel(run.run_id, node, by="%flow cancel")
    return f"Asked to cancel {run.run_id}."


def _leave(handle: RunHandle) -> RunHandle:
    """Return a handle that nobody waits for, and tell what the run's own view would tell."""
    warnings = _find_warnings(handle)
    if warnings:
        display(Table(columns=(), note=warnings))
    return handle


def _find_warnings(handle: RunHandle) -> str:
    from dagy_nb.session.remarks import tell_warnings

    flow = list_opened().get(handle.record.flow)
    if flow is None:
        return ""
    return tell_warnings(flow.spec, flow.check(), all_by=f"%flow check {flow.name}")


def _read_run(words: Words) -> tuple[Flow, dict[str, Any]]:
    from dagy_nb.flowfile.expressions import read_parameter_texts

    flow = _load(words.names[0])
    return flow, read_parameter_texts(flow.spec, dict(words.get("parameter", ())))


async def _wait(handle: RunHandle, view: RunView) -> RunResult:
    try:
        with contextlib.suppress(asyncio.CancelledError):
            return await handle.wait_async(on_tick=lambda: view.show(handle.record))
        # The cell was interrupted, which cancelled the run: that is what the user reads.
        return handle.wait(timeout=0.0)
    finally:
        view.finish(handle.record)


def _load(name: str) -> Flow:
    from dagy_nb.session.flow import Flow

    return Flow.load(name)


def _find_spec(name: str, version: int | None) -> FlowSpec:
    """Return a flow: a recorded version without opening it, else what is open."""
    from dagy_nb.session.current import current_session

    if version is None:
        return _load(name).spec
    return current_session().store.flow_version(name, version).spec


def _list_commands() -> Table:
    rows = tuple((str(each), each.about) for each in FLOW_COMMANDS.values())
    return Table(columns=("write", "to"), rows=rows)
