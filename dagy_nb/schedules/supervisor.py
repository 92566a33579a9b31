"""A notebook, its kernel and its reporter in, one executed notebook out, with one certain end.

Runs on an event loop of its own. One coroutine walks through the cells; another watches the limits, the
kernel's process, requests to cancel, and the time to save. Whatever ends a run from outside its cells is
decided there, once, as a `Stop`; nothing is concluded from the notebook's metadata.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import nbformat
from nbclient.exceptions import CellExecutionError, DeadKernelError
from zmq import ZMQError

from dagy_nb.errors import DagyError, NotebookError
from dagy_nb.model.event import ErrorFact
from dagy_nb.model.state import NodeState, RunState
from dagy_nb.schedules.cell_error import describe_cell_error, is_quiet_exit, judge_cell_error
from dagy_nb.schedules.failures import FailedCell
from dagy_nb.schedules.limits import Stop, stop_by_cancel, stop_by_death, stop_by_limit

if TYPE_CHECKING:
    from dagy_nb.schedules.client import ReportingClient
    from dagy_nb.schedules.kernel import PrivateKernel
    from dagy_nb.schedules.marks import MarkedNotebook
    from dagy_nb.schedules.reporter import NotebookReporter

TICK = 0.05
ASK_STORE_EVERY = 0.5
SHUTDOWN_PATIENCE = 10.0


class Supervisor:
    """Executes one notebook.

    Args:
        client: Talks to the kernel.
        kernel: The kernel's process.
        marked: The notebook with its marks.
        reporter: Who is told.
    """

    def __init__(
        self,
        client: ReportingClient,
        kernel: PrivateKernel,
        marked: MarkedNotebook,
        reporter: NotebookReporter,
    ) -> None:
        self.client = client
        self.kernel = kernel
        self.marked = marked
        self.reporter = reporter
        self.stop: Stop | None = None
        self.began = time.monotonic()
        self.is_ready = False
        self.running: int | None = None
        self.cell_began = 0.0
        self.last_beat = 0.0

    async def run(self) -> None:
        """Execute all cells; return when the kernel is gone and the end is recorded.

        A cell that raises is told in the notebook and to the reporter, not raised: papermill raises for it.

        Raises:
            NotebookError: The run was ended from outside its cells, or ended itself with cells left.
        """
        self.reporter.start()
        work = asyncio.ensure_future(self._work())
        watch = asyncio.ensure_future(self._watch(work))
        asking = asyncio.ensure_future(self._ask_store())
        try:
            await asyncio.wait({work, watch}, return_when=asyncio.FIRST_COMPLETED)
            # A run that nobody watches could go on for ever: a broken watch ends it.
            if not work.done():
                self.kernel.kill()
                work.cancel()
                await asyncio.wait({work})
        finally:
            asking.cancel()
            await self._end_kernel(work)
        await watch
        self._conclude(work)

    # --- the cells -------------------------------------------------------------------------------

    async def _work(self) -> CellExecutionError | None:
        await self._start_kernel()
        for index, cell in enumerate(self.marked.nb.cells):
            self.marked.cell_start(cell, index)
            error = await self._run_cell(index, cell) if self._is_run(cell) else None
            self.marked.cell_complete(self.marked.nb.cells[index], cell_index=index)
            if error is not None:
                return error
        return None

    async def _start_kernel(self) -> None:
        try:
            await self.client.async_start_new_kernel(**self.kernel.options)
            self.kernel.note_process()
            await self.client.async_start_new_kernel_client()
            reply = await self.client.async_wait_for_reply(self.client.kc.kernel_info())
        except Exception as error:
            raise NotebookError(
                f"The kernel did not start: {error}.",
                code="notebook.kernel_start",
                suggestion="Start it by hand: jupyter console --kernel "
                f"{self.kernel.manager.kernel_name}.",
            ) from error
        if reply is not None:
            self.marked.nb.metadata["language_info"] = reply["content"]["language_info"]
        self.last_beat = time.monotonic()
        self.is_ready = True

    def _is_run(self, cell: Any) -> bool:
        tags = cell.metadata.get("tags", ())
        skipped = self.client.skip_cells_with_tag in tags
        return cell.cell_type == "code" and bool(cell.source.strip()) and not skipped

    async def _run_cell(self, index: int, cell: Any) -> CellExecutionError | None:
        self.running = index
        self.cell_began = self.client.last_message = time.monotonic()
        self.reporter.start_cell(index, cell.get("id", ""), cell.source)
        try:
            await self.client.async_execute_cell(cell, index)
        except CellExecutionError as error:
            self._note_failure(index, error)
            return error
        self.reporter.end_cell(index)
        self.running = None
        return None

    def _note_failure(self, index: int, error: CellExecutionError) -> None:
        cell = self.marked.nb.cells[index]
        self.running = None
        if is_quiet_exit(error) and not self._count_left(index):
            self.reporter.end_cell(index)
            return
        self.marked.cell_exception(cell, cell_index=index, exception=error)
        fact = describe_cell_error(cell, error)
        state = NodeState(judge_cell_error(fact).value)
        self.reporter.fail_cell(self._name_cell(index), state, fact)

    def _name_cell(self, index: int) -> FailedCell:
        cell = self.marked.nb.cells[index]
        return FailedCell(
            index=index,
            cell_id=cell.get("id", ""),
            execution_count=cell.get("execution_count"),
            source=cell.source,
        )

    def _count_left(self, index: int) -> int:
        return sum(map(self._is_run, self.marked.nb.cells[index + 1 :]))

    # --- the watch -------------------------------------------------------------------------------

    async def _watch(self, work: asyncio.Future[Any]) -> None:
        while not work.done():
            now = time.monotonic()
            self.stop = self._find_stop(now)
            if self.stop is not None:
                return
            self.marked.save_on_time(now)
            await asyncio.sleep(TICK)

    async def _ask_store(self) -> None:
        while self.reporter.cancelled_by is None:
            await asyncio.sleep(ASK_STORE_EVERY)
            with suppress(DagyError):
                asked = await asyncio.to_thread(
                    self.reporter.store.cancel_requested, self.reporter.run_id
                )
                if asked is not None:
                    self.reporter.cancel("another process")

    def _find_stop(self, now: float) -> Stop | None:
        if self.reporter.cancelled_by is not None:
            return stop_by_cancel(self.reporter.cancelled_by, late=self.reporter.is_late)
        if self.is_ready and self.kernel.is_dead:
            return stop_by_death(self.kernel.exit_code)
        for name, since in self._list_clocks(now):
            limit = getattr(self.reporter.timeouts, name)
            if limit is not None and now - since > limit:
                return stop_by_limit(name, limit)
        return None

    def _list_clocks(self, now: float) -> list[tuple[str, float]]:
        """Return the limits that are on, each with when its clock was started."""
        clocks = [("run", self.began)]
        if not self.is_ready:
            return [*clocks, ("start", self.began)]
        if self.client.kc is not None and self.client.kc.hb_channel.is_beating():
            self.last_beat = now
        clocks.append(("frozen", self.last_beat))
        if self.running is not None:
            clocks += [("cell", self.cell_began), ("silence", self.client.last_message)]
        return clocks

    # --- the end ---------------------------------------------------------------------------------

    async def _end_kernel(self, work: asyncio.Future[Any]) -> None:
        """Leave no process behind, however the run ended."""
        family = self.kernel.list_family()
        is_wanted = self.stop is None and work.done() and not work.cancelled()
        with suppress(TimeoutError, OSError, RuntimeError, ZMQError):
            await asyncio.wait_for(self._shut_down(now=not is_wanted), SHUTDOWN_PATIENCE)
        self.kernel.kill(family)
        self.kernel.remove_folder()

    async def _shut_down(self, *, now: bool) -> None:
        manager = self.kernel.manager
        if manager.has_kernel:
            await manager.shutdown_kernel(now=now)
        if self.client.kc is not None:
            self.client.kc.stop_channels()
            self.client.kc = None
        await manager.cleanup_resources()

    def _conclude(self, work: asyncio.Future[Any]) -> None:
        error = None if work.cancelled() else work.exception()
        if self.stop is None and isinstance(error, DeadKernelError):
            self.stop = stop_by_death(None)
        if self.stop is not None:
            self._mark_stopped(self.stop)
            raise self.stop.as_error()
        if error is not None:
            self._end_with(error)
            raise error
        failed = work.result()
        if failed is None or self.reporter.failed_cell is None:
            self.reporter.end(RunState.COMPLETED)
        else:
            self._end_failed(failed, self.reporter.failed_cell.index)

    def _mark_stopped(self, stop: Stop) -> None:
        if self.running is not None:
            cell = self.marked.nb.cells[self.running]
            cell.outputs.append(
                nbformat.v4.new_output(
                    "error", ename=stop.fact.type, evalue=str(stop.as_error()), traceback=[]
                )
            )
            self.marked.cell_exception(cell, cell_index=self.running)
            self.marked.cell_complete(cell, cell_index=self.running)
            self.reporter.fail_cell(self._name_cell(self.running), stop.cell_state, stop.fact)
        self.marked.nb.metadata.papermill["exception"] = True
        self.reporter.end_stopped(stop)

    def _end_failed(self, failed: CellExecutionError, index: int) -> None:
        left = self._count_left(index)
        if not is_quiet_exit(failed):
            fact = describe_cell_error(self.marked.nb.cells[index], failed)
            self.reporter.end(judge_cell_error(fact), fact)
            return
        error = NotebookError(
            f"A cell ended the notebook by sys.exit with {left} more to run.",
            code="notebook.stopped_early",
            suggestion="Put what follows under a condition instead.",
        )
        self._end_with(error)
        raise error

    def _end_with(self, error: BaseException) -> None:
        self.reporter.end(
            RunState.FAILED,
            ErrorFact(
                type=type(error).__name__,
                code=getattr(error, "code", "notebook.failed"),
                message=getattr(error, "reason", str(error)),
                suggestion=getattr(error, "suggestion", ""),
            ),
        )
