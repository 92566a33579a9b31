"""A notebook and parameter values in, checked plain values out, refused by name where they do not fit."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from typing import Any

from dagy_nb.checks.parameters import describe_misfit
from dagy_nb.errors import NotebookError
from dagy_nb.flowfile.declarations import infer_type
from dagy_nb.flowfile.expressions import read_text_value, read_yaml_value
from dagy_nb.model.connector import IDENTIFIER
from dagy_nb.model.flow import ParameterSpec, ParameterType
from dagy_nb.model.nearest import suggest_names

TAG = "parameters"
_ANNOTATIONS = {
    "str": ParameterType.STRING,
    "int": ParameterType.INTEGER,
    "float": ParameterType.NUMBER,
    "bool": ParameterType.BOOLEAN,
    "list": ParameterType.ARRAY,
    "dict": ParameterType.OBJECT,
}


def find_parameters(notebook: Any, language: str = "python") -> tuple[ParameterSpec, ...] | None:
    """Return what a notebook declares in its cell tagged `parameters`; None where it has no such cell.

    A parameter is a name assigned at the top level of the cell. Its type is that of its annotation, or of
    its default where that is written out; else it is `any`. The cell is read, never run.

    Args:
        notebook: The notebook, as nbformat reads it.
        language: The kernel's language; of other languages than Python only the names are found.
    """
    cell = next((each for each in notebook.cells if TAG in each.metadata.get("tags", ())), None)
    if cell is None:
        return None
    if language.lower() not in {"python", "ipython", "python3"}:
        return _ask_papermill(cell, language)
    return tuple(_read_python(cell.source).values())


def check_parameters(
    notebook: Any,
    values: Mapping[str, Any],
    language: str = "python",
    *,
    typed: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the values as the notebook takes them; a text is read as the parameter's type.

    Args:
        notebook: The notebook, as nbformat reads it.
        values: Parameter → value.
        language: The kernel's language.
        typed: Parameter → what a person typed; where the type is `any` it is read as YAML.

    Raises:
        NotebookError: `notebook.no_parameters_cell`, `notebook.unknown_parameter`,
            `notebook.parameter_type`.
    """
    given = {**values, **(typed or {})}
    if not given:
        return {}
    declared = find_parameters(notebook, language)
    if declared is None:
        raise NotebookError(
            f"Parameters were given ({', '.join(given)}), but the notebook takes none.",
            code="notebook.no_parameters_cell",
            suggestion="Put their defaults into a cell and give it the tag `parameters`.",
        )
    known = {each.name: each for each in declared}
    open_ended = not declared and language.lower() != "python"
    checked = {
        name: _check_one(name, value, known, open_ended=open_ended) for name, value in given.items()
    }
    free = {
        name for name in typed or () if name not in known or known[name].type is ParameterType.ANY
    }
    return {
        name: read_yaml_value(value) if name in free else value for name, value in checked.items()
    }


def _check_one(
    name: str, value: Any, known: Mapping[str, ParameterSpec], *, open_ended: bool
) -> Any:
    if name not in known and not (open_ended and IDENTIFIER.match(name)):
        raise NotebookError(
            f"The notebook has no parameter {name!r}.",
            code="notebook.unknown_parameter",
            suggestion=suggest_names(name, known, what="parameters"),
        )
    kind = known[name].type if name in known else ParameterType.ANY
    read = read_text_value(kind, value) if isinstance(value, str) else value
    # A default of 1 does not say that 1.5 is wrong: numbers go for numbers.
    wanted = ParameterType.NUMBER if kind is ParameterType.INTEGER else kind
    misfit = "" if read is None else describe_misfit(read, wanted)
    if misfit:
        raise NotebookError(
            f"The value of parameter {name!r} does not fit type {kind}: {misfit}.",
            code="notebook.parameter_type",
            suggestion=f"Its default is {known[name].default!r}." if name in known else "",
        )
    return read


def _read_python(source: str) -> dict[str, ParameterSpec]:
    found: dict[str, ParameterSpec] = {}
    for statement in _parse(source):
        match statement:
            case ast.Assign(targets=targets, value=value):
                names = [each.id for each in targets if isinstance(each, ast.Name)]
                found |= {name: _declare(name, value, None) for name in names}
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = _declare(name, value, ast.unparse(statement.annotation))
    return found


def _parse(source: str) -> Sequence[ast.stmt]:
    """Return the statements of a cell; lines that only IPython understands count for nothing."""
    lines = ["" if line.lstrip()[:1] in {"%", "!", "?"} else line for line in source.splitlines()]
    try:
        return ast.parse("\n".join(lines)).body
    except SyntaxError:
        return ()


def _declare(name: str, value: ast.expr, annotation: str | None) -> ParameterSpec:
    try:
        default, is_written_out = ast.literal_eval(value), True
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        default, is_written_out = None, False
    kind = infer_type(default)
    if annotation is not None:
        base = annotation.strip("'\"").split("[")[0]
        kind = _ANNOTATIONS.get(base, ParameterType.ANY)
    return ParameterSpec(name=name, type=kind, default=default, has_default=is_written_out)


def _ask_papermill(cell: Any, language: str) -> tuple[ParameterSpec, ...]:
    from papermill.exceptions import PapermillException
    from papermill.translators import papermill_translators

    try:
        found = papermill_translators.find_translator("", language).inspect(cell)
    except (NotImplementedError, PapermillException):
        return ()
    return tuple(ParameterSpec(name=each.name) for each in found if IDENTIFIER.match(each.name))
