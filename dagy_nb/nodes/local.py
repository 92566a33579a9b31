"""A module's name in, a hash of the user's own files behind it out; installed packages count as fixed."""

from __future__ import annotations

import hashlib
import site
import sys
import sysconfig
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import FunctionType, ModuleType

from dagy_nb.nodes.digest import digest


def fingerprint_local(name: str) -> str:
    """Return the hash of a user's own module and of those that it imports; empty for installed ones."""
    parts: dict[str, str] = {}
    _collect_local(sys.modules.get(name), parts)
    return digest(f"{name}={parts[name]}" for name in sorted(parts)) if parts else ""


def is_local_unloaded(name: str) -> bool:
    """Say whether a module that is not loaded yet would be one of the user's own."""
    top = name.partition(".")[0]
    if not top or name in sys.modules:
        return False
    try:
        spec = find_spec(top)
    except (ImportError, ValueError):
        return False
    return spec is not None and _is_local(top, getattr(spec, "origin", None))


def _collect_local(module: ModuleType | None, parts: dict[str, str]) -> None:
    if module is None or module.__name__ in parts:
        return
    path = _find_local_file(module)
    if path is None:
        return
    parts[module.__name__] = _read_once(path, id(module.__spec__))
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            _collect_local(value, parts)
        elif isinstance(value, FunctionType | type):
            _collect_local(sys.modules.get(value.__module__ or ""), parts)


@cache
def _read_once(path: Path, loaded: int) -> str:  # noqa: ARG001  # a part of the key
    """Return the hash of a file as it was soon after it was loaded: what runs is what was loaded."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "unreadable"


def _find_local_file(module: ModuleType) -> Path | None:
    """Return the file of a module that is neither installed nor part of Python nor of dagy_nb."""
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    return Path(origin) if origin and _is_local(module.__name__, origin) else None


def _is_local(name: str, origin: str | None) -> bool:
    if name == "__main__" or name.partition(".")[0] == "dagy_nb" or not origin:
        return False
    path = Path(origin)
    if not path.is_absolute() or path.suffix != ".py" or path.is_relative_to(_LIBRARY):
        return False
    return not any(path.is_relative_to(each) for each in _list_installed())


_LIBRARY = Path(sysconfig.get_path("stdlib"))


@cache
def _list_installed() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    known = [sysconfig.get_path(name) for name in names]
    extra = [*site.getsitepackages(), site.getusersitepackages()]
    real = [str(Path(each).resolve()) for each in known]
    return tuple({Path(each) for each in (*known, *extra, *real, sys.base_prefix + "/lib")})
