"""A notebook or a flow's text in, its run out: `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.flows import Modules
from dagy_nb.cli.run_flow import run_flow
from dagy_nb.cli.run_notebook import run_notebook_file
from dagy_nb.errors import UsageError

Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A value of a parameter."),
]


def run(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A notebook, or a flow's text.")],
    parameter: Parameters = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Where the run notebook goes.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, metavar="S", help="Limit of the run.")
    ] = None,
    cell_timeout: Annotated[
        float | None, typer.Option("--cell-timeout", min=0.001, metavar="S", help="Of each cell.")
    ] = None,
    modules: Modules = None,
    reuse: Annotated[
        bool,
        typer.Option("--reuse", help="Take kept outputs where nothing changed (a flow's text)."),
    ] = False,
    force: Annotated[
        list[str] | None,
        typer.Option("--force", metavar="NODE", help="Run this node all the same."),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the outputs of every node (a flow's text).")
    ] = False,
) -> Answer:
    """Run a notebook (.ipynb) or a flow's text (.yaml), record it, and say how it ended.

    A flow's text needs node types that can be imported: from installed plug-ins, or from modules
    named by --import. A notebook brings its own.
    """
    values = dict(read_assignment(each) for each in parameter or [])
    if file.suffix == ".ipynb":
        return run_notebook_file(
            file, values, output=output, timeout=timeout, cell_timeout=cell_timeout
        )
    if file.suffix in {".yaml", ".yml"}:
        return run_flow(
            file,
            values,
            modules=modules or [],
            timeout=timeout,
            reuse=reuse,
            force=force or (),
            keep=keep,
        )
    raise UsageError(
        f"{file} is neither a notebook nor a flow's text.",
        code="usage.file_kind",
        suggestion="Give a file that ends in .ipynb, .yaml or .yml.",
    )


def read_assignment(text: str) -> tuple[str, str]:
    """Read `month=2` as a name and the text of its value.

    Raises:
        UsageError: `usage.option_value`.
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise UsageError(
            f"-p {text}: there is no name and value.",
            code="usage.option_value",
            suggestion="Write -p NAME=VALUE, such as -p month=2.",
        )
    return name, value
