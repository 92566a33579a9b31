"""The command line in, one command's answer out: `dagy-nb`.

The commands stand in modules of their own, which import what they need when they run, so that
`dagy-nb --help` is quick.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from dagy_nb._version import __version__
from dagy_nb.cli import demo, doctor, flows, history, lab, run
from dagy_nb.cli.answer import Answer, ExitCode, answering, print_envelope
from dagy_nb.errors import UsageError


class Commands(TyperGroup):
    """The group of all commands; with `--json` wrong usage is an envelope too."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run the command that the arguments name."""
        words = list(sys.argv[1:] if args is None else args)
        if "--json" not in words:
            return super().main(args, *rest, **options)
        try:
            code = super().main(args, *rest, **{**options, "standalone_mode": False})
        except Exception as error:
            tell = getattr(error, "format_message", None)
            if tell is None:
                raise
            wrong = UsageError(tell(), suggestion="See dagy-nb --help.")
            print_envelope(
                next((each for each in words if each[:1] != "-"), ""), Answer(error=wrong)
            )
            sys.exit(ExitCode.WRONG_INPUT)
        sys.exit(code if isinstance(code, int) else ExitCode.OK)


app = typer.Typer(
    name="dagy-nb",
    cls=Commands,
    help="Typed flows in notebooks: run them, look back at them.",
    epilog="Exit codes: 0 ok, 1 the run failed, 2 wrong usage or input, 3 cannot reach what it needs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

for _command in (
    demo.demo,
    run.run,
    history.runs,
    history.show,
    history.logs,
    history.cancel,
    flows.flows,
    flows.versions,
    flows.export,
    flows.check,
    doctor.doctor,
    lab.lab,
):
    app.command()(answering(_command))


def _print_version(asked: bool) -> None:
    if asked:
        sys.stdout.write(f"dagy-nb {__version__}\n")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Typed flows in notebooks: run them, look back at them."""
