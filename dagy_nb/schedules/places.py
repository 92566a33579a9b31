"""Paths and a notebook's metadata in, what can be run and where it is saved out, or a coded refusal."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from dagy_nb.errors import NotebookError
from dagy_nb.model.nearest import suggest_names
from dagy_nb.schedules.papermill_import import import_nbformat


def read_notebook(path: Path) -> Any:
    """Return the notebook of a file, in the newest format.

    Raises:
        NotebookError: `notebook.not_found`, `notebook.unreadable`.
    """
    nbformat = import_nbformat()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NotebookError(
            f"There is no notebook {path}.",
            code="notebook.not_found",
            suggestion=_suggest_file(path),
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise _refuse_unreadable(path, error) from error
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:
        raise _refuse_unreadable(path, error) from error
    return notebook


def check_output(path: Path, source: Path) -> Path:
    """Return where the executed notebook is saved, absolute, if it can be.

    Raises:
        NotebookError: `notebook.output_is_input`, `notebook.output_unwritable`.
    """
    output = path.expanduser().absolute()
    if output.exists() and output.samefile(source):
        raise NotebookError(
            f"{path} is the notebook itself.",
            code="notebook.output_is_input",
            suggestion="Choose another output: the source stays as it is.",
        )
    if output.is_dir():
        raise _refuse_output(path, "it is a folder")
    if not output.parent.is_dir():
        raise _refuse_output(path, f"the folder {output.parent} does not exist")
    if output.exists() and not os.access(output, os.W_OK):
        raise _refuse_output(path, "it is write-protected")
    try:
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=".dagy-")
    except OSError as error:
        raise _refuse_output(path, error.strerror or str(error)) from error
    os.close(handle)
    Path(name).unlink()
    return output


def find_kernel(notebook: Any, name: str | None = None) -> tuple[str, str]:
    """Return the name and the language of the kernel a notebook asks for.

    Raises:
        NotebookError: `notebook.no_kernel`, naming those that are installed.
    """
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    manager = KernelSpecManager()
    wanted = name or notebook.metadata.get("kernelspec", {}).get("name") or "python3"
    try:
        spec = manager.get_kernel_spec(wanted)
    except NoSuchKernel:
        installed = sorted(manager.find_kernel_specs())
        raise NotebookError(
            f"The kernel {wanted!r} is not installed here.",
            code="notebook.no_kernel",
            suggestion=suggest_names(wanted, installed, what="installed kernels")
            + f" Installed: {', '.join(installed) or 'none'}.",
        ) from None
    return wanted, spec.language or "python"


def _refuse_unreadable(path: Path, error: Exception) -> NotebookError:
    words = str(error).strip().splitlines()
    return NotebookError(
        f"{path} is no notebook: {words[0] if words else type(error).__name__}.",
        code="notebook.unreadable",
        suggestion="Open it in JupyterLab and save it again.",
    )


def _refuse_output(path: Path, why: str) -> NotebookError:
    return NotebookError(
        f"The executed notebook cannot be saved as {path}: {why}.",
        code="notebook.output_unwritable",
        suggestion="Choose another output.",
    )


def _suggest_file(path: Path) -> str:
    folder = path.parent if path.parent.is_dir() else Path()
    names = sorted(each.name for each in folder.glob("*.ipynb"))
    return suggest_names(path.name, names, what=f"notebooks in {folder.absolute()}")
