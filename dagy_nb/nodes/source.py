"""A function or class in, the text of the statement that defined it out; texts in, linecache filled."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType, FunctionType
from typing import Any, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """The statement that defined a function or class.

    Attributes:
        name: What the statement binds.
        text: The statement with its decorators, not indented.
        filename: Where it stands.
        first_line: The line there, from 1.
    """

    name: str
    text: str
    filename: str
    first_line: int

    @property
    def tree(self) -> ast.Module:
        """The statement as a tree."""
        return parse_quietly(self.text)


_Node = TypeVar("_Node", bound=ast.AST)
_Definer = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign


def find_definition(value: Any) -> Definition | None:
    """Return the statement at the top of a cell or module that defined `value`, or None."""
    inner = unwrap(value)
    if isinstance(inner, FunctionType):
        return _find_function(inner)
    if inspect.isclass(inner):
        return _find_class(inner)
    return None


def unwrap(value: Any) -> Any:
    """Return what decorators and function nodes wrap; `inspect.unwrap` stops at classes from 3.13 on."""
    seen: set[int] = set()
    while id(value) not in seen and "__wrapped__" in getattr(value, "__dict__", ()):
        seen.add(id(value))
        value = value.__wrapped__
    return value


def list_statements(filename: str, names: dict[str, Any]) -> Mapping[str, tuple[ast.stmt, ...]]:
    """Return the statements at the top of a cell or module by the names that they bind."""
    return _sort_statements(_read(filename, names))


def remember_lines(filename: str, first_line: int, text: str) -> None:
    """Let tracebacks and `inspect` find `text` from `first_line` on; lines around it stay."""
    new = text.splitlines(keepends=True)
    if new and not new[-1].endswith("\n"):
        new[-1] += "\n"
    known = linecache.cache.get(filename, (0, None, [], filename))
    lines = list(known[2]) if len(known) == 4 else []
    end = first_line - 1 + len(new)
    if lines[first_line - 1 : end] == new:
        return
    lines.extend(["\n"] * (end - len(lines)))
    lines[first_line - 1 : end] = new
    size = sum(map(len, lines))
    linecache.cache[filename] = (size, None, lines, filename)


def forget_lines(filename: str) -> None:
    """Drop what is known of a file's lines."""
    linecache.cache.pop(filename, None)


def _find_function(function: FunctionType) -> Definition | None:
    code = function.__code__
    text = _read(code.co_filename, function.__globals__)
    for each in _list_definers(text):
        if _first_line(each) == code.co_firstlineno and _defines(each, code.co_name):
            return _cut(each, text, code.co_filename)
    return None


def _find_class(cls: type) -> Definition | None:
    """Return the class statement: through its methods, else where its module's text has one."""
    names = getattr(sys.modules.get(cls.__module__), "__dict__", {})
    for code in _list_codes(cls):
        text = _read(code.co_filename, names)
        for each in _list_definers(text):
            if _is_class(each, cls) and each.lineno <= code.co_firstlineno <= (
                each.end_lineno or 0
            ):
                return _cut(each, text, code.co_filename)
    found = [
        (each, text, filename)
        for filename in _list_places(cls)
        for text in [_read(filename, names)]
        for each in reversed(_list_definers(text))
        if _is_class(each, cls)
    ]
    # A cell that is run again as it was keeps its place, so the newest text may be another one's.
    fitting = (place for place in found if _holds_constants(cls, place[0]))
    chosen = next(fitting, found[0] if found else None)
    return _cut(*chosen) if chosen is not None else None


def _holds_constants(cls: type, definer: ast.AST) -> bool:
    """Say whether a class holds the constants that its text gives to its names."""
    for each in getattr(definer, "body", ()):
        targets = getattr(each, "targets", None) or [getattr(each, "target", None)]
        value = getattr(each, "value", None)
        if isinstance(value, ast.Constant) and isinstance(targets[0], ast.Name):
            held = vars(cls).get(targets[0].id, value.value)
            if type(held) is type(value.value) and held != value.value:
                return False
    return True


def _list_codes(cls: type) -> Iterator[CodeType]:
    for value in vars(cls).values():
        inner = getattr(value, "__func__", value)
        inner = inner.fget if isinstance(inner, property) else inner
        if isinstance(inner, FunctionType) and inner.__module__ == cls.__module__:
            yield inner.__code__


def _list_places(cls: type) -> list[str]:
    """Return where a class without methods may stand: any cell, newest first, or its module's file."""
    place = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if cls.__module__ != "__main__":
        return [place] if place else []
    word = f"class {cls.__name__}"
    cells = [
        filename
        for filename, entry in linecache.cache.items()
        if len(entry) == 4 and entry[1] is None and any(word in line for line in entry[2])
    ]
    return [*cells[::-1], *([place] if place else [])]


def _read(filename: str, names: dict[str, Any]) -> str:
    return "".join(linecache.getlines(filename, names))


@lru_cache(maxsize=256)
def _list_definers(text: str) -> list[_Definer]:
    """Return the statements at the top of a text that define something, inside `if` and `try` too."""
    try:
        tree = parse_quietly(text)
    except SyntaxError:
        return []
    return list(_walk_top(tree))


@lru_cache(maxsize=64)
def _sort_statements(text: str) -> Mapping[str, tuple[ast.stmt, ...]]:
    try:
        tree = parse_quietly(text)
    except SyntaxError:
        return {}
    found: dict[str, tuple[ast.stmt, ...]] = {}
    for each in tree.body:
        for name in _list_bound(each):
            found[name] = (*found.get(name, ()), each)
    return found


def _list_bound(statement: ast.AST) -> Iterator[str]:
    """Yield the names that a statement binds, but not those inside functions and classes."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        yield from ((each.asname or each.name).partition(".")[0] for each in statement.names)
    elif isinstance(statement, ast.Name) and isinstance(statement.ctx, ast.Store):
        yield statement.id
    for each in ast.iter_child_nodes(statement):
        yield from _list_bound(each)


def parse_quietly(text: str | bytes) -> ast.Module:
    """Parse a text that Python has compiled before: its warnings were shown then."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def copy_tree(node: _Node) -> _Node:
    """Return a copy of a tree, all of it, in a fraction of the time that `copy.deepcopy` takes."""
    known = vars(node)
    made = node.__class__.__new__(node.__class__)
    # By name: IPython's tracebacks set `parent` on nodes that all trees share, `Load()` among them.
    for name in (*node._fields, *node._attributes):  # noqa: SLF001 - described by `ast`
        if name in known:
            setattr(made, name, _copy_part(known[name]))
    return made


def _copy_part(part: Any) -> Any:
    if isinstance(part, ast.AST):
        return copy_tree(part)
    return [_copy_part(each) for each in part] if isinstance(part, list) else part


def _walk_top(tree: ast.AST) -> Iterator[_Definer]:
    for each in ast.iter_child_nodes(tree):
        if isinstance(each, _Definer):
            yield each
        elif isinstance(each, ast.stmt | ast.ExceptHandler):
            yield from _walk_top(each)


def _first_line(definer: _Definer) -> int:
    decorators: list[ast.expr] = getattr(definer, "decorator_list", [])
    return min([definer.lineno, *(each.lineno for each in decorators)])


def _defines(definer: _Definer, code_name: str) -> bool:
    if isinstance(definer, ast.Assign):
        is_plain = len(definer.targets) == 1 and isinstance(definer.targets[0], ast.Name)
        return code_name == "<lambda>" and is_plain and isinstance(definer.value, ast.Lambda)
    return definer.name == code_name and not isinstance(definer, ast.ClassDef)


def _is_class(definer: _Definer, cls: type) -> bool:
    return isinstance(definer, ast.ClassDef) and definer.name == cls.__qualname__


def _cut(definer: _Definer, text: str, filename: str) -> Definition:
    first = _first_line(definer)
    lines = text.splitlines(keepends=True)[first - 1 : definer.end_lineno]
    name = next(_list_bound(definer))
    return Definition(
        name=name, text=textwrap.dedent("".join(lines)), filename=filename, first_line=first
    )


def look_anew(module: str) -> None:
    """Read a changed file of a module again: what is being defined now was made of the new text."""
    linecache.checkcache(getattr(sys.modules.get(module), "__file__", None) or "")


def read_text(value: Callable[..., Any] | type) -> str:
    """Return the text of a function or class for display; empty where there is none to read."""
    definition = find_definition(value)
    if definition is not None:
        return definition.text
    try:
        return inspect.getsource(value)
    except (OSError, TypeError, SyntaxError):
        return ""
