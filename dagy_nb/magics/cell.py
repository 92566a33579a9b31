"""The shell and a magic's text in, the cell as `compile_cell` wants it out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagy_nb.nodes.cell import CellSource

UNKNOWN_PLACE = "kernel"
_KEPT = "_dagy_nb_running_cell"


def watch_cells(shell: Any) -> Callable[[Any], None]:
    """Remember what the shell tells of each cell before it runs it; return the callback."""

    def remember(info: Any) -> None:
        setattr(shell, _KEPT, info)

    shell.events.register("pre_run_cell", remember)
    return remember


def find_cell(shell: Any, line: str, body: str, options: Mapping[str, Any]) -> CellSource:
    """Return the cell that runs now, with the notebook it stands in.

    The source keeps the lines of the whole cell, its `%%` line included, under the file name that
    the shell gives the cell: tracebacks, breakpoints and `inspect` then find the line the user sees.
    """
    from dagy_nb.nodes.cell import CellSource

    info = getattr(shell, _KEPT, None)
    raw = _find_raw(info, body) or f"%%flownode {line}".rstrip() + f"\n{body}"
    blank = len(raw) - len(raw.lstrip("\n"))
    kept = getattr(info, "store_history", True)
    count = shell.execution_count - 1 if kept else shell.execution_count
    return CellSource(
        text=raw[blank:],
        place=str(shell.user_ns.get("__session__") or UNKNOWN_PLACE),
        execution_count=count,
        cell_id=getattr(info, "cell_id", None),
        options=options,
        filename=_name_file(shell, raw, blank, count),
        first_line=blank + 1,
    )


def _find_raw(info: Any, body: str) -> str:
    """Return the text as the user sees it, if this magic is the whole of it."""
    raw = str(getattr(info, "raw_cell", ""))
    is_whole = raw.lstrip().startswith("%%flownode") and raw.rstrip().endswith(body.rstrip())
    return raw if is_whole else ""


def _name_file(shell: Any, raw: str, blank: int, count: int) -> str:
    # With its first line as a comment the cell is Python, which the formatter of tracebacks parses.
    shown = f"{raw[:blank]}#{raw[blank:]}"
    return str(shell.compile.cache(shown, count, raw_code=raw))
