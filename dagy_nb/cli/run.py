"""A notebook or a flow's text in, its run out: `run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dagy_nb.cli.answer import Answer
from dagy_nb.cli.flows import Modules
from dagy_nb.cli.run_flow import Wishes, run_flow
from dagy_nb.cli.run_notebook import run_notebook_file
from dagy_nb.errors import UsageError
from dagy_nb.model.spec import RunnerName

_OF_NOTEBOOK = frozenset({"output", "cell_timeout"})
_OF_TEXT = frozenset({"modules", "runner", "backend", "reuse", "force", "keep", "tap"})

_NOTEBOOK, _TEXT = "Options for a notebook", "Options for a flow's text"

Parameters = Annotated[
    list[str] | None,
    typer.Option("-p", "--parameter", metavar="NAME=VALUE", help="A value of a parameter."),
]


def run(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A notebook, or a flow's text.")],
    parameter: Parameters = None,
    timeout: Annotated[
        float | None, typer.Option("--timeout", min=0.001, metavar="S", help="Limit of the run.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Where the executed notebook goes.", rich_help_panel=_NOTEBOOK
        ),
    ] = None,
    cell_timeout: Annotated[
        float | None,
        typer.Option(
            "--cell-timeout",
            min=0.001,
            metavar="S",
            help="Of each cell.",
            rich_help_panel=_NOTEBOOK,
        ),
    ] = None,
    modules: Modules = None,
    runner: Annotated[
        RunnerName | None, typer.Option("--runner", help="Where bodies run.", rich_help_panel=_TEXT)
    ] = None,
    backend: Annotated[
        str | None,
        typer.Option("--backend", help="Where the whole run goes.", rich_help_panel=_TEXT),
    ] = None,
    reuse: Annotated[
        bool,
        typer.Option(
            "--reuse", help="Take kept outputs where nothing changed.", rich_help_panel=_TEXT
        ),
    ] = False,
    force: Annotated[
        list[str] | None,
        typer.Option(
            "--force", metavar="NODE", help="Run this node all the same.", rich_help_panel=_TEXT
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the outputs of every node.", rich_help_panel=_TEXT)
    ] = False,
    tap: Annotated[
        bool, typer.Option("--tap", help="Keep the inputs of every node.", rich_help_panel=_TEXT)
    ] = False,
) -> Answer:
    """Run a notebook (.ipynb) or a flow's text (.yaml), record it, and say how it ended.

    A flow's text needs node types that can be imported: from installed plug-ins, or from modules
    named by --import. A notebook brings its own.
    """
    values = dict(read_assignment(each) for each in parameter or [])
    if file.suffix == ".ipynb":
        _refuse_unfit(context, _OF_TEXT, "a notebook")
        return run_notebook_file(
            file, values, output=output, timeout=timeout, cell_timeout=cell_timeout
        )
    if file.suffix in {".yaml", ".yml"}:
        _refuse_unfit(context, _OF_NOTEBOOK, "a flow's text")
        wishes = Wishes(reuse=reuse, force=tuple(force or ()), keep=keep, tap=tap)
        return run_flow(
            file,
            values,
            modules=modules or [],
            timeout=timeout,
            runner=runner,
            backend=backend,
            wishes=wishes,
        )
    raise UsageError(
        f"{file} is neither a notebook nor a flow's text.",
        code="usage.file_kind",
        suggestion="Give a file that ends in .ipynb, .yaml or .yml.",
    )


def _refuse_unfit(context: typer.Context, names: frozenset[str], what: str) -> None:
    """Refuse options that would say nothing here, rather than drop them."""
    for option in context.command.params:
        if option.name in names and context.params.get(option.name):
            raise UsageError(
                f"{option.opts[-1]} says nothing about {what}.",
                code="usage.option_unfit",
                suggestion="Leave it out; dagy-nb run --help tells what each option is for.",
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
