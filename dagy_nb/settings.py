"""Environment and working directory in, frozen settings out: the only reader of `os.environ`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from dagy_nb.errors import SettingError

STORE_FOLDER = ".dagy"
T = TypeVar("T")
D = TypeVar("D")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a user may set, each with where it came from.

    Attributes:
        home: Folder of all records; made when something is first recorded.
        node_timeout: Limit in seconds for nodes that name none (`DAGY_TIMEOUT`, default 300);
            None means no limit and must be asked for with `none`.
        thread_slots: How many node bodies run in threads at a time (`DAGY_SLOTS`).
        process_slots: How many node bodies run in processes at a time (`DAGY_PROCESS_SLOTS`).
        parent_run: Id of the notebook run this kernel belongs to (`DAGY_PARENT_RUN`), or empty.
        static: Show static pictures instead of widgets (`DAGY_STATIC=1`).
        backend: Where runs go that nothing else decides about (`DAGY_BACKEND`, default `kernel`).
        deployment_backend: Where runs go inside a deployment, over flows and rules
            (`DAGY_DEPLOYMENT_BACKEND`), or empty.
        rules: A YAML file of rules that choose backends (`DAGY_RULES`), or None.
        dask: Address of a Dask scheduler (`DAGY_DASK`); empty starts a cluster on this machine when one
            is needed.
        journal_days: How many days old, packed parts of the journal are kept (`DAGY_JOURNAL_DAYS`); None
            for ever. What they hold stays in the database, which can then not be made anew from them.
        keep_after: Seconds after which a node's outputs are kept unasked (`DAGY_KEEP_AFTER`, default 1);
            None (`none`) keeps none.
        keep_mb: How many megabytes of outputs are kept (`DAGY_KEEP_MB`, default 2048).
        keep_days: How many days outputs are kept that nobody looks at (`DAGY_KEEP_DAYS`, default 30).
        sources: Setting → where its value came from.
    """

    home: Path
    node_timeout: float | None = 300.0
    thread_slots: int = 8
    process_slots: int = 2
    parent_run: str = ""
    static: bool = False
    backend: str = "kernel"
    deployment_backend: str = ""
    rules: Path | None = None
    dask: str = ""
    journal_days: float | None = None
    keep_after: float | None = 1.0
    keep_mb: float = 2048.0
    keep_days: float = 30.0
    sources: Mapping[str, str] = field(default_factory=dict)


def read_settings(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Settings:
    """Read the settings.

    Args:
        environ: The environment; the process's own by default.
        folder: Where to look for the nearest `.dagy` folder from; the working directory by default.

    Raises:
        SettingError: `setting.invalid`, naming the variable and what it may be.

    Example:
        >>> read_settings({"DAGY_HOME": "records", "DAGY_TIMEOUT": "none"}).node_timeout is None
        True
    """
    env = os.environ if environ is None else environ
    home, home_source = _find_home(env, folder or Path.cwd())
    slots = max(4, os.cpu_count() or 4)
    return Settings(
        home=home,
        node_timeout=_read(env, "DAGY_TIMEOUT", _seconds, 300.0),
        thread_slots=_read(env, "DAGY_SLOTS", _count, slots),
        process_slots=_read(env, "DAGY_PROCESS_SLOTS", _count, max(2, os.cpu_count() or 2)),
        parent_run=env.get("DAGY_PARENT_RUN", ""),
        static=_read(env, "DAGY_STATIC", _flag, default=False),
        backend=env.get("DAGY_BACKEND", "").strip() or "kernel",
        deployment_backend=env.get("DAGY_DEPLOYMENT_BACKEND", "").strip(),
        rules=_read(env, "DAGY_RULES", _path, None),
        dask=env.get("DAGY_DASK", "").strip(),
        journal_days=_read(env, "DAGY_JOURNAL_DAYS", _days, None),
        keep_after=_read(env, "DAGY_KEEP_AFTER", _seconds, 1.0),
        keep_mb=_read(env, "DAGY_KEEP_MB", _amount, 2048.0),
        keep_days=_read(env, "DAGY_KEEP_DAYS", _amount, 30.0),
        sources={
            "keep_after": _source(env, "DAGY_KEEP_AFTER"),
            "keep_mb": _source(env, "DAGY_KEEP_MB"),
            "keep_days": _source(env, "DAGY_KEEP_DAYS"),
            "home": home_source,
            "node_timeout": _source(env, "DAGY_TIMEOUT"),
            "thread_slots": _source(env, "DAGY_SLOTS"),
            "process_slots": _source(env, "DAGY_PROCESS_SLOTS"),
            "parent_run": _source(env, "DAGY_PARENT_RUN"),
            "static": _source(env, "DAGY_STATIC"),
            "journal_days": _source(env, "DAGY_JOURNAL_DAYS"),
            "backend": _source(env, "DAGY_BACKEND"),
            "deployment_backend": _source(env, "DAGY_DEPLOYMENT_BACKEND"),
            "rules": _source(env, "DAGY_RULES"),
            "dask": _source(env, "DAGY_DASK"),
        },
    )


def make_environment(**changes: str) -> dict[str, str]:
    """Return this process's environment with some variables changed, for a process to start."""
    return {**os.environ, **changes}


def _find_home(env: Mapping[str, str], folder: Path) -> tuple[Path, str]:
    if env.get("DAGY_HOME"):
        return Path(env["DAGY_HOME"]).expanduser().absolute(), "DAGY_HOME"
    for parent in (folder, *folder.parents):
        if (parent / STORE_FOLDER).is_dir():
            return parent / STORE_FOLDER, "the nearest .dagy folder"
    return _user_folder(), "the user's data folder"


def _user_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("dagy_nb", appauthor=False)


def _read(env: Mapping[str, str], name: str, convert: Callable[[str], T], default: D) -> T | D:
    text = env.get(name, "").strip()
    if not text:
        return default
    try:
        return convert(text)
    except ValueError as error:
        raise SettingError(f"{name}={text!r}: {error}.") from error


def _seconds(text: str) -> float | None:
    if text.lower() == "none":
        return None
    value = float(text)
    if not 0 < value < float("inf"):
        msg = "write a number of seconds above 0, or `none` for no limit"
        raise ValueError(msg)
    return value


def _days(text: str) -> float | None:
    if text.lower() == "none":
        return None
    value = float(text)
    if not 1 <= value < float("inf"):
        msg = "write a number of days, 1 or more, or `none` to keep them for ever"
        raise ValueError(msg)
    return value


def _amount(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        msg = "write a number above 0"
        raise ValueError(msg)
    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1_000:
        msg = "write a whole number from 1 to 1000"
        raise ValueError(msg)
    return value


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    msg = "write 1 or 0"
    raise ValueError(msg)


def _source(env: Mapping[str, str], name: str) -> str:
    return name if env.get(name, "").strip() else "default"
