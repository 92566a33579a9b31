"""Cell source in, node class out: the one place that compiles and executes code (D1, D2)."""

from __future__ import annotations
import __future__

import ast
import importlib
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from importlib.machinery import ModuleSpec
from types import CodeType, ModuleType
from typing import Any, Self
from weakref import WeakKeyDictionary

from dagy_nb.errors import CellSyntaxError
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.nodes.announce import Collection, collect
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.bundle import (
    CELLS,
    Binding,
    CellBundle,
    Constant,
    DefinedObject,
    ImportedModule,
    ImportedObject,
    Statement,
)
from dagy_nb.nodes.capture import Captured, capture, refuse
from dagy_nb.nodes.choose import (
    choose_class,
    choose_function,
    is_plain_definition,
    list_new_names,
    refuse_empty,
)
from dagy_nb.nodes.function import make_function_node
from dagy_nb.nodes.names import FreeNames, find_names
from dagy_nb.nodes.prepare import CellSource, list_notices, make_bundle, read_statement
from dagy_nb.nodes.registry import Registry, default_registry
from dagy_nb.nodes.source import parse_quietly, remember_lines
from dagy_nb.nodes.tracebacks import trim_to

__all__ = [
    "CellModuleName",
    "CellSource",
    "CompiledCell",
    "compile_cell",
    "load_cell",
    "reduce_kept",
]

_lock = threading.RLock()


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledCell:
    """What a cell defined.

    Attributes:
        module: Its module.
        node: Its node class.
        exports: New names for the user's namespace.
        notices: What the user should know about it.
    """

    module: ModuleType
    node: type[FlowNode]
    exports: Mapping[str, Any]
    notices: tuple[Diagnostic, ...] = ()


class CellModuleName(str):
    """The name of a cell's module, which pickles with all that rebuilds that module.

    Every class and function of the module has it as `__module__`. Where one of them is pickled by
    reference, its module's name is written first, and reading that name makes the module.
    """

    __slots__ = ("bundle",)
    bundle: CellBundle

    def __new__(cls, bundle: CellBundle) -> Self:
        """Make the name of a bundle's module."""
        made = super().__new__(cls, bundle.module)
        made.bundle = bundle
        return made

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return (load_cell, (self.bundle,))


_compiled: dict[str, CompiledCell] = {}

_kept_classes: WeakKeyDictionary[type, CellBundle] = WeakKeyDictionary()
"""Classes of the notebook that its nodes use as they are, with what makes them in another process."""


def compile_cell(
    source: CellSource, namespace: Mapping[str, Any], *, registry: Registry | None = None
) -> CompiledCell:
    """Make a module of a cell, and register the one node that it defines.

    Args:
        source: The cell.
        namespace: The user's namespace, which is only read.
        registry: Where the node goes; the default registry where None.

    Raises:
        CellSyntaxError: With the cell's own name and line.
        CaptureRefused: The cell uses data of the notebook.
        NameTaken: Another notebook or module defines this node type.
        DefinitionError: `node.none`, `node.several`, and all that `FlowNode` refuses.
        Exception: What the cell's own code raises. In each case the registry stays as it is.
    """
    __tracebackhide__ = True
    with _lock:
        statement = read_statement(source)
        tree = _parse(statement)
        refuse_empty(tree)
        names = find_names(tree)
        captured = capture(names, namespace)
        if captured.refused:
            raise refuse(captured.refused)
        for kept, value in captured.kept:
            _install(kept, value)
        bundle = make_bundle(source, statement, tree, captured)
        cell = known = _compiled.get(bundle.module)
        if cell is None or not is_plain_definition(tree):
            cell = _compile_new(_number(bundle), names, captured)
        try:
            (default_registry() if registry is None else registry).register(cell.node)
        except BaseException:
            if cell is not known:
                sys.modules.pop(cell.module.__name__, None)
            raise
        _compiled[bundle.module] = cell
        return cell


def load_cell(bundle: CellBundle) -> str:
    """Make the module of a bundle if this process does not have it yet; return its name.

    Pickles call this. It executes the code that the pickle carries, as loading any pickle may do.
    """
    if bundle.module not in sys.modules:
        with _lock:
            if bundle.module not in sys.modules:
                _execute(bundle)
    return str.__str__(bundle.module)


def _parse(statement: Statement) -> ast.Module:
    """Return the tree of a text, with the cell's own lines.

    Raises:
        CellSyntaxError: The text is not Python.
    """
    try:
        tree = ast.parse(_pad(statement), statement.filename)
        _compile(tree, statement, quote_annotations=False)
    except SyntaxError as error:
        problem = error
    else:
        return tree
    raise CellSyntaxError(problem) from None


def _pad(statement: Statement) -> str:
    return "\n" * (statement.first_line - 1) + statement.text


def _compile(code: ast.Module | str, statement: Statement, *, quote_annotations: bool) -> CodeType:
    flags = __future__.annotations.compiler_flag if quote_annotations else 0
    return compile(code, statement.filename, "exec", flags=flags, dont_inherit=True)  # type: ignore[no-any-return]


def _number(bundle: CellBundle) -> CellBundle:
    """Return the bundle under a module name that is still free."""
    number, module = 1, bundle.module
    while module in sys.modules:
        number += 1
        module = f"{bundle.module}_{number}"
    return replace(bundle, module=module)


def _compile_new(bundle: CellBundle, names: FreeNames, captured: Captured) -> CompiledCell:
    __tracebackhide__ = True
    try:
        module, node, exports = _execute(bundle)
    except BaseException as error:
        error.__traceback__ = trim_to(error.__traceback__, bundle.statements[0].filename)
        raise
    if node is None:
        raise AssertionError("a node's cell was executed without a node")
    notices = (*list_notices(names, captured, node.__name__), *node.traits.notices)
    return CompiledCell(module=module, node=node, exports=exports, notices=notices)


def _execute(bundle: CellBundle) -> tuple[ModuleType, type[FlowNode] | None, dict[str, Any]]:
    """Execute a bundle's statements in a module of their own; nothing stays behind where one fails."""
    module = _add_module(bundle)
    try:
        before = {name: _load(binding) for name, binding in bundle.bindings}
        vars(module).update(before)
        with collect(_make_collection(bundle)) as collection:
            for statement in bundle.statements:
                remember_lines(statement.filename, statement.first_line, statement.text)
                code = _compile(
                    _pad(statement), statement, quote_annotations=bundle.quote_annotations
                )
                exec(code, vars(module))  # the one place (D2)
            node = _find_node(bundle, module, collection) if bundle.node else None
    except BaseException:
        sys.modules.pop(bundle.module, None)
        raise
    for name, other in bundle.aliases:
        setattr(module, name, vars(module)[other])
    return module, node, list_new_names(vars(module), before)


def _add_module(bundle: CellBundle) -> ModuleType:
    name = CellModuleName(bundle)
    module = ModuleType(name)
    module.__file__ = bundle.statements[0].filename
    module.__spec__ = ModuleSpec(bundle.module, None, origin=module.__file__)
    module.__package__ = CELLS
    if CELLS not in sys.modules:
        parent = ModuleType(CELLS, "The modules of this notebook's cells.")
        parent.__path__ = []
        parent.__spec__ = ModuleSpec(CELLS, None, is_package=True)
        sys.modules[CELLS] = parent
    sys.modules[bundle.module] = module
    return module


def _install(bundle: CellBundle, value: Any) -> None:
    """Make a class of the notebook, as it is, the content of its bundle's module in this process."""
    if bundle.module not in sys.modules:
        setattr(_add_module(bundle), value.__name__, value)
    _kept_classes[value] = bundle


def reduce_kept(value: object) -> tuple[Any, ...] | None:
    """Return how a class of the notebook that its nodes use as it is comes into a pickle; None for all else.

    So it is the class that the nodes know, wherever the pickle is read, and not a copy of it.
    """
    if not isinstance(value, type):
        return None
    bundle = _kept_classes.get(value)
    return None if bundle is None else (_load_kept, (bundle, value.__name__))


def _load_kept(bundle: CellBundle, name: str) -> Any:
    return vars(sys.modules[load_cell(bundle)])[name]


def _make_collection(bundle: CellBundle) -> Collection:
    part = bundle.node
    if part is None:
        return Collection(module=bundle.module)
    return Collection(
        module=bundle.module,
        origin=part.origin,
        source=part.source,
        fingerprint=bundle.fingerprint,
        options=dict(part.options),
    )


def _find_node(bundle: CellBundle, module: ModuleType, collection: Collection) -> type[FlowNode]:
    """Return the node of a cell that was executed; a function becomes a node here."""
    chosen = choose_class(collection.classes, vars(module))
    if chosen is not None:
        return chosen
    name = choose_function(parse_quietly(bundle.statements[0].text))
    made = make_function_node(vars(module)[name], {})
    setattr(module, name, made)
    return made


def _load(binding: Binding) -> Any:
    """Return what a binding stands for in this process."""
    match binding:
        case ImportedModule(name):
            return importlib.import_module(name)
        case ImportedObject(name, qualname):
            return _look_up(importlib.import_module(name), qualname)
        case DefinedObject(bundle, qualname):
            return _look_up(sys.modules[load_cell(bundle)], qualname)
        case Constant(value):
            return value


def _look_up(module: ModuleType, qualname: str) -> Any:
    return reduce(getattr, qualname.split("."), module)
