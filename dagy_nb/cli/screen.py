"""Tables, errors and progress in, a terminal's screen (or plain piped text) out."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table as RichTable
from rich.text import Text

from dagy_nb.errors import DagyError
from dagy_nb.protocol.tables import Table

_STYLES = {
    "RUNNING": "cyan",
    "RETRYING": "yellow",
    "COMPLETED": "green",
    "FAILED": "bold red",
    "TIMED_OUT": "bold red",
    "CANCELLED": "yellow",
    "SKIPPED": "dim",
    "ok": "green",
    "warn": "yellow",
    "fail": "bold red",
    "error": "bold red",
    "warning": "yellow",
}


class Bar(Protocol):
    """A progress bar, or nothing where nobody watches."""

    def move(self, done: int, total: int, text: str) -> None:
        """Show how far it is."""


def print_table(table: Table) -> None:
    """Print a table: drawn on a terminal, plain where it is piped."""
    console = Console()
    if not console.is_terminal:
        text = repr(table)
        if text:
            sys.stdout.write(f"{text}\n")
        return
    if table.rows:
        console.print(_draw(table))
    elif table.title:
        console.print(Text(table.title, style="bold"))
    if table.note:
        console.print(Text(table.note, style="dim" if table.rows else ""))


def print_note(text: str) -> None:
    """Print a line for the person before the terminal, on stderr."""
    Console(stderr=True).print(Text(text), soft_wrap=True)


def print_error(error: DagyError) -> None:
    """Print what went wrong and what to do next, on stderr."""
    console = Console(stderr=True)
    console.print(Text.assemble(("Error ", "bold red"), (error.code, "red")), soft_wrap=True)
    console.print(Text(error.reason.strip()), soft_wrap=True)
    if error.suggestion:
        console.print(Text(error.suggestion, style="cyan"), soft_wrap=True)


@contextmanager
def show_progress(what: str) -> Iterator[Bar]:
    """Show a bar on stderr while the block runs, where that is a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _NoBar()
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[text]}", style="dim"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _RichBar(progress, what)


class _NoBar:
    def move(self, done: int, total: int, text: str) -> None:
        """Show nothing."""


class _RichBar:
    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._row = progress.add_task(what, total=None, text="")

    def move(self, done: int, total: int, text: str) -> None:
        """Show how far it is."""
        self._progress.update(self._row, completed=done, total=total or None, text=text)


def _draw(table: Table) -> RichTable:
    drawn = RichTable(title=table.title or None, box=box.SIMPLE_HEAD, title_justify="left")
    for heading in table.columns:
        # Ids and states are never broken over two lines; words may be.
        free = heading in {"error", "what happened", "what", "what to do", "reason", "value"}
        drawn.add_column(heading, overflow="fold", no_wrap=not free)
    for row in table.rows:
        drawn.add_row(*(Text(text, style=_STYLES.get(text.split(" ", 1)[0], "")) for text in row))
    return drawn
