"""Fixtures of the nodes room: a registry of one's own, and a notebook that is no more than a dict."""

from __future__ import annotations

import itertools
import linecache
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagy_nb.nodes.cell import CellSource, CompiledCell, compile_cell
from dagy_nb.nodes.registry import Registry, use_registry

_COUNT = itertools.count(1)


class Notebook:
    """A namespace with cells: plain ones and those that define a node."""

    def __init__(self, registry: Registry) -> None:
        self.names = {"__name__": "__main__"}
        self.registry = registry

    def run(self, text: str) -> str:
        """Run a plain cell as a kernel does; return the name that tracebacks show."""
        name = f"<plain cell {next(_COUNT)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec", dont_inherit=True), self.names)
        return name

    def define(self, text: str, **options: object) -> CompiledCell:
        """Run a `%%flownode` cell."""
        filename = options.pop("filename", f"<cell In[{next(_COUNT)}]>")
        source = CellSource(
            text=f"%%flownode\n{text}",
            place=options.pop("place", "nb.ipynb"),
            filename=filename,
            options=options,
        )
        compiled = compile_cell(source, self.names, registry=self.registry)
        self.names.update(compiled.exports)
        return compiled


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A fresh registry, the default one during the test."""
    with use_registry(Registry()) as made:
        yield made


@pytest.fixture
def notebook(registry: Registry) -> Notebook:
    """An empty notebook."""
    return Notebook(registry)


@pytest.fixture
def elsewhere(tmp_path: Path):
    """Run a script in a fresh process that has dagy_nb and nothing else of this one."""

    def run(script: str, data: bytes = b"") -> bytes:
        done = subprocess.run(
            [sys.executable, "-c", script],
            input=data,
            capture_output=True,
            cwd=tmp_path,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return run
