"""A cell's outside names and the notebook's namespace in, what each name stands for out (D1).

Modules and importable objects are bound by name, small immutable constants by value. Functions and
classes of the notebook are bound by their text, with all that they use in turn, so that a later
redefinition does not change them. Any other data is refused by name.
"""

from __future__ import annotations

import builtins
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType, ModuleType
from typing import Any

from dagy_nb.errors import CaptureRefused
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
from dagy_nb.nodes.constants import NoConstant, encode_constant
from dagy_nb.nodes.fingerprint import digest, fingerprint_binding, fingerprint_texts, normalise
from dagy_nb.nodes.names import FreeNames, find_names
from dagy_nb.nodes.source import Definition, find_definition

# What a node's cell may use although nobody imported it.
PRELUDE: Mapping[str, ImportedObject] = {
    "FlowNode": ImportedObject("dagy_nb.nodes.base", "FlowNode"),
    "Input": ImportedObject("dagy_nb.nodes.connectors", "Input"),
    "Output": ImportedObject("dagy_nb.nodes.connectors", "Output"),
    "DataType": ImportedObject("dagy_nb.model.datatype", "DataType"),
    "ExecutionContext": ImportedObject("dagy_nb.nodes.context", "ExecutionContext"),
    "ExecutionResult": ImportedObject("dagy_nb.nodes.result", "ExecutionResult"),
    "node": ImportedObject("dagy_nb.nodes.function", "node"),
    "Field": ImportedObject("pydantic", "Field"),
    "SecretStr": ImportedObject("pydantic", "SecretStr"),
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A name that must not be captured, and why: a part of a sentence after `it is`."""

    name: str
    why: str
    user: str = ""

    def __str__(self) -> str:
        by = f", used by `{self.user}`" if self.user else ""
        return f"`{self.name}`{by} is {self.why}"


@dataclass(frozen=True, slots=True)
class Later:
    """A name that stands for a notebook definition, before its bundle is made."""

    key: int


@dataclass(slots=True)
class _Found:
    """A function or class of the notebook with what it uses."""

    value: Any
    definition: Definition
    names: FreeNames
    links: dict[str, Binding | Later] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a cell's outside names stand for.

    Attributes:
        bindings: Name → what it stands for.
        refused: Names of data, with the reason.
        skipped: Names used only in annotations that could not be bound.
        undefined: Names that stand for nothing yet.
        kept: Bundles whose classes live on as they are in this process, with those classes.
        copied: Names of notebook classes of which the node gets its own copy.
    """

    bindings: dict[str, Binding]
    refused: tuple[Refusal, ...]
    skipped: tuple[str, ...]
    undefined: tuple[str, ...]
    kept: tuple[tuple[CellBundle, Any], ...]
    copied: tuple[str, ...]


def capture(names: FreeNames, namespace: Mapping[str, Any]) -> Captured:
    """Resolve the outside names of a cell from the user's namespace."""
    return _Capture(namespace).take(names)


def refuse(refused: tuple[Refusal, ...]) -> CaptureRefused:
    """Return the error for refused names, with the two ways out."""
    told = "; ".join(str(each) for each in refused)
    one = len(refused) == 1
    it = f"`{refused[0].name}`" if one else "each of them"
    return CaptureRefused(
        f"The cell uses data of the notebook, which a node must not capture: {told}.",
        names=[each.name for each in refused],
        suggestion=f"Make {it} a config field of the node, or an input of it.",
    )


class _Capture:
    """One capture; holds what was found on the way."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self._found: dict[int, _Found] = {}
        self._bundles: dict[int, CellBundle] = {}
        self._refused: list[Refusal] = []
        self._undefined: list[str] = []
        self._kept: list[tuple[CellBundle, Any]] = []
        self._copied: list[str] = []

    def take(self, names: FreeNames) -> Captured:
        links = self._link(names, self._namespace, user="")
        skipped = [name for name in names.wanted if name in self._namespace and name not in links]
        return Captured(
            bindings={} if self._refused else {n: self._bind(each) for n, each in links.items()},
            refused=tuple(dict.fromkeys(self._refused)),
            skipped=tuple(sorted(skipped)),
            undefined=tuple(dict.fromkeys(self._undefined)),
            kept=tuple(self._kept),
            copied=tuple(self._copied),
        )

    def _link(
        self, names: FreeNames, scope: Mapping[str, Any], *, user: str
    ) -> dict[str, Binding | Later]:
        """Say what each name stands for; note refused and undefined ones."""
        links: dict[str, Binding | Later] = {}
        for name in (*names.needed, *sorted(names.wanted)):
            if name not in scope or _is_builtin(name, scope[name]):
                if not hasattr(builtins, name):
                    self._link_prelude(links, name, is_needed=name in names.needed)
                continue
            try:
                links[name] = self._classify(name, scope[name])
            except NoConstant as error:
                if name in names.needed:
                    self._refused.append(Refusal(name, str(error), user))
        return links

    def _link_prelude(
        self, links: dict[str, Binding | Later], name: str, *, is_needed: bool
    ) -> None:
        if name in PRELUDE:
            links[name] = PRELUDE[name]
        elif is_needed:
            self._undefined.append(name)

    def _classify(self, name: str, value: Any) -> Binding | Later:
        """Return what a value is to be bound as.

        Raises:
            NoConstant: It must not be captured.
        """
        if isinstance(value, ModuleType):
            return _bind_module(value)
        defined = _find_defined(value)
        if defined is not None:
            return defined
        importable = _find_importable(name, value)
        if importable is not None:
            return importable
        if isinstance(value, FunctionType | type) or hasattr(value, "__wrapped__"):
            return self._define(value)
        encode_constant(value)
        return Constant(value)

    def _define(self, value: Any) -> Later:
        """Note a function or class of the notebook, and all that it uses in turn."""
        key = id(value)
        if key in self._found:
            return Later(key)
        inner = inspect.unwrap(value)
        name = inner.__qualname__
        if "<locals>" in name:
            raise NoConstant(f"made inside another function (`{name}`)")
        definition = find_definition(value)
        if definition is None:
            raise NoConstant(f"a {type(inner).__name__} whose text cannot be read")
        names = find_names(definition.tree)
        found = _Found(value, definition, names)
        self._found[key] = found
        scope = getattr(inner, "__globals__", self._namespace)
        found.links = self._link(names, scope, user=definition.name)
        found.links.pop(definition.name, None)
        return Later(key)

    def _bind(self, link: Binding | Later) -> Binding:
        if not isinstance(link, Later):
            return link
        return DefinedObject(self._bundle(link.key), self._found[link.key].definition.name)

    def _bundle(self, key: int) -> CellBundle:
        """Return the bundle of a definition with those that need each other in a circle."""
        if key not in self._bundles:
            group = self._find_circle(key)
            bundle = self._make_bundle(group)
            for each in group:
                self._bundles[each] = bundle
        return self._bundles[key]

    def _find_circle(self, key: int) -> list[int]:
        reached = self._reach(key)
        circle = [each for each in reached if key in self._reach(each)]
        return self._sort([key, *(each for each in circle if each != key)])

    def _reach(self, key: int) -> list[int]:
        reached: list[int] = []
        waiting = [key]
        while waiting:
            for each in self._found[waiting.pop()].links.values():
                if isinstance(each, Later) and each.key not in reached:
                    reached.append(each.key)
                    waiting.append(each.key)
        return reached

    def _sort(self, group: list[int]) -> list[int]:
        """Order definitions so that each comes after those it needs while it is made."""
        done: list[int] = []

        def put(key: int, above: tuple[int, ...]) -> None:
            found = self._found[key]
            for name, link in found.links.items():
                if isinstance(link, Later) and name in found.names.immediate:
                    if link.key in group and link.key not in (*above, key):
                        put(link.key, (*above, key))
            if key not in done:
                done.append(key)

        for key in sorted(group, key=lambda each: self._found[each].definition.first_line):
            put(key, ())
        return done

    def _make_bundle(self, group: list[int]) -> CellBundle:
        members = [self._found[key] for key in group]
        bindings: dict[str, Binding] = {}
        aliases: dict[str, str] = {}
        for found in members:
            for name, link in found.links.items():
                if isinstance(link, Later) and link.key in group:
                    aliases[name] = self._found[link.key].definition.name
                else:
                    bindings[name] = self._bind(link)
        texts = [normalise(found.definition.tree) for found in members]
        bundle = CellBundle(
            module=_name_module(members, bindings),
            statements=tuple(
                Statement(d.text, d.filename, d.first_line)
                for d in (found.definition for found in members)
            ),
            bindings=tuple(sorted(bindings.items())),
            aliases=tuple(sorted((k, v) for k, v in aliases.items() if k != v)),
            fingerprint=fingerprint_texts(texts, bindings),
        )
        return self._keep(bundle, members, bindings)

    def _keep(
        self, bundle: CellBundle, members: list[_Found], bindings: Mapping[str, Binding]
    ) -> CellBundle:
        """Keep a notebook class as it is where nothing that it uses can change under it."""
        found = members[0]
        if not isinstance(found.value, type):
            return bundle
        late = [name for name in bindings if name not in found.names.immediate]
        changing = [n for n in late if isinstance(bindings[n], Constant | DefinedObject)]
        if len(members) > 1 or changing:
            self._copied.append(found.definition.name)
            return bundle
        bundle = _number(bundle, found.definition.name, found.value)
        self._kept.append((bundle, found.value))
        return bundle


def _is_builtin(name: str, value: Any) -> bool:
    """Whether IPython put its own version of a builtin into the notebook."""
    home = getattr(value, "__module__", "") or ""
    return hasattr(builtins, name) and home.partition(".")[0] == "IPython"


def _bind_module(module: ModuleType) -> ImportedModule:
    name = module.__name__
    if sys.modules.get(name) is not module or getattr(module, "__spec__", None) is None:
        raise NoConstant(f"the module `{name}`, which no other process can import")
    return ImportedModule(name)


def _find_defined(value: Any) -> DefinedObject | None:
    """Return the binding of what another cell's module holds."""
    bundle = getattr(getattr(value, "__module__", None), "bundle", None)
    if not isinstance(bundle, CellBundle):
        return None
    qualname = getattr(value, "__qualname__", "")
    found = _look_up(sys.modules.get(bundle.module), qualname)
    return DefinedObject(bundle, qualname) if found is value else None


def _find_importable(name: str, value: Any) -> ImportedObject | None:
    """Return where another process finds this very object by import, or None."""
    if name == "get_ipython" and type(value).__name__ in {"method", "function"}:
        return ImportedObject("IPython", "get_ipython")
    if _is_plain(value):
        return None
    home = getattr(value, "__module__", None)
    qualname = getattr(value, "__qualname__", None)
    for place in (qualname, getattr(value, "__name__", None), name):
        if isinstance(home, str) and isinstance(place, str) and _is_at(home, place, value):
            return ImportedObject(str(home), place)
    if isinstance(value, FunctionType | type):
        return None
    for module in list(sys.modules):
        if _is_at(module, name, value):
            return ImportedObject(module, name)
    return None


def _is_plain(value: Any) -> bool:
    return value is None or type(value) in {bool, int, float, complex, str, bytes, tuple, frozenset}


def _is_at(module_name: str, qualname: str, value: Any) -> bool:
    module = sys.modules.get(module_name)
    if module_name in {"__main__", "__mp_main__"} or getattr(module, "__spec__", None) is None:
        return False
    if module_name.partition(".")[0] == CELLS:
        return False
    return _look_up(module, qualname) is value


def _look_up(module: ModuleType | None, qualname: str) -> Any:
    """Return what a module holds under a dotted name, without running any module's `__getattr__`."""
    first, *rest = qualname.split(".")
    found = vars(module).get(first) if module is not None else None
    for part in rest:
        found = getattr(found, part, None)
    return found


def _name_module(members: list[_Found], bindings: Mapping[str, Binding]) -> str:
    texts = [f"{found.definition.name} {found.definition.text}" for found in members]
    return f"{CELLS}.{members[0].definition.name}_{digest([*texts, *identify(bindings)])}"


def identify(bindings: Mapping[str, Binding]) -> list[str]:
    """Return texts that differ where the bound things are not the very same."""
    texts = []
    for name, binding in sorted(bindings.items()):
        if isinstance(binding, DefinedObject):
            texts.append(f"{name}={binding.bundle.module}.{binding.qualname}")
        else:
            texts.append(f"{name}={fingerprint_binding(binding)}")
    return texts


def _number(bundle: CellBundle, name: str, value: Any) -> CellBundle:
    """Return the bundle under a module name that stands for this very class or for nothing yet."""
    number = 1
    module = bundle.module
    while module in sys.modules and vars(sys.modules[module]).get(name) is not value:
        number += 1
        module = f"{bundle.module}_{number}"
    return replace(bundle, module=module)
