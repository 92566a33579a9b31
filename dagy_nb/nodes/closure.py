"""A class or function in, the hash of its code with all that it uses of its own file or notebook out.

What comes from other modules counts by name, and by content where the module is the user's own. Names
are looked up in the text first: a module's class may use what stands further down in its file.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dagy_nb.nodes.constants import NoConstant, encode_constant
from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.fingerprint import normalise
from dagy_nb.nodes.local import fingerprint_local, list_imported
from dagy_nb.nodes.names import find_names
from dagy_nb.nodes.source import Definition, find_definition, list_statements, unwrap

UNREAD = "data of type "
"""Before the type of data whose content is not told."""


def fingerprint_object(value: Any) -> str:
    """Return the hash of a function or class with all that it uses."""
    closure = _Closure(unwrap(value))
    return digest(f"{name}={closure.parts[name]}" for name in sorted(closure.parts))


def list_closure(value: Any) -> dict[str, str]:
    """Return the texts behind that hash by the names they are known under, its own text first."""
    return _Closure(unwrap(value)).parts


def list_homes(value: Any) -> set[str]:
    """Return the names of the modules from which that code takes something."""
    return _Closure(unwrap(value)).homes


@dataclass(frozen=True, slots=True)
class _Facts:
    """A text without layout, the names that it takes from around it, the modules that it imports."""

    text: str
    names: tuple[str, ...]
    homes: tuple[str, ...]


def _look_at(tree: ast.Module, package: str | None) -> _Facts:
    names = find_names(tree)
    homes = tuple(list_imported(tree, package))
    return _Facts(normalise(tree), (*names.needed, *sorted(names.wanted)), homes)


@lru_cache(maxsize=500)
def _look_at_statement(statement: ast.stmt, package: str | None) -> _Facts:
    """Look at a statement at the top of a file once, however many definitions use it."""
    return _look_at(ast.Module(body=[statement], type_ignores=[]), package)


class _Closure:
    """Walks from one definition to all that it uses."""

    def __init__(self, value: Any) -> None:
        self.parts: dict[str, str] = {}
        self.homes: set[str] = set()
        self._module: str = getattr(value, "__module__", None) or ""
        self._scope = _find_scope(value)
        self._package: str | None = self._scope.get("__package__")
        self._add(getattr(value, "__qualname__", ""), value)

    def _add(self, name: str, value: Any) -> None:
        definition = find_definition(value)
        if definition is None:
            self.parts[name] = _fingerprint_code(value)
            return
        found = _look_at(definition.tree, self._package)
        self.parts[name] = found.text
        self._follow(found, definition)

    def _follow(self, found: _Facts, place: Definition) -> None:
        """Add what a text uses: from the text around it, else from the notebook's other cells."""
        self.homes.update(found.homes)
        for name in found.names:
            if name in self.parts:
                continue
            binders = list_statements(place.filename, self._scope).get(name, ())
            if binders:
                self._add_statements(name, binders, place)
            elif name in self._scope:
                self._add_value(name, self._scope[name])

    def _add_statements(self, name: str, binders: Iterable[ast.stmt], place: Definition) -> None:
        facts = [_look_at_statement(each, self._package) for each in binders]
        local = [fingerprint_local(home) for each in facts for home in each.homes]
        self.parts[name] = "\n".join([*(each.text for each in facts), *filter(None, local)])
        for each in facts:
            self._follow(each, place)

    def _add_value(self, name: str, value: Any) -> None:
        home = getattr(value, "__module__", None) or ""
        self.homes.add(value.__name__ if isinstance(value, ModuleType) else str(home))
        if isinstance(value, ModuleType):
            self.parts[name] = f"module {value.__name__} {fingerprint_local(value.__name__)}"
        elif isinstance(value, FunctionType | type) and home == self._module:
            self._add(name, unwrap(value))
        elif isinstance(value, FunctionType | type):
            self.parts[name] = f"object {home}:{value.__qualname__} {fingerprint_local(home)}"
        else:
            self.parts[name] = encode_data(value)


def encode_data(value: Any) -> str:
    """Return the text of constants and plain containers; of other data only the type."""
    try:
        if isinstance(value, Mapping):
            return "{" + ",".join(sorted(encode_data(item) for item in value.items())) + "}"
        if isinstance(value, list | set):
            texts = [encode_data(item) for item in value]
            return "[" + ",".join(texts if isinstance(value, list) else sorted(texts)) + "]"
        if type(value) is tuple:
            return "(" + ",".join(encode_data(item) for item in value) + ")"
        return encode_constant(value)
    except (NoConstant, RecursionError):
        return f"{UNREAD}{type(value).__module__}.{type(value).__qualname__}"


def list_attributes(cls: type) -> Iterator[str]:
    """Yield what was set on a class: its data, and functions that were not written in it."""
    for name, value in sorted(vars(cls).items()):
        if name in _SKIPPED or name.startswith("__"):
            continue
        inner = value.fget if isinstance(value, property) else value
        function = getattr(inner, "__func__", inner)
        if isinstance(function, FunctionType):
            if function.__qualname__ != f"{cls.__qualname__}.{name}":
                yield f"{name}={_fingerprint_code(function)}"
        elif not (callable(value) or hasattr(type(value), "__get__")):
            yield f"{name}={encode_data(value)}"


_SKIPPED = frozenset({"_abc_impl", "bundle"})


def _find_scope(value: Any) -> dict[str, Any]:
    if isinstance(value, FunctionType):
        return value.__globals__
    return vars(sys.modules.get(getattr(value, "__module__", ""), ModuleType("nowhere")))


def _fingerprint_code(value: Any) -> str:
    """Return a hash of compiled code, for what has no text to read."""
    if isinstance(value, FunctionType):
        return digest(_list_code(value.__code__))
    if isinstance(value, type):
        methods = {name: getattr(each, "__func__", each) for name, each in vars(value).items()}
        codes = [
            f"{name} {_fingerprint_code(methods[name])}"
            for name in sorted(methods)
            if isinstance(methods[name], FunctionType)
        ]
        return digest([value.__qualname__, *codes])
    return digest([repr(type(value))])


def _list_code(code: CodeType) -> Iterator[str]:
    yield code.co_name
    yield code.co_code.hex()
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _list_code(constant)
        elif isinstance(constant, frozenset):
            yield from sorted(map(repr, constant))
        else:
            yield repr(constant)
