"""The entry points of installed packages in, their node classes, or why there are none, out."""

from __future__ import annotations

import hashlib
import inspect
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

from dagy_nb.model.connector import IDENTIFIER
from dagy_nb.model.spec import NodeSpec, Origin, OriginKind
from dagy_nb.nodes.announce import Collection, collect
from dagy_nb.nodes.base import FlowNode

GROUP = "dagy_nb.nodes"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenPlugin:
    """A plug-in that could not be loaded.

    Attributes:
        name: The entry point's name.
        place: The module it points to.
        reason: What went wrong.
    """

    name: str
    place: str
    reason: str

    def describe(self) -> NodeSpec | None:
        """Return a spec that shows it in the palette as unavailable, if its name can be one."""
        if not IDENTIFIER.match(self.name):
            return None
        version = hashlib.sha256(f"{self.place} {self.reason}".encode()).hexdigest()[:16]
        return NodeSpec(
            type=self.name,
            origin=Origin(kind=OriginKind.MODULE, place=self.place),
            version=version,
            schema_version=version,
            label=self.name,
            category="Unavailable",
            description=f"The plug-in {self.place} could not be loaded.",
            unavailable=self.reason,
            timeout=None,
            retries=0,
            source="",
        )


def load_plugins() -> list[type | BrokenPlugin]:
    """Load the built-in nodes, then each plug-in by itself; one that fails becomes a `BrokenPlugin`."""
    # Late: most of what imports the registry never asks for a node type by name.
    from dagy_nb.nodes.builtin import BUILTINS

    found: list[type | BrokenPlugin] = [*BUILTINS]
    for entry in entry_points(group=GROUP):
        found.extend(_load(entry))
    return found


def _load(entry: EntryPoint) -> list[type | BrokenPlugin]:
    with collect(Collection()) as collection:
        try:
            loaded = entry.load()
        except (Exception, SystemExit) as error:  # noqa: BLE001  # it may fail in any way
            reason = f"{type(error).__name__}: {error}"
            return [BrokenPlugin(name=entry.name, place=entry.value, reason=reason)]
    classes = _list_classes(loaded, collection)
    if not classes:
        reason = "It defines no node type."
        return [BrokenPlugin(name=entry.name, place=entry.value, reason=reason)]
    return list(classes)


def _list_classes(loaded: Any, collection: Collection) -> list[type]:
    """Return what the load defined, and what the module had defined before."""
    if isinstance(loaded, ModuleType):
        held = [each for each in vars(loaded).values() if _is_node_of(each, loaded.__name__)]
    else:
        held = [loaded] if _is_node(loaded) else []
    return list(dict.fromkeys([*collection.classes, *held]))


def _is_node(value: object) -> bool:
    return inspect.isclass(value) and issubclass(value, FlowNode) and "spec" in vars(value)


def _is_node_of(value: object, module: str) -> bool:
    if not (inspect.isclass(value) and _is_node(value)):
        return False
    return value.__module__ == module or value.__module__.startswith(f"{module}.")
