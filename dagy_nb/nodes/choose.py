"""A cell's tree and what it defined in, the one thing in it that is the node out."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dagy_nb.errors import DefinitionError
from dagy_nb.nodes.base import FlowNode

_Function = ast.FunctionDef | ast.AsyncFunctionDef
_TYPE_ALIAS: Any = getattr(ast, "TypeAlias", ())
"""`type Rows = list[int]`: a statement that Python has from 3.12 on."""


def guess_name(tree: ast.Module) -> str:
    """Return the name that the node will have, as far as the text shows it; for the module's name."""
    classes = [each for each in tree.body if isinstance(each, ast.ClassDef)]
    for each in classes:
        if any(isinstance(part, _Function) and part.name == "execute" for part in each.body):
            return each.name
    roots = list_roots(tree)
    return roots[-1] if roots else "cell"


def refuse_empty(tree: ast.Module) -> None:
    """Refuse a cell that cannot define a node whatever its code does.

    Raises:
        DefinitionError: `node.none`.
    """
    if not any(isinstance(each, ast.ClassDef | _Function) for each in ast.walk(tree)):
        raise _refuse_none()


def choose_class(classes: Sequence[type], names: Mapping[str, Any]) -> type[FlowNode] | None:
    """Return the one node class of a cell, or None where a function has to be the node.

    Args:
        classes: The node classes that were made while the cell ran, in order.
        names: What the cell's module holds now.

    Raises:
        DefinitionError: `node.several`, or `node.no_execute` for a class that only misses that.
    """
    held = [each for each in names.values() if isinstance(each, type)]
    found = list(dict.fromkeys(each for each in classes if each in held)) or list(classes)[-1:]
    if len(found) > 1:
        raise _refuse_several([each.__name__ for each in found])
    if found:
        node: type[FlowNode] = found[0]
        return node
    home = names.get("__name__")
    own = [each for each in held if issubclass(each, FlowNode) and each.__module__ == home]
    unfinished = [each for each in own if not is_node(each)]
    if unfinished:
        unfinished[-1].create()
    return None


def choose_function(tree: ast.Module) -> str:
    """Return the name of the function that is the node: the one that no other one uses.

    Raises:
        DefinitionError: `node.none`, `node.several`.
    """
    roots = list_roots(tree)
    if not roots:
        raise _refuse_none()
    if len(roots) > 1:
        raise _refuse_several(roots)
    return roots[0]


def list_roots(tree: ast.Module) -> list[str]:
    """Return the public functions at the top that nothing else in the cell uses."""
    functions = {each.name: each for each in tree.body if isinstance(each, _Function)}
    public = [name for name in functions if not name.startswith("_")]
    used = {name for each in tree.body for name in _list_used(each)}
    unused = [name for name in public if name not in used]
    return unused or public[-1:]


def is_plain_definition(tree: ast.Module) -> bool:
    """Whether running the text again would change nothing: imports, definitions and literals only."""
    return all(_is_plain(each) for each in tree.body)


def _is_plain(statement: ast.stmt) -> bool:
    match statement:
        case ast.Import() | ast.ImportFrom() | ast.FunctionDef() | ast.AsyncFunctionDef():
            return True
        case ast.ClassDef() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=value) | ast.AnnAssign(value=value):
            return not any(isinstance(part, ast.Call) for part in ast.walk(value or ast.Pass()))
        case ast.If(body=body, orelse=orelse):
            return all(_is_plain(each) for each in (*body, *orelse))
        case _:
            return isinstance(statement, _TYPE_ALIAS)


def _list_used(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement reads, but not the one that it defines itself."""
    own = getattr(statement, "name", None)
    for each in ast.walk(statement):
        if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load) and each.id != own:
            yield each.id


def _refuse_none() -> DefinitionError:
    return DefinitionError(
        "The cell defines no node.",
        code="node.none",
        suggestion="Define a subclass of FlowNode, or one function with typed parameters.",
    )


def _refuse_several(names: Sequence[str]) -> DefinitionError:
    told = " and ".join(f"`{name}`" for name in names)
    return DefinitionError(
        f"The cell defines {len(names)} nodes: {told}.",
        code="node.several",
        suggestion="Give each node a cell of its own; a function that only serves another one is "
        "no node once it is used there or its name begins with `_`.",
    )


def list_new_names(names: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a cell bound: all but what stood there before and what Python puts there itself."""
    return {
        name: value
        for name, value in names.items()
        if not (name.startswith("__") and name.endswith("__"))
        and (name not in before or before[name] is not value)
    }


def is_node(value: object) -> bool:
    """Whether a value is a node class that can execute."""
    return inspect.isclass(value) and issubclass(value, FlowNode) and "spec" in vars(value)
