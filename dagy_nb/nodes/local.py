"""A module's name in, a hash of the user's own files behind it out; installed packages count as fixed.

What a module imports counts with it, whether its text says so at the top or inside a function, and whether it
is loaded yet or not.
"""

from __future__ import annotations

import ast
import hashlib
import site
import sys
import sysconfig
import time
import uuid
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, resolve_name
from pathlib import Path
from types import FunctionType, ModuleType

from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.modulestate import is_same_state, list_state
from dagy_nb.nodes.source import parse_quietly

LOOK_SECONDS = 0.001
"""How long what is known of a module holds: thousands of nodes of one run ask for the same."""


def fingerprint_local(name: str) -> str:
    """Return the hash of a user's own module and of those that it imports; empty for installed ones."""
    parts: dict[str, str] = {}
    _collect(name, parts)
    return digest(f"{each}={parts[each]}" for each in sorted(parts)) if parts else ""


def fingerprint_all(names: Iterable[str]) -> dict[str, str]:
    """Return name → hash of those modules that are the user's own."""
    found = {name: fingerprint_local(name) for name in names}
    return {name: text for name, text in found.items() if text}


def list_local(names: Iterable[str]) -> list[str]:
    """Return those of some modules that are the user's own, and all such that they import."""
    parts: dict[str, str] = {}
    for name in names:
        _collect(name, parts)
    return list(parts)


def tell_changed(name: str) -> str:
    """Return the hash of a module that holds another thing than its import loaded; empty for all others."""
    now, looked = time.monotonic(), _LOOKED.get(name)
    if looked is not None and now - looked[0] < LOOK_SECONDS:
        return looked[1]
    spec, text = _find_spec(name) if name in sys.modules else None, ""
    if spec is not None and spec.origin and _is_local(name, spec):
        text, _ = _read(spec, is_loaded=True)
    told = text if text.startswith(_ANOTHER) else ""
    _LOOKED[name] = now, told
    return told


def is_edited(name: str) -> bool:
    """Say whether the file of a module of the user's own holds another text than what was loaded of it."""
    spec = getattr(sys.modules.get(name), "__spec__", None)
    known = _LOADED.get(getattr(spec, "origin", None) or "")
    if known is None or known[0] is not spec:
        return False
    path = Path(spec.origin or "")
    try:
        stat = path.stat()
        stamp = (known[1], stat.st_mtime_ns, stat.st_size)
        if _UNEDITED.get(path) != stamp:
            if not known[1].startswith(_hash_text(path.read_bytes())):
                return True
            _UNEDITED[path] = stamp
    except OSError:
        return True
    return False


def is_installed(name: str) -> bool:
    """Say whether a module is known not to be one of the user's own."""
    return name.partition(".")[0] in _INSTALLED


def list_imported(tree: ast.AST, package: str | None = None) -> Iterator[str]:
    """Yield the names of the modules that a text may import, wherever in it.

    Args:
        tree: The text.
        package: Where it stands; without one, nothing is imported relative to it.
    """
    for each in ast.walk(tree):
        match each:
            case ast.Import(names=aliases):
                for alias in aliases:
                    yield from _list_levels(alias.name)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                home = _resolve("." * level + (module or ""), package)
                if home:
                    yield from _list_levels(home)
                    yield from (f"{home}.{alias.name}" for alias in aliases)
            case ast.Call(
                func=ast.Name(id="import_module" | "__import__")
                | ast.Attribute(attr="import_module"),
                args=[ast.Constant(value=str() as named), *_],
            ):
                yield from _list_levels(_resolve(named, package))


def _list_levels(name: str) -> Iterator[str]:
    """Yield `a`, `a.b` and `a.b.c` for `a.b.c`: all of them are loaded."""
    levels = name.split(".") if name else []
    yield from (".".join(levels[:count]) for count in range(1, len(levels) + 1))


def _resolve(name: str, package: str | None) -> str:
    try:
        return resolve_name(name, package) if name.startswith(".") else name
    except ImportError:
        return ""


def _collect(name: str, parts: dict[str, str]) -> None:
    """Add the hashes of a module and of all that it imports, as far as they are the user's own."""
    waiting = [name]
    while waiting:
        each = waiting.pop()
        if each in parts or each.partition(".")[0] in _INSTALLED:
            continue
        module, spec = sys.modules.get(each), _find_spec(each)
        if spec is None or not _is_local(each, spec):
            continue
        parts[each], imported = _read(spec, is_loaded=module is not None)
        waiting += imported
        if isinstance(module, ModuleType):
            waiting += _list_held(module)


def _list_held(module: ModuleType) -> Iterator[str]:
    """Yield the homes of what a loaded module holds, however it got that."""
    for value in list(vars(module).values()):
        if isinstance(value, ModuleType):
            yield value.__name__
        elif isinstance(value, FunctionType | type):
            yield value.__module__ or ""


def _find_spec(name: str) -> ModuleSpec | None:
    """Return where a module is, without loading anything."""
    module = sys.modules.get(name)
    if module is not None:
        spec = getattr(module, "__spec__", None)
        return spec if isinstance(spec, ModuleSpec) else None
    parent = name.rpartition(".")[0]
    try:
        if not parent:
            return find_spec(name) if name else None
        above = _find_spec(parent)
        places = above.submodule_search_locations if above is not None else None
        return None if places is None else PathFinder.find_spec(name, list(places))
    except (ImportError, ValueError, AttributeError):
        return None


def _is_local(name: str, spec: ModuleSpec) -> bool:
    """Say whether a module is neither installed nor part of Python nor of dagy_nb."""
    if name in {"__main__", "__mp_main__"}:
        return False
    if spec.origin:
        found = spec.origin.endswith(".py") and _is_own(Path(spec.origin))
    else:  # a folder without a file of its own
        found = any(_is_own(Path(each)) for each in spec.submodule_search_locations or ())
    if not found and "." not in name:
        _INSTALLED.add(name)
    return found


def _is_own(path: Path) -> bool:
    return path.is_absolute() and not any(map(path.is_relative_to, _list_installed()))


_INSTALLED = {"dagy_nb", "dagy_nb_cells", "dagy_nb_flows", *sys.stdlib_module_names}
"""Top modules whose files count as fixed."""

_LOADED: dict[str, tuple[ModuleSpec, str, tuple[str, ...]]] = {}
"""File → how it was loaded, and what it held then: what runs is what was loaded."""

_LOOKED: dict[str, tuple[float, str]] = {}
"""Module → when it was looked at last, and what was told then."""

_ANOTHER = "not "
"""Before the hash of a file that is not what its module holds."""

_HELD: dict[str, dict[str, object]] = {}
"""File → what its module held when that was noted: `%autoreload` changes modules without loading them."""

_UNEDITED: dict[Path, tuple[str, int, int]] = {}
"""File → what was loaded of it, with the time and size at which the file was last seen to be that."""

_SEEN: dict[str, str] = {}
"""File → what it held when it was looked at last before it was loaded."""

_BEGAN = time.time()
"""When this process began to load modules of the user's, or soon after."""


def _read(spec: ModuleSpec, *, is_loaded: bool) -> tuple[str, tuple[str, ...]]:
    """Return the hash of a module's file and what its text imports."""
    if not spec.origin:
        return "", ()
    known = _LOADED.get(spec.origin) if is_loaded else None
    was_changed = False
    if known is not None and known[0] is spec:
        was_changed = is_edited(spec.name) and not is_same_state(_HELD.get(spec.origin), spec.name)
        if not was_changed:
            return known[1:]
    try:
        data = Path(spec.origin).read_bytes()
    except OSError:
        return "unreadable", ()
    found = _hash_text(data), _list_imports(data, spec.parent)
    if not is_loaded:
        _SEEN[spec.origin] = found[0]
        return found
    before, was_edited = _SEEN.pop(spec.origin, ""), _was_edited(spec)
    # Where nobody knows what was loaded, it is like nothing that anybody else loads.
    if was_changed or was_edited or before not in ("", found[0]):
        found = f"{_ANOTHER}{found[0]} but {uuid.uuid4().hex}", found[1]
    elif was_edited is None and not before:
        found = f"{found[0]} or else {uuid.uuid4().hex}", found[1]
    _LOADED[spec.origin] = (spec, *found)
    _HELD[spec.origin] = list_state(spec.name)
    return found


def _hash_text(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


@lru_cache(maxsize=512)
def _list_imports(data: bytes, package: str | None) -> tuple[str, ...]:
    try:
        tree = parse_quietly(data)
    except (SyntaxError, ValueError):
        return ()
    return tuple(sorted(set(list_imported(tree, package))))


def _was_edited(spec: ModuleSpec) -> bool | None:
    """Say whether a file is another than the one that was loaded, as its compiled code tells.

    None stands for nobody knows: there is none, or an old one that Python leaves as it is, and the file was
    written since this process began.
    """
    try:
        found = Path(spec.origin or "").stat()
    except OSError:
        return False
    head = _read_head(spec.cached)
    then = int.from_bytes(head[8:12], "little"), int.from_bytes(head[12:16], "little")
    tells = len(head) == 16 and not any(head[4:8])
    if tells and then == (int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF):
        return False
    if tells and not sys.dont_write_bytecode:
        return True
    return None if found.st_ctime > _BEGAN else False


def _read_head(path: str | None) -> bytes:
    try:
        with Path(path or "").open("rb") as file:
            return file.read(16)
    except OSError:
        return b""


@cache
def _list_installed() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    known = [sysconfig.get_path(name) for name in names]
    extra = [*site.getsitepackages(), site.getusersitepackages()]
    real = [str(Path(each).resolve()) for each in known]
    return tuple({Path(each) for each in (*known, *extra, *real, sys.base_prefix + "/lib")})
