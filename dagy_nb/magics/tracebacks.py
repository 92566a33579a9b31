"""An error of a magic in, a traceback that shows the user's lines and none of ours out.

An error that leaves a magic carries the frames of IPython's call, of this package and of the engine
around the line that matters. IPython asks an exception for `_render_traceback_` before it formats
it, so each error takes its own trimmed view along; the error itself, and with it the cell's status,
stays what it is. Errors of this package have that view wherever a cell raises them, in a magic or in
plain Python; others have it where they leave a magic.
"""

from __future__ import annotations

import functools
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, ParamSpec, TypeVar

import IPython

from dagy_nb.errors import CellSyntaxError, DagyError, DefinitionError, RunFailed

P = ParamSpec("P")
T = TypeVar("T")

_OURS = str(Path(__file__).parent.parent) + "/"
_IPYTHON = str(Path(IPython.__file__).parent) + "/"
_STDLIB = sysconfig.get_path("stdlib") + "/"
_EXPECTED = (DagyError, KeyboardInterrupt)
_SITE = ("site-packages", "dist-packages")
_ASKED = "_render_traceback_"
_LEFT_MAGIC = "_left_magic"


def shorten_errors(shell: Any) -> None:
    """Let every error of this package show the user's lines only, wherever a cell raises it."""
    setattr(DagyError, _ASKED, lambda error: render_error(shell, error))


def leave_errors() -> None:
    """Let errors of this package show themselves as all others do."""
    if _ASKED in vars(DagyError):
        delattr(DagyError, _ASKED)


def show_cleanly(method: Callable[P, T]) -> Callable[P, T]:
    """Make the errors that leave a magic (a method of an object with `.shell`) show user's lines."""

    @functools.wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        shell = args[0].shell  # type: ignore[attr-defined]
        try:
            return method(*args, **kwargs)
        except CellSyntaxError as error:
            recast = recast_syntax_error(shell, error)
        except BaseException as error:
            clean_error(shell, error)
            raise
        raise recast

    return call


def clean_error(shell: Any, error: BaseException) -> None:
    """Let `error`, which leaves a magic, show itself without frames of ours."""
    try:
        setattr(error, _LEFT_MAGIC, True)
        if not isinstance(error, DagyError):
            setattr(error, _ASKED, lambda: render_error(shell, error))
    except (AttributeError, TypeError):
        # An exception made in C may hold no attributes; it is then shown whole.
        return


def recast_syntax_error(shell: Any, error: CellSyntaxError) -> DefinitionError:
    """Return the error that shows as Python's own, with the cell's line and mark.

    IPython shows any `SyntaxError` that leaves a magic with all frames around it, and asks no
    `_render_traceback_`; so what is raised is no `SyntaxError`, and only looks like one.
    """
    lines = shell.SyntaxTB.structured_traceback(SyntaxError, error, [])
    recast = DefinitionError(
        f"The cell is not Python: line {error.lineno}: {error.msg}.", code=error.code
    )
    recast._render_traceback_ = lambda: _as_lines(lines)  # type: ignore[attr-defined]
    return recast


def render_error(shell: Any, error: BaseException) -> list[str]:
    """Return the lines that IPython shows for `error`."""
    _trim_causes(error)
    left_magic = getattr(error, _LEFT_MAGIC, False)
    shown = trim_traceback(_skip_caller(error.__traceback__) if left_magic else error.__traceback__)
    if shown is None and isinstance(error, _EXPECTED) and error.__cause__ is None:
        return _as_lines(shell.InteractiveTB.get_exception_only(type(error), error))
    if shown is None and not isinstance(error, _EXPECTED):
        # A fault of ours: every frame is wanted.
        shown = error.__traceback__
    return _as_lines(
        shell.InteractiveTB.structured_traceback(type(error), error, shown, tb_offset=0)
    )


def trim_traceback(traceback: TracebackType | None) -> TracebackType | None:
    """Return the traceback without frames of this package and IPython, and what of Python's own they call.

    Frames of the standard library stay where the user's code leads into it.
    """
    kept: list[TracebackType] = []
    below_ours = True
    for each in _walk(traceback):
        file = _file_of(each)
        if file.startswith((_OURS, _IPYTHON)):
            below_ours = True
        elif not (below_ours and _is_stdlib(file)):
            kept.append(each)
            below_ours = False
    trimmed = None
    for each in reversed(kept):
        trimmed = TracebackType(trimmed, each.tb_frame, each.tb_lasti, each.tb_lineno or -1)
    return trimmed


def _trim_causes(error: BaseException) -> None:
    """Leave in the causes what leads to the user's code.

    Where an error of ours tells what a library could not do, such as reaching a cluster, the library's
    own frames say nothing more. A run fails by its nodes' code, wherever that stands.
    """
    above = error
    for cause in _walk_causes(error):
        trimmed = trim_traceback(cause.__traceback__)
        is_told = isinstance(above, DagyError) and not isinstance(above, RunFailed)
        shown = None if is_told and not _leads_to_user(trimmed) else trimmed
        BaseException.with_traceback(cause, shown)  # a frozen dataclass lets nobody set it
        above = cause if isinstance(cause, DagyError) else above


def _leads_to_user(traceback: TracebackType | None) -> bool:
    files = map(_file_of, _walk(traceback))
    return any(not _is_stdlib(each) and not any(part in each for part in _SITE) for each in files)


def _skip_caller(traceback: TracebackType | None) -> TracebackType | None:
    """Drop the cell's line that calls the magic: it shows IPython's translation of it."""
    ours = (each for each in _walk(traceback) if _file_of(each).startswith(_OURS))
    return next(ours, traceback)


def _walk_causes(error: BaseException) -> Iterator[BaseException]:
    seen = {id(error)}
    following = error.__cause__ or error.__context__
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _walk(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _file_of(traceback: TracebackType) -> str:
    return traceback.tb_frame.f_code.co_filename


def _is_stdlib(file: str) -> bool:
    return file.startswith((_STDLIB, "<frozen ")) and not any(part in file for part in _SITE)


def _as_lines(rendered: str | list[str]) -> list[str]:
    return [rendered] if isinstance(rendered, str) else rendered
