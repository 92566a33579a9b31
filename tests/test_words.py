"""The house's words: one vocabulary, no machine's name, nothing left for later, no sleeping tests."""

from __future__ import annotations

import ast
import re
from collections.abc import Set
from pathlib import Path

import pytest

from tests.source import (
    ROOT,
    list_files,
    list_modules,
    list_texts,
    name_of,
    parse,
    show,
    split_words,
)

BANNED = "task job port link pipeline dag manager util utility helper misc"
BANNED_WORDS = frozenset(f"{BANNED} {BANNED.replace(' ', 's ')}s utilities common".split())
# In halves, so that this file does not find itself.
MACHINE_PATHS = re.compile(
    "|".join(["/ro" + "ot/", "/ho" + r"me/\w", "/Us" + r"ers/\w", "/wo" + "rk/"])
)
REGISTRIES = re.compile(
    "|".join(
        [
            "registry[.]np" + "mjs",
            "registry[.]ya" + "rnpkg",
            "python" + "hosted",
            "py" + "pi[.]org/simple",
        ]
    )
)
UNFINISHED = re.compile(
    "|".join(["TO" + "DO", "FIX" + "ME", "\\bXX" + "X\\b", r"[Ff]or n" + "ow\\b"])
)
EXPORTED = re.compile(
    r"^export (?:default )?(?:abstract )?(?:async )?(?:class|function|interface|type|const|enum) (\w+)",
    re.MULTILINE,
)


def find_lines(pattern: re.Pattern[str], without: Set[str] = frozenset()) -> list[str]:
    return [
        f"{name_of(path)}:{number} {line.strip()[:120]}"
        for path in list_texts()
        if path.suffix not in without
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def names_defined(path: Path) -> list[tuple[str, int]]:
    """Classes, functions and fields of classes; parameters are left out: a `port` may be TCP's."""
    found = [(path.stem, 1)]
    for each in ast.walk(parse(path)):
        if isinstance(each, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.append((each.name, each.lineno))
        if isinstance(each, ast.ClassDef):
            found += [
                (field.target.id, field.lineno)
                for field in each.body
                if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
            ]
    return found


def test_names_keep_to_the_vocabulary():
    problems = [
        f"{name_of(path)}:{line} {name}"
        for path in list_modules()
        for name, line in names_defined(path)
        if BANNED_WORDS.intersection(split_words(name))
    ]

    assert not problems, show(problems)


def test_names_of_files_keep_to_the_vocabulary():
    ours = [
        path
        for path in list_files()
        if name_of(path).startswith(("tests/", "labextension/src/", "notebooks/"))
    ]
    problems = [name_of(path) for path in ours if BANNED_WORDS.intersection(split_words(path.stem))]

    assert not problems, show(problems)


def test_exported_names_of_the_editor_keep_to_the_vocabulary():
    problems = [
        f"{name_of(path)} {name}"
        for path in list_files()
        if path.suffix in {".ts", ".tsx"} and path.is_relative_to(ROOT / "labextension" / "src")
        for name in EXPORTED.findall(path.read_text(encoding="utf-8"))
        if BANNED_WORDS.intersection(split_words(name))
    ]

    assert not problems, show(problems)


@pytest.mark.parametrize("pattern", [MACHINE_PATHS, REGISTRIES], ids=["paths", "registries"])
def test_no_file_names_one_machine(pattern):
    problems = find_lines(pattern)

    assert not problems, show(problems)


def test_nothing_is_left_for_later():
    problems = find_lines(UNFINISHED, without={".ipynb", ".json"})

    assert not problems, show(problems)


def is_node_body(statement: ast.FunctionDef) -> bool:
    """Whether a function is what a node does: `execute`, or decorated with `node`."""
    calls = (each.func if isinstance(each, ast.Call) else each for each in statement.decorator_list)
    names = {
        each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls
    }
    return statement.name == "execute" or "node" in names


def find_sleeps(tree: ast.Module) -> list[int]:
    """Lines of `time.sleep` in tests; a node's own body may block, which is what is tested."""
    found: list[int] = []

    def walk(statement: ast.AST, *, in_body: bool) -> None:
        if isinstance(statement, ast.FunctionDef):
            in_body = in_body or is_node_body(statement)
        match statement:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="time"), attr="sleep")) if (
                not in_body
            ):
                found.append(statement.lineno)
            case ast.ImportFrom(module="time", names=names) if any(
                name.name == "sleep" for name in names
            ):
                found.append(statement.lineno)
        for child in ast.iter_child_nodes(statement):
            walk(child, in_body=in_body)

    walk(tree, in_body=False)
    return found


def test_no_test_sleeps():
    problems = [
        f"{name_of(path)}:{line} sleeps: poll a condition with a deadline, or turn a clock by hand"
        for path in list_modules("tests")
        for line in find_sleeps(parse(path))
    ]

    assert not problems, show(problems)
