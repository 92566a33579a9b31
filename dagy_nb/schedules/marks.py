"""A notebook while it runs in, true papermill marks in its metadata and atomic saves of its file out."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from papermill.engines import NotebookExecutionManager
from papermill.iorw import write_ipynb

from dagy_nb.errors import NotebookError
from dagy_nb.wholefile import write_whole

SAVE_EVERY = 5.0
logger = logging.getLogger(__name__)


class MarkedNotebook(NotebookExecutionManager):
    """Keeps papermill's marks, without its two habits: saving at every cell, and lying at the end.

    papermill marks every cell `completed` that never ran when a run breaks off; here it stays `pending`.

    Args:
        nb: The notebook.
        output: Where it is saved: a path, or an address that papermill's handlers know; None saves nothing.
        save_every: Seconds between two saves while it runs; 0 saves at the end only.
        options: As papermill gives them.
    """

    def __init__(
        self, nb: Any, *, output: str | None, save_every: float = SAVE_EVERY, **options: Any
    ) -> None:
        super().__init__(nb, output_path=output, **options)
        self.save_every = save_every
        self._next_save = 0.0
        self.trouble: OSError | None = None

    def save(self, **kwargs: Any) -> None:
        """Do nothing: papermill asks for this twice a cell."""

    def autosave_cell(self, **kwargs: Any) -> None:
        """Do nothing: the watch over the run saves on time."""

    def save_on_time(self, now: float) -> None:
        """Save if it is time to; slow saves become rarer, a failed one is tried again."""
        if not self.save_every or now < self._next_save:
            return
        try:
            self.save_now()
        except OSError as error:
            if self.trouble is None:
                logger.warning("%s cannot be saved now: %s", self.output_path, error)
            self.trouble = error
        cost = (self.now() - self.last_save_time).total_seconds()
        self._next_save = now + max(self.save_every, 20 * cost)

    def save_now(self) -> None:
        """Save in one step: a reader sees the old file or the new one, never half of it."""
        self.last_save_time = self.now()
        if self.output_path is None:
            return
        if "://" in self.output_path or self.output_path == "-":
            write_ipynb(self.nb, self.output_path)
            return
        save_notebook(self.nb, Path(self.output_path))

    def notebook_complete(self, **kwargs: Any) -> None:
        """Write the run's end into the metadata, and save.

        Raises:
            NotebookError: `notebook.output_unwritable`.
        """
        self.end_time = self.now()
        marks = self.nb.metadata.papermill
        marks["end_time"] = self.end_time.isoformat()
        if self.start_time is not None:
            marks["duration"] = (self.end_time - self.start_time).total_seconds()
        self.cleanup_pbar()
        try:
            self.save_now()
        except OSError as error:
            raise NotebookError(
                f"The notebook ran, but cannot be saved as {self.output_path}: {error}.",
                code="notebook.output_unwritable",
                suggestion="Make room, or choose another output; the run is recorded.",
            ) from error


def save_notebook(notebook: Any, path: Path) -> None:
    """Write a notebook file in one step."""
    import nbformat

    write_whole(path, nbformat.writes(notebook).encode())
