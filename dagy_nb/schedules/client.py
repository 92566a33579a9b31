"""Messages of a kernel in, outputs in the notebook and lines in the record out."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from papermill.clientwrap import PapermillNotebookClient

if TYPE_CHECKING:
    from dagy_nb.schedules.kernel import PrivateKernel
    from dagy_nb.schedules.marks import MarkedNotebook
    from dagy_nb.schedules.reporter import NotebookReporter

# What nbclient logs as errors, the run's own error says in better words.
_log = logging.getLogger("dagy_nb.schedules.nbclient")
_log.setLevel(logging.CRITICAL)


class ReportingClient(PapermillNotebookClient):
    """papermill's client, which tells the reporter what cells put out.

    Args:
        marked: The notebook.
        kernel: Where its cells run.
        reporter: Who is told.
        options: Further options of papermill's client.

    Attributes:
        last_message: When the kernel's last message came, on the monotonic clock.
    """

    def __init__(
        self,
        marked: MarkedNotebook,
        *,
        kernel: PrivateKernel,
        reporter: NotebookReporter,
        **options: Any,
    ) -> None:
        options = {"store_widget_state": False, "iopub_timeout": 60, **options}
        super().__init__(
            marked, km=kernel.manager, kernel_name=kernel.manager.kernel_name, log=_log, **options
        )
        self.reporter = reporter
        self.last_message = time.monotonic()

    def process_message(self, msg: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Put a message into the notebook, and its text into the record."""
        self.last_message = time.monotonic()
        if msg["msg_type"] == "stream":
            content = msg["content"]
            self.reporter.write(content["name"].upper(), content["text"])
        return super().process_message(msg, *args, **kwargs)
