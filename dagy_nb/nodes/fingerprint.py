"""Code in, hashes out that change when what it does may change, and only then."""

from __future__ import annotations

import ast
import copy
import hashlib
import inspect
import site
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dagy_nb.nodes.bundle import Binding, Constant, DefinedObject, ImportedModule, ImportedObject
from dagy_nb.nodes.constants import NoConstant, encode_constant
from dagy_nb.nodes.names import find_names
from dagy_nb.nodes.source import find_definition


def digest(parts: Iterable[str]) -> str:
    """Return 16 hex digits for some texts, in order."""
    made = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        made.update(len(data).to_bytes(8, "big"))
        made.update(data)
    return made.hexdigest()[:16]


def normalise(tree: ast.Module) -> str:
    """Return the text of a tree without comments, docstrings and layout."""
    tree = copy.deepcopy(tree)
    for each in ast.walk(tree):
        if isinstance(each, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            _drop_docstring(each)
    return ast.unparse(tree)


def fingerprint_tree(tree: ast.Module, bindings: Mapping[str, Binding]) -> str:
    """Return the hash of a tree with all that its outside names stand for."""
    return fingerprint_texts([normalise(tree)], bindings)


def fingerprint_texts(texts: Iterable[str], bindings: Mapping[str, Binding]) -> str:
    """Return the hash of normalised texts with all that their outside names stand for."""
    used = [f"{name}={fingerprint_binding(bindings[name])}" for name in sorted(bindings)]
    return digest([*sorted(texts), *used])


def fingerprint_binding(binding: Binding) -> str:
    """Return what decides whether a captured thing is the same as before."""
    match binding:
        case ImportedModule(module):
            return f"module {module} {fingerprint_local(module)}"
        case ImportedObject(module, qualname):
            return f"object {module}:{qualname} {fingerprint_local(module)}"
        case Constant(value):
            return f"constant {encode_constant(value)}"
        case DefinedObject(bundle, qualname):
            return f"defined {bundle.fingerprint}:{qualname}"


def fingerprint_object(value: Any) -> str:
    """Return the hash of a function or class with all that it uses of its own module.

    What comes from other modules counts by name, and by content where the module is the user's own.
    """
    parts: dict[str, str] = {}
    _collect(inspect.unwrap(value) if callable(value) else value, parts, set())
    return digest(f"{name}={parts[name]}" for name in sorted(parts))


def fingerprint_local(name: str) -> str:
    """Return the hash of a user's own module and of those that it imports; empty for installed ones."""
    parts: dict[str, str] = {}
    _collect_local(sys.modules.get(name), parts)
    return digest(f"{name}={parts[name]}" for name in sorted(parts)) if parts else ""


def _drop_docstring(
    node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef,
) -> None:
    first = node.body[0] if node.body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        node.body = node.body[1:] or [ast.Pass()]


def _collect(value: Any, parts: dict[str, str], seen: set[int]) -> None:
    """Note the text of `value`, and of what it uses of its own module."""
    if id(value) in seen:
        return
    seen.add(id(value))
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", repr(value))
    definition = find_definition(value)
    if definition is None:
        parts[f"{module}:{name}"] = _fingerprint_code(value)
        return
    parts[f"{module}:{name}"] = normalise(definition.tree)
    scope = _find_scope(value)
    names = find_names(definition.tree)
    for each in (*names.needed, *names.wanted):
        if each in scope:
            _collect_used(f"{module}:{name}.{each}", scope[each], module, parts, seen)


def _collect_used(
    place: str, used: Any, module: str, parts: dict[str, str], seen: set[int]
) -> None:
    home = getattr(used, "__module__", None)
    if isinstance(used, ModuleType):
        parts[place] = f"module {used.__name__} {fingerprint_local(used.__name__)}"
    elif isinstance(used, FunctionType | type) and home == module:
        _collect(inspect.unwrap(used), parts, seen)
    elif isinstance(used, FunctionType | type):
        parts[place] = f"object {home}:{used.__qualname__} {fingerprint_local(home or '')}"
    else:
        parts[place] = _encode_data(used)


def _encode_data(value: Any) -> str:
    """Return the text of a module's constants and plain containers; of other data only the type."""
    try:
        if isinstance(value, Mapping):
            return "{" + ",".join(sorted(_encode_data(item) for item in value.items())) + "}"
        if isinstance(value, list | set):
            texts = [_encode_data(item) for item in value]
            return "[" + ",".join(texts if isinstance(value, list) else sorted(texts)) + "]"
        if type(value) is tuple:
            return "(" + ",".join(_encode_data(item) for item in value) + ")"
        return encode_constant(value)
    except (NoConstant, RecursionError):
        return f"data {type(value).__module__}.{type(value).__qualname__}"


def _find_scope(value: Any) -> Mapping[str, Any]:
    inner = inspect.unwrap(value)
    if isinstance(inner, FunctionType):
        return inner.__globals__
    return vars(sys.modules.get(value.__module__, ModuleType("nowhere")))


def _fingerprint_code(value: Any) -> str:
    """Return a hash of compiled code, for what has no text to read."""
    if isinstance(value, FunctionType):
        return digest(_list_code(value.__code__))
    if isinstance(value, type):
        methods = {
            name: getattr(each, "__func__", each)
            for name, each in vars(value).items()
            if isinstance(getattr(each, "__func__", each), FunctionType)
        }
        codes = [f"{name} {_fingerprint_code(methods[name])}" for name in sorted(methods)]
        return digest([value.__qualname__, *codes])
    return digest([repr(type(value))])


def _list_code(code: CodeType) -> Iterable[str]:
    yield code.co_name
    yield code.co_code.hex()
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_code(constant)
        else:
            yield repr(constant)


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
def _read_once(path: Path, loaded: int) -> str:
    """Return the hash of a file as it was soon after it was loaded: what runs is what was loaded."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError:
        return "unreadable"


def _find_local_file(module: ModuleType) -> Path | None:
    """Return the file of a module that is neither installed nor part of Python nor of dagy_nb."""
    name = module.__name__
    origin = getattr(getattr(module, "__spec__", None), "origin", None)
    if name == "__main__" or name.partition(".")[0] == "dagy_nb" or not origin:
        return None
    path = Path(origin)
    if not path.is_absolute() or path.suffix != ".py" or path.is_relative_to(_LIBRARY):
        return None
    return None if any(path.is_relative_to(each) for each in _list_installed()) else path


_LIBRARY = Path(sysconfig.get_path("stdlib"))


@cache
def _list_installed() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    known = [sysconfig.get_path(name) for name in names]
    extra = [*site.getsitepackages(), site.getusersitepackages()]
    real = [str(Path(each).resolve()) for each in known]
    return tuple({Path(each) for each in (*known, *extra, *real, sys.base_prefix + "/lib")})
