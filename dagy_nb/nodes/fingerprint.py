"""Trees and bindings in, hashes out that change when what the code does may change, and only then."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from dagy_nb.nodes.bundle import Binding, Constant, DefinedObject, ImportedModule, ImportedObject
from dagy_nb.nodes.constants import encode_constant
from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.local import fingerprint_local
from dagy_nb.nodes.source import copy_tree


def normalise(tree: ast.Module) -> str:
    """Return the text of a tree without comments, docstrings and layout."""
    tree = copy_tree(tree)
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
