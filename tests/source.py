"""The checkout in, its files, modules and syntax trees out: what the house's tests look at."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "dagy_nb"
SKIPPED = frozenset({"node_modules", "lib", "dist", "build", "static", "__pycache__"})
TEXT = frozenset(
    {
        ".py",
        ".toml",
        ".md",
        ".yml",
        ".yaml",
        ".ts",
        ".tsx",
        ".mjs",
        ".js",
        ".json",
        ".css",
        ".ipynb",
        "",
    }
)


@cache
def list_files() -> tuple[Path, ...]:
    """All files of the checkout that git keeps or would keep; all of an unpacked sdist."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
    except (OSError, subprocess.CalledProcessError):
        return tuple(sorted(_walk(ROOT)))
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in SKIPPED:
                yield from _walk(path)
        else:
            yield path


def list_texts() -> list[Path]:
    """The files a person reads."""
    return [path for path in list_files() if path.suffix in TEXT]


def list_modules(folder: str = "dagy_nb") -> list[Path]:
    """The Python files below a folder of the checkout."""
    return [
        path for path in list_files() if path.suffix == ".py" and path.is_relative_to(ROOT / folder)
    ]


def name_of(path: Path) -> str:
    """The path as it is written in the checkout."""
    return path.relative_to(ROOT).as_posix()


@cache
def parse(path: Path) -> ast.Module:
    """The syntax tree of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def split_words(name: str) -> list[str]:
    """The words of a snake_case, kebab-case or CamelCase name, in lower case.

    >>> split_words("RunHTTPServer_of")
    ['run', 'http', 'server', 'of']
    """
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def show(problems: list[str]) -> str:
    """One problem a line, below pytest's own words."""
    return "\n" + "\n".join(problems)
