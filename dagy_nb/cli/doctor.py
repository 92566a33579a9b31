"""This machine in, what dagy_nb needs and whether it is there out: `doctor`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, entry_points, version
from pathlib import Path
from platform import python_version
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

from dagy_nb._version import __version__
from dagy_nb.cli.answer import Answer
from dagy_nb.errors import DagyError
from dagy_nb.protocol.tables import Table, tell_count

if TYPE_CHECKING:
    from dagy_nb.settings import Settings

OK, WARN, FAIL = "ok", "warn", "fail"
MANY_BYTES = 10_000_000
_ASK_STORE = "SELECT (SELECT count(*) FROM runs), (SELECT count(*) FROM damage)"
_ASK_FOLDED = "SELECT name, position FROM segments"
WIDGET = Path(__file__).parent.parent / "static"
_NEEDED = ("ipython", "ipykernel", "ipywidgets", "anywidget", "duckdb", "papermill", "nbclient")
_EXTRAS = {
    "jupyterlab": "the editor in a notebook, `dagy-nb lab`; in the extra `lab`",
    "resvg-py": "static pictures as PNG; in the extra `demo`",
    "distributed": "the runner and the backend `dask`; in the extra `dask`",
    "pandas": "tables, `history()`; in the extra `demo`",
    "matplotlib": "the plot of the demo; in the extra `demo`",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        state: `ok`, `warn` (something is less than it could be) or `fail` (it will not work).
        what: The thing.
        value: What was found.
        suggestion: What to do; empty where all is well.
    """

    state: str
    what: str
    value: str
    suggestion: str = ""


def doctor() -> Answer:
    """Look at everything dagy_nb needs: packages, settings, the store, kernels, the editor."""
    findings = [finding for look in LOOKS for finding in look()]
    failed = [each for each in findings if each.state == FAIL]
    error = None
    if failed:
        names = ", ".join(each.what for each in failed)
        error = DagyError(
            f"Not all is well: {names}.",
            code="reach.doctor",
            suggestion="Follow the advice in the lines that say `fail`.",
        )
    rows = tuple((each.state, each.what, each.value, each.suggestion) for each in findings)
    table = Table(columns=("state", "what", "value", "what to do"), rows=rows)
    return Answer(data={"findings": findings}, tables=(table,), error=error)


def look_at_packages() -> Iterator[Finding]:
    """Look at the versions of what is installed."""
    yield Finding(state=OK, what="dagy_nb", value=f"{__version__} on Python {python_version()}")
    for name in _NEEDED:
        found = _version(name)
        yield Finding(
            state=OK if found else FAIL,
            what=name,
            value=found or "missing",
            suggestion="" if found else f"python -m pip install {name}",
        )
    for name, use in _EXTRAS.items():
        found = _version(name)
        yield Finding(
            state=OK if found else WARN,
            what=name,
            value=found or "missing",
            suggestion="" if found else f"For {use}.",
        )


def look_at_settings() -> Iterator[Finding]:
    """Look at each setting and where it came from."""
    try:
        settings = _settings()
    except DagyError as error:
        yield Finding(state=FAIL, what="settings", value=error.reason, suggestion=error.suggestion)
        return
    for name, source in settings.sources.items():
        value = getattr(settings, name)
        yield Finding(state=OK, what=f"setting {name}", value=f"{value!s} (from {source})")


def look_at_store() -> Iterator[Finding]:
    """Look whether records can be written and read, what is damaged, and what is not folded yet."""
    from dagy_nb.session.current import current_session

    try:
        session = current_session()
        with session.store.connect() as connection:
            runs, damages = connection.execute(_ASK_STORE).fetchone()
            folded = dict(connection.execute(_ASK_FOLDED).fetchall())
    except (DagyError, OSError) as error:
        advice = getattr(error, "suggestion", "") or "Look at the folder, or set DAGY_HOME."
        yield Finding(state=FAIL, what="store", value=str(error), suggestion=advice)
        return
    home = session.settings.home
    yield Finding(state=OK, what="store readable", value=tell_count(runs, "run"))
    yield from _look_at_writing(home)
    behind = _count_unfolded(home, folded)
    yield Finding(
        state=OK if behind < MANY_BYTES else WARN,
        what="store backlog",
        value=f"{behind:,} bytes of the journal are not in runs.duckdb yet",
        suggestion="" if behind < MANY_BYTES else "Another process may be folding; look again.",
    )
    yield Finding(
        state=WARN if damages else OK,
        what="store damage",
        value=f"{tell_count(damages, 'line')} of the journal could not be read",
        suggestion="SELECT * FROM damage tells where; all else is safe." if damages else "",
    )


def look_at_kernels() -> Iterator[Finding]:
    """Look for a kernel that runs Python notebooks."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = KernelSpecManager().get_all_specs()
    python = sorted(
        name for name, each in found.items() if each["spec"].get("language") == "python"
    )
    advice = "python -m ipykernel install --sys-prefix --name python3"
    yield Finding(
        state=OK if python else FAIL,
        what="kernels",
        value=", ".join(python) or "none for Python",
        suggestion="" if python else advice,
    )


def look_at_editor() -> Iterator[Finding]:
    """Look whether the built editor is in the package."""
    built = sorted(WIDGET.glob("*.js"))
    size = sum(each.stat().st_size for each in built)
    yield Finding(
        state=OK if built else WARN,
        what="editor",
        value=f"{len(built)} files, {size / 1024:.0f} KiB" if built else "not built",
        suggestion="" if built else "Install a wheel, or build it: npm run build in labextension/.",
    )


def look_at_engine() -> Iterator[Finding]:
    """Look whether papermill finds our engine."""
    found = any(each.name == "dagy" for each in entry_points(group="papermill.engine"))
    yield Finding(
        state=OK if found else FAIL,
        what="papermill --engine dagy",
        value="registered" if found else "not registered",
        suggestion="" if found else "Install dagy_nb with pip; a bare checkout registers nothing.",
    )


LOOKS: tuple[Callable[[], Iterator[Finding]], ...] = (
    look_at_packages,
    look_at_settings,
    look_at_store,
    look_at_kernels,
    look_at_editor,
    look_at_engine,
)


def _count_unfolded(home: Path, folded: Mapping[str, int]) -> int:
    """Return how many bytes of the journal are not folded yet; what is packed was."""
    sizes = {each.name: each.stat().st_size for each in home.glob("journal/*.jsonl")}
    return sum(max(0, size - folded.get(name, 0)) for name, size in sizes.items())


def _look_at_writing(home: Path) -> Iterator[Finding]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home, buffering=0) as probe:
            probe.write(b"x")
    except OSError as error:
        advice = "Make the folder writable, or set DAGY_HOME to one that is."
        yield Finding(state=FAIL, what="store writable", value=str(error), suggestion=advice)
        return
    yield Finding(state=OK, what="store writable", value=str(home))


def _settings() -> Settings:
    from dagy_nb.settings import read_settings

    return read_settings()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
