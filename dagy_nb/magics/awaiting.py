"""Transformed cell lines in, lines where `%flow run` and `%flow resume` are awaited out.

A line magic blocks the thread it runs in, and with it every message of a browser. Awaited, the same
line lets the kernel handle them while it waits, and an interrupt lands between two short sleeps. So
`%flow run …` at the top level of a cell becomes `await get_ipython().run_line_magic(…)`. Inside a
function, or in a cell that another magic runs (`%%time`), it stays the plain magic, which blocks.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from typing import Any

MAGIC = "flow"
COMMANDS = ("run", "resume")
AWAITED = "await"
AWAITED_QUIETLY = "await-quietly"
_MARKS = tuple(f"run_line_magic('{MAGIC}', '{each}" for each in COMMANDS)
_NO_AWAIT_INSIDE = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.GeneratorExp)

Transformer = Callable[[list[str]], list[str]]


def make_transformer(shell: Any) -> Transformer:
    """Return what goes into the shell's `input_transformers_post`."""

    def await_flow_runs(lines: list[str]) -> list[str]:
        if not shell.autoawait or not _runs_on_asyncio(shell) or _inside_cell():
            return lines
        return await_runs("".join(lines)).splitlines(keepends=True)

    return await_flow_runs


def await_runs(text: str) -> str:
    """Put `await` before each `%flow run` that may be awaited; other text stays as it is.

    Example:
        >>> await_runs("run = get_ipython().run_line_magic('flow', 'run delays')")
        "run = await get_ipython().run_line_magic('flow', 'await run delays')"
    """
    if not any(each in text for each in _MARKS):
        return text
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return text
    lines = text.splitlines(keepends=True)
    for call, word in reversed(list(_find_calls(tree))):
        _rewrite(lines, call, word)
    return "".join(lines)


def _find_calls(tree: ast.AST, *, bare: bool = False) -> Iterator[tuple[ast.Call, str]]:
    if isinstance(tree, _NO_AWAIT_INSIDE):
        return
    if isinstance(tree, ast.Call) and _is_flow_run(tree):
        yield tree, AWAITED_QUIETLY if bare else AWAITED
        return
    for child in ast.iter_child_nodes(tree):
        yield from _find_calls(child, bare=isinstance(tree, ast.Expr))


def _is_flow_run(call: ast.Call) -> bool:
    match call:
        case ast.Call(
            func=ast.Attribute(
                value=ast.Call(func=ast.Name(id="get_ipython")), attr="run_line_magic"
            ),
            args=[ast.Constant(value=str(magic)), ast.Constant(value=str(line))],
        ):
            return magic == MAGIC and (line.split() or [""])[0] in COMMANDS
    return False


def _rewrite(lines: list[str], call: ast.Call, word: str) -> None:
    # IPython writes each magic call on one line.
    number = call.lineno - 1
    data = lines[number].encode()
    before, middle = data[: call.col_offset].decode(), data[call.col_offset :].decode()
    middle = middle.replace(f"'{MAGIC}', '", f"'{MAGIC}', '{word} ", 1)
    lines[number] = f"{before}await {middle}"


def _runs_on_asyncio(shell: Any) -> bool:
    return shell.loop_runner is shell.loop_runner_map["asyncio"][0]


def _inside_cell() -> bool:
    """Whether a cell is already running on this stack: its loop cannot be entered twice."""
    caller = sys._getframe().f_back  # noqa: SLF001 - the stack is the only witness
    while caller is not None:
        if caller.f_code.co_name == "run_code" and "IPython" in caller.f_code.co_filename:
            return True
        caller = caller.f_back
    return False
