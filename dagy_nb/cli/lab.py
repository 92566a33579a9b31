"""A folder in, JupyterLab on its notebooks out: `lab`."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.screen import print_note
from dagy_nb.errors import DagyError, UsageError
from dagy_nb.protocol.tables import Table

FOLDER = "notebooks"
PACKAGED = Path(__file__).parent.parent / "demo_notebooks"
CHECKOUT = Path(__file__).parent.parent.parent / FOLDER


def lab(
    folder: Annotated[
        Path | None, typer.Argument(help="Where to open it; notebooks are copied there.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser.")] = True,
) -> Answer:
    """Open JupyterLab on the example notebooks, or on a folder of yours."""
    command = find_lab()
    place = folder if folder is not None else copy_notebooks(Path(FOLDER))
    if not place.is_dir():
        raise UsageError(
            f"{place} is no folder.", code="usage.no_folder", suggestion="Make it first."
        )
    arguments = [*command, f"--ServerApp.root_dir={place.resolve()}"]
    if not browser:
        arguments.append("--no-browser")
    print_note(f"JupyterLab on {place}; stop it with Ctrl+C.")
    code = subprocess.run(arguments, check=False).returncode
    note = f"JupyterLab ended with exit code {code}."
    return Answer(data={"exit_code": code}, tables=(Table(columns=(), note=note),))


def find_lab() -> list[str]:
    """Return the command that starts JupyterLab.

    Raises:
        DagyError: `reach.lab` where it is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise DagyError(
            "JupyterLab is not installed in this environment.",
            code="reach.lab",
            suggestion='Install it: python -m pip install "dagy_nb[lab]"',
        )
    return [sys.executable, "-m", "jupyterlab"]


def find_notebooks() -> Path:
    """Return the folder of the example notebooks: in the package, or in the checkout.

    Raises:
        DagyError: `reach.notebooks`.
    """
    for place in (PACKAGED, CHECKOUT):
        if any(place.glob("*.ipynb")):
            return place
    raise DagyError(
        "The example notebooks are not where they belong.",
        code="reach.notebooks",
        suggestion="Install dagy_nb again.",
    )


def copy_notebooks(target: Path) -> Path:
    """Copy the example notebooks into `target`; what is already there stays as it is."""
    target.mkdir(parents=True, exist_ok=True)
    for notebook in sorted(find_notebooks().glob("*.ipynb")):
        if not (target / notebook.name).exists():
            shutil.copyfile(notebook, target / notebook.name)
    return target
