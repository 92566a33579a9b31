"""A tree of Python text in, the names that it takes from outside out."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from dagy_nb.nodes.source import copy_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeNames:
    """The names that a text uses without binding them first.

    Attributes:
        needed: Used when the text runs or later; first use first.
        wanted: Used only where a missing name does no harm at once: in annotations, beside a star
            import, or in a class body that binds them too.
        immediate: Those of `needed` which are read while the text itself runs, not later in a call.
        bound: Names that the text binds at its top.
        has_star_import: The text binds names that cannot be known before it runs.
        lines: Name → line of its first use, from 1.
    """

    needed: tuple[str, ...]
    wanted: frozenset[str]
    immediate: frozenset[str]
    bound: frozenset[str]
    has_star_import: bool
    lines: dict[str, int]


_MODULE_NAMES = frozenset(
    {"__name__", "__file__", "__doc__", "__package__", "__spec__", "__loader__"}
    | {"__builtins__", "__annotations__", "__dict__", "__debug__"}
)


def find_names(tree: ast.Module) -> FreeNames:
    """Return the free names of a text that Python can compile."""
    annotations = set(_list_annotation_names(tree)) - set(_list_type_parameters(tree))
    lines = _find_lines(tree)
    plain = ast.fix_missing_locations(_Plain().visit(copy_tree(tree)))
    order = _Order()
    order.visit(plain)
    table = symtable.symtable(ast.unparse(plain), "<names>", "exec")
    bound = {symbol.get_name() for symbol in table.get_symbols() if _is_bound(symbol)}
    bound |= set(_list_declared_global(table)) | order.bound
    needed = {name for name in _list_globals(table) if name not in bound} | (order.early & bound)
    loose = {name for name in _list_class_names(table) if name not in bound}
    star = any(alias.name == "*" for alias in _list_aliases(tree))
    wanted = (annotations | loose | (needed if star else set())) - bound
    if star:
        needed = set()
    needed -= _MODULE_NAMES
    return FreeNames(
        needed=tuple(sorted(needed, key=lambda name: (lines.get(name, 0), name))),
        wanted=frozenset(wanted - needed - _MODULE_NAMES),
        immediate=frozenset(order.early),
        bound=frozenset(bound),
        has_star_import=star,
        lines=lines,
    )


def _is_bound(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported()


def _list_tables(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    yield table
    for child in table.get_children():
        yield from _list_tables(child)


def _list_globals(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield names that some scope looks up among the globals."""
    for each in _list_tables(table):
        is_top = each is table
        for symbol in each.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or is_top):
                yield symbol.get_name()


def _list_declared_global(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield names that a function binds at the top by `global`."""
    for each in _list_tables(table):
        for symbol in each.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                yield symbol.get_name()


def _list_class_names(table: symtable.SymbolTable) -> Iterator[str]:
    """Yield names that a class body both reads and binds: it may read the global one first."""
    for each in _list_tables(table):
        if each.get_type() != "class":
            continue
        for symbol in each.get_symbols():
            if symbol.is_referenced() and symbol.is_local() and _is_bound(symbol):
                yield symbol.get_name()


def _list_aliases(tree: ast.AST) -> Iterator[ast.alias]:
    for each in ast.walk(tree):
        if isinstance(each, ast.ImportFrom):
            yield from each.names


def _find_lines(tree: ast.AST) -> dict[str, int]:
    lines: dict[str, int] = {}
    for each in ast.walk(tree):
        if isinstance(each, ast.Name):
            lines[each.id] = min(each.lineno, lines.get(each.id, each.lineno))
    return lines


def _list_annotation_names(tree: ast.AST) -> Iterator[str]:
    for each in ast.walk(tree):
        match each:
            case ast.arg(annotation=ast.expr() as annotation):
                yield from _list_read(annotation)
            case ast.FunctionDef(returns=ast.expr() as returns):
                yield from _list_read(returns)
            case ast.AsyncFunctionDef(returns=ast.expr() as returns):
                yield from _list_read(returns)
            case ast.AnnAssign(annotation=annotation):
                yield from _list_read(annotation)


def _list_type_parameters(tree: ast.AST) -> Iterator[str]:
    """Yield the names of type parameters, which Python has from 3.12 on: `T` of `def f[T](x: T)`."""
    for each in ast.walk(tree):
        yield from (parameter.name for parameter in getattr(each, "type_params", ()))


def _list_read(expression: ast.expr) -> Iterator[str]:
    """Yield the names in an annotation, those inside quoted parts too."""
    for each in ast.walk(expression):
        if isinstance(each, ast.Name):
            yield each.id
        elif isinstance(each, ast.Constant) and isinstance(each.value, str):
            try:
                quoted = ast.parse(each.value.strip(), mode="eval")
            except SyntaxError:
                continue
            yield from _list_read(quoted.body)


class _Plain(ast.NodeTransformer):
    """Takes the annotations out of a tree, and makes generators of its comprehensions.

    All else that decides about names stays. From 3.12 on a comprehension binds its names in the scope around
    it, as the symbol table tells it, though nobody sees them there; a generator does not.
    """

    def __init__(self) -> None:
        self._depth = 0

    def visit_arg(self, node: ast.arg) -> ast.AST:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        return self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self._visit_function(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        depth, self._depth = self._depth, 0
        self.generic_visit(node)
        self._depth = depth
        return node

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(elt=node.elt, generators=node.generators)

    visit_SetComp = visit_ListComp  # noqa: N815  # the name that `ast` looks for

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        both = ast.Tuple(elts=[node.key, node.value], ctx=ast.Load())
        return ast.GeneratorExp(elt=both, generators=node.generators)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is not None:
            return ast.Assign(targets=[node.target], value=node.value)
        if self._depth and isinstance(node.target, ast.Name):
            # A bare annotation makes the name local to its function.
            return ast.Assign(targets=[node.target], value=ast.Constant(value=None))
        return ast.Pass()


class _Order(ast.NodeVisitor):
    """Walks a tree in the order in which it runs, and notes what is read before it is bound."""

    def __init__(self) -> None:
        self.early: set[str] = set()
        self.bound: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load) and node.id not in self.bound:
            self.early.add(node.id)
        elif isinstance(node.ctx, ast.Store):
            self.bound.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._visit_all([node.value, *node.targets])

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name) and node.target.id not in self.bound:
            self.early.add(node.target.id)
        self._visit_all([node.value, node.target])

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit_all([node.value, node.target])

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._visit_all([node.iter, node.target, *node.body, *node.orelse])

    visit_AsyncFor = visit_For  # noqa: N815  # the name that `ast` looks for

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        self.bound.update((each.asname or each.name).partition(".")[0] for each in node.names)

    visit_ImportFrom = visit_Import  # noqa: N815  # the name that `ast` looks for

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._visit_all([*node.decorator_list, *_list_defaults(node.args)])
        self.bound.add(node.name)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815  # the name that `ast` looks for

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_all(_list_defaults(node.args))

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all([*node.decorator_list, *node.bases, *node.keywords])
        outside = set(self.bound)
        self._visit_all(node.body)
        self.bound = outside | {node.name}

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._visit_comprehension(node.generators, node.elt)

    def visit_TypeAlias(self, node: Any) -> None:
        self.bound.add(node.name.id)  # what it stands for is looked up when somebody asks

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self._visit_all([node.type] if node.type else [])
        self.bound.update([node.name] if node.name else [])
        self._visit_all(node.body)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.generic_visit(node)
        self.bound.update([node.name] if node.name else [])

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        self.bound.update([node.name] if node.name else [])

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        self.bound.update([node.rest] if node.rest else [])

    def _visit_comprehension(self, generators: list[ast.comprehension], result: ast.expr) -> None:
        outside = set(self.bound)
        for each in generators:
            self._visit_all([each.iter, each.target, *each.ifs])
        self.visit(result)
        parts = [part for each in (*generators, result) for part in ast.walk(each)]
        walrus = {each.target.id for each in parts if isinstance(each, ast.NamedExpr)}
        self.bound = outside | walrus

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for each in nodes:
            self.visit(each)


def _list_defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [each for each in (*arguments.defaults, *arguments.kw_defaults) if each is not None]
