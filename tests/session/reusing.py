"""A notebook over a session of its own in: cells run, flows run with reuse, and what ran told."""

from __future__ import annotations

import itertools
import linecache
from pathlib import Path
from typing import Any, Self

from dagy_nb.model.state import NodeState, Reason
from dagy_nb.nodes.cell import CellSource, compile_cell
from dagy_nb.nodes.registry import Registry, use_registry
from dagy_nb.session.current import make_session
from dagy_nb.session.flow import Flow
from dagy_nb.session.result import RunResult
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from dagy_nb.store.memory import MemoryStore

_COUNT = itertools.count(1)


def open_session(home: Path, registry: Registry, **settings: Any) -> Session:
    """Return a session with a registry of its own; what it keeps is under `home`."""
    made = make_session(Settings(home=home, **settings), store=MemoryStore())
    made.registry = registry
    return made


class Notebook:
    """Cells over one session; in a `with` its registry is the one in use, and at the end it is closed."""

    def __init__(self, home: Path, **settings: Any) -> None:
        self.registry = Registry()
        self.session = open_session(home, self.registry, **settings)
        self.names: dict[str, Any] = {"__name__": "__main__", "calls": None}

    def __enter__(self) -> Self:
        self._using = use_registry(self.registry)
        self._using.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self._using.__exit__(*raised)
        self.session.close()

    def run(self, text: str) -> None:
        """Run a plain cell."""
        name = f"<plain cell {next(_COUNT)}>"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(text, name, "exec", dont_inherit=True), self.names)

    def define(self, text: str, **options: object) -> Any:
        """Run a `%%flownode` cell."""
        source = CellSource(
            text=f"%%flownode\n{text}",
            place="nb.ipynb",
            filename=f"<cell {next(_COUNT)}>",
            options=options,
        )
        compiled = compile_cell(source, self.names, registry=self.registry)
        self.names.update(compiled.exports)
        return compiled.node

    def flow(self, text: str) -> Flow:
        """Return the flow of a `%%flow` cell."""
        return Flow.from_yaml(text, session=self.session)


def ran(run: RunResult) -> dict[str, str]:
    """Return node id → why it ran, of the nodes whose bodies ran, in order."""
    return {
        name: f"{node.record.why}: {node.record.why_detail}"
        for name, node in run.items()
        if node.state is not NodeState.SKIPPED
    }


def reused(run: RunResult) -> list[str]:
    """Return the ids of the nodes whose kept outputs were taken."""
    return [name for name, node in run.items() if node.reason is Reason.UP_TO_DATE]
