"""What a command found in, a screen of tables or one JSON envelope out, and the exit code.

With `--json` every command prints exactly one JSON object on stdout, failed or not:

```json
{"ok": false, "command": "run", "version": "0.1.0", "data": {…},
 "error": {"code": "run.failed", "reason": "…", "suggestion": "…"}}
```

`error` is null where `ok` is true. What `data` holds is the command's own; it is null where there is
nothing. Progress and notes go to stderr. Exit codes: see `ExitCode`.
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Any

import typer

from dagy_nb._version import __version__
from dagy_nb.cli.screen import print_error, print_table
from dagy_nb.errors import DagyError, RunFailed, StoreError
from dagy_nb.protocol.tables import Table

_JSON = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]


class ExitCode(IntEnum):
    """What the shell hears."""

    OK = 0
    RUN_FAILED = 1
    WRONG_INPUT = 2
    OUT_OF_REACH = 3


# Codes of what the machine lacks; a notebook's other codes speak of what the user gave.
_UNREACHED = frozenset(
    {"notebook.no_kernel", "notebook.kernel_start", "notebook.output_unwritable"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command found.

    Attributes:
        data: For `--json`: plain values, mappings, dataclasses, models.
        tables: For the screen.
        text: For the screen, after the tables, as it is.
        error: What went wrong although there is something to show.
    """

    data: Any = None
    tables: tuple[Table, ...] = ()
    text: str = ""
    error: DagyError | None = None


def choose_exit(error: DagyError) -> ExitCode:
    """Return the exit code of an error."""
    if isinstance(error, RunFailed):
        return ExitCode.RUN_FAILED
    if isinstance(error, StoreError):
        return ExitCode.OUT_OF_REACH
    if error.code in _UNREACHED or error.code.startswith("reach."):
        return ExitCode.OUT_OF_REACH
    return ExitCode.WRONG_INPUT


def answering(command: Callable[..., Answer]) -> Callable[..., None]:
    """Turn a function that returns an `Answer` into a command with `--json` and exit codes."""

    @functools.wraps(command)
    def call(*args: Any, json: bool = False, **kwargs: Any) -> None:
        name = command.__name__.strip("_").removeprefix("do_").replace("_", "-")
        try:
            answer = command(*args, **kwargs)
        except DagyError as error:
            answer = Answer(error=error)
        if json:
            print_envelope(name, answer)
        else:
            _print(answer)
        if answer.error is not None:
            raise typer.Exit(choose_exit(answer.error))

    signature = inspect.signature(command, eval_str=True)
    option = inspect.Parameter(
        "json", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_JSON
    )
    call.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), option]
    )
    call.__annotations__ = {
        each.name: each.annotation
        for each in call.__signature__.parameters.values()  # type: ignore[attr-defined]
    }
    return call


def print_envelope(command: str, answer: Answer) -> None:
    """Print the JSON object of a command on stdout."""
    error = answer.error
    envelope = {
        "ok": error is None,
        "command": command,
        "version": __version__,
        "data": answer.data,
        "error": None
        if error is None
        else {"code": error.code, "reason": error.reason, "suggestion": error.suggestion},
    }
    sys.stdout.write(f"{_write_json(envelope)}\n")


def _write_json(value: Any) -> str:
    """Return JSON that any program reads: NaN and infinities, which Python writes bare, as texts."""
    text = json.dumps(value, default=_plain, ensure_ascii=False, indent=2)
    if "NaN" not in text and "Infinity" not in text:
        return text
    return json.dumps(json.loads(text, parse_constant=str), ensure_ascii=False, indent=2)


def _print(answer: Answer) -> None:
    for table in answer.tables:
        print_table(table)
    if answer.text:
        sys.stdout.write(answer.text if answer.text.endswith("\n") else f"{answer.text}\n")
    if answer.error is not None:
        print_error(answer.error)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
