"""Node classes in, frozen snapshots of them out: the one place that knows which node types there are."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from dagy_nb.errors import DefinitionError, NameTaken, UnknownName
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.spec import NodeSpec, Origin
from dagy_nb.nodes.announce import listen
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.origin import is_same_origin
from dagy_nb.nodes.plugins import BrokenPlugin, load_plugins

KEPT_VERSIONS = 50

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrySnapshot:
    """All node types at one moment; it never changes.

    Attributes:
        revision: Grows with each change of a spec.
        classes: Name → class.
        specs: Name → spec; holds broken plug-ins too, marked as unavailable.
        broken: What could not be loaded.
    """

    revision: int = 0
    classes: Mapping[str, type[FlowNode]] = field(default_factory=lambda: MappingProxyType({}))
    specs: Mapping[str, NodeSpec] = field(default_factory=lambda: MappingProxyType({}))
    broken: tuple[BrokenPlugin, ...] = ()
    texts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    history: Mapping[str, tuple[NodeSpec, ...]] = field(
        default_factory=lambda: MappingProxyType({}), repr=False
    )


class Registry:
    """Knows the node types of this process; safe to use from any thread.

    Attributes:
        discoveries: How often plug-ins were looked for: 0 or 1.
        exported: How many specs were turned into plain dicts so far.
    """

    def __init__(self, snapshot: RegistrySnapshot | None = None) -> None:
        self._lock = threading.RLock()
        self._discovery = threading.RLock()
        self._snapshot = snapshot or RegistrySnapshot()
        self._callbacks: tuple[Callable[[RegistrySnapshot], None], ...] = ()
        self.discoveries = 0
        self.exported = 0

    def __repr__(self) -> str:
        now = self._snapshot
        return f"Registry({len(now.classes)} node types, revision {now.revision})"

    def register(self, cls: type[FlowNode], *, replace_origin_check: bool = True) -> type[FlowNode]:
        """Take in a node type; one of the same name and origin is replaced, its spec kept (D3).

        Args:
            cls: A node class that can execute.
            replace_origin_check: Refuse a name that another origin has.

        Returns:
            The class, so that this can be used as a decorator.

        Raises:
            NameTaken: Another origin has this name; both are named.
            DefinitionError: `node.no_execute`.
        """
        if "spec" not in cls.__dict__:
            raise DefinitionError(
                f"{cls.__name__} has no `execute`, so it is no node type.",
                code="node.no_execute",
                suggestion="Define `def execute(self, context, ...)`.",
            )
        with self._lock:
            before = self._snapshot
            after = _put(before, cls, check_origin=replace_origin_check)
            self._snapshot = after
        if after.revision != before.revision:
            self._tell()
        return cls

    def get(self, name: str) -> type[FlowNode]:
        """Return the class of a node type; plug-ins are looked for where it is not known.

        Raises:
            UnknownName: `unknown.node_type`, with the nearest names.
            DefinitionError: `node.unavailable` for a plug-in that could not be loaded.
        """
        found = self._snapshot.classes.get(name)
        if found is None:
            found = self.discover().classes.get(name)
        if found is not None:
            return found
        spec = self._snapshot.specs.get(name)
        if spec is not None:
            raise DefinitionError(
                f"The node type {name!r} is not available: {spec.unavailable}",
                code="node.unavailable",
                suggestion="Mend or remove the package that brings it.",
            )
        raise UnknownName(
            f"There is no node type {name!r}.",
            code="unknown.node_type",
            suggestion=suggest_names(name, self._snapshot.classes, what="node types"),
        )

    def snapshot(self) -> RegistrySnapshot:
        """Return all node types as they are now."""
        return self._snapshot

    def previous(self, name: str) -> tuple[NodeSpec, ...]:
        """Return the earlier specs of a node type, the oldest first; the last 50 are kept."""
        return self._snapshot.history.get(name, ())

    def categories(self) -> tuple[str, ...]:
        """Return the palette groups, sorted, each once."""
        return tuple(sorted({spec.category for spec in self._snapshot.specs.values()}))

    def search(self, text: str) -> tuple[NodeSpec, ...]:
        """Return the specs whose metadata hold every word of `text`, whatever the letter case."""
        words = text.lower().split()
        now = self._snapshot
        return tuple(
            now.specs[name]
            for name, metadata in now.texts.items()
            if all(word in metadata for word in words)
        )

    def export(self, text: str = "") -> list[dict[str, Any]]:
        """Return the specs that `search(text)` finds as plain dicts."""
        found = self.search(text)
        with self._lock:
            self.exported += len(found)
        return [spec.model_dump(mode="json") for spec in found]

    def subscribe(self, callback: Callable[[RegistrySnapshot], None]) -> Callable[[], None]:
        """Call `callback` with the newest snapshot after each change; return what ends that."""
        with self._lock:
            self._callbacks = (*self._callbacks, callback)

        def unsubscribe() -> None:
            with self._lock:
                self._callbacks = tuple(c for c in self._callbacks if c is not callback)

        return unsubscribe

    def discover(self) -> RegistrySnapshot:
        """Load the plug-ins of the entry point group `dagy_nb.nodes`, once in this registry's life.

        A plug-in that cannot be loaded does not stop the others; it stays visible as unavailable.
        """
        with self._discovery:
            if self.discoveries:
                return self._snapshot
            self.discoveries += 1
            # Loading imports modules, so the other lock must be free: they may register meanwhile.
            found = load_plugins()
            with self._lock:
                before = self._snapshot
                for plugin in found:
                    self._snapshot = _put_plugin(self._snapshot, plugin)
                after = self._snapshot
        if after.revision != before.revision:
            self._tell()
        return after

    def copy(self) -> Registry:
        """Return a registry of its own with the same node types."""
        return Registry(self._snapshot)

    def _tell(self) -> None:
        for callback in self._callbacks:
            try:
                callback(self._snapshot)
            except Exception:  # noqa: BLE001  # a listener may fail in any way
                _log.exception("A listener of the registry failed: %r", callback)


def _put(before: RegistrySnapshot, cls: type[FlowNode], *, check_origin: bool) -> RegistrySnapshot:
    """Return a snapshot with `cls` in it."""
    name, spec = cls.spec.type, cls.spec
    known = before.specs.get(name)
    if known is not None and check_origin and not known.unavailable:
        _refuse_other_origin(name, known.origin, spec.origin)
    classes = MappingProxyType({**before.classes, name: cls})
    if known is not None and known == spec.model_copy(update={"revision": known.revision}):
        return _replace(before, classes=classes)
    numbered = spec.model_copy(update={"revision": known.revision + 1 if known else 1})
    history = before.history
    if known is not None:
        kept = (*history.get(name, ()), known)[-KEPT_VERSIONS:]
        history = MappingProxyType({**history, name: kept})
    return _replace(
        before,
        revision=before.revision + 1,
        classes=classes,
        specs=MappingProxyType({**before.specs, name: numbered}),
        texts=MappingProxyType({**before.texts, name: lower_metadata(numbered)}),
        history=history,
    )


def _put_plugin(before: RegistrySnapshot, plugin: BrokenPlugin | type) -> RegistrySnapshot:
    if isinstance(plugin, type):
        try:
            return _put(before, plugin, check_origin=True)
        except NameTaken as error:
            name, place = plugin.__name__, plugin.__module__
            plugin = BrokenPlugin(name=name, place=place, reason=error.reason)
    spec = plugin.describe()
    if spec is None or spec.type in before.specs:
        return _replace(before, broken=(*before.broken, plugin))
    return _replace(
        before,
        revision=before.revision + 1,
        broken=(*before.broken, plugin),
        specs=MappingProxyType({**before.specs, spec.type: spec}),
        texts=MappingProxyType({**before.texts, spec.type: lower_metadata(spec)}),
    )


def _replace(before: RegistrySnapshot, **changes: Any) -> RegistrySnapshot:
    kept = {name: getattr(before, name) for name in RegistrySnapshot.__slots__}
    return RegistrySnapshot(**{**kept, **changes})


def lower_metadata(spec: NodeSpec) -> str:
    """Return what a search looks at: name, label, category, tags, description, connectors."""
    connectors = " ".join(f"{c.name} {' '.join(c.data_types)}" for c in spec.connectors)
    parts = (spec.type, spec.label, spec.category, *spec.tags, spec.description, connectors)
    return "\n".join(parts).lower()


def _refuse_other_origin(name: str, known: Origin, new: Origin) -> None:
    if is_same_origin(known, new):
        return
    raise NameTaken(
        f"The node type {name!r} is already defined by {known}; {new} cannot define it too.",
        suggestion="Rename one of them.",
    )


_default = Registry()


def default_registry() -> Registry:
    """Return the registry into which new node classes go by themselves."""
    return _default


@contextmanager
def use_registry(registry: Registry) -> Iterator[Registry]:
    """Make `registry` the default one in this block, for all threads."""
    global _default  # noqa: PLW0603  # the default of one process
    before, _default = _default, registry
    try:
        yield registry
    finally:
        _default = before


def _register_announced(node_class: Any) -> None:
    _default.register(node_class)


listen(_register_announced)
