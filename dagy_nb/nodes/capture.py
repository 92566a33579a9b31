"""A cell's outside names and the notebook's namespace in, what each name stands for out (D1).

Modules and importable objects are bound by name, small immutable constants by value. Functions and
classes of the notebook are bound by their text, with all that they use in turn, so that a later
redefinition does not change them. Any other data is refused by name.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import FunctionType, ModuleType
from typing import Any

from dagy_nb.errors import CaptureRefused
from dagy_nb.nodes.bundle import CELLS, Binding, CellBundle, Constant, DefinedObject, Statement
from dagy_nb.nodes.classify import (
    PRELUDE,
    bind_module,
    find_defined,
    find_importable,
    follow_alias,
    is_builtin,
)
from dagy_nb.nodes.constants import NoConstant, encode_constant
from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.fingerprint import fingerprint_binding, fingerprint_texts, normalise
from dagy_nb.nodes.names import FreeNames, find_names
from dagy_nb.nodes.source import Definition, find_definition, unwrap


@dataclass(frozen=True, slots=True)
class Refusal:
    """A name that must not be captured.

    Attributes:
        name: The name in the notebook.
        why: A part of a sentence, after `it is`.
        user: The notebook function or class that uses it; empty where the cell itself does.
        line: Where the cell uses it first.
    """

    name: str
    why: str
    user: str = ""
    line: int | None = None

    def __str__(self) -> str:
        by = f", which `{self.user}` uses," if self.user else ""
        where = f" (line {self.line})" if self.line and not self.user else ""
        return f"`{self.name}`{where}{by} is {self.why}"


@dataclass(frozen=True, slots=True)
class Later:
    """A name that stands for a notebook definition, before its bundle is made."""

    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """What a cell's outside names stand for.

    Attributes:
        bindings: Name → what it stands for; empty where something was refused.
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


@dataclass(slots=True)
class _Found:
    """A function or class of the notebook with what it uses."""

    value: Any
    definition: Definition
    names: FreeNames
    uses: dict[str, Binding | Later] = field(default_factory=dict)


def capture(names: FreeNames, namespace: Mapping[str, Any]) -> Captured:
    """Resolve the outside names of a cell from the user's namespace."""
    return _Capture(namespace).take(names)


def refuse(refused: tuple[Refusal, ...]) -> CaptureRefused:
    """Return the error for refused names, with the two ways out."""
    told = "; ".join(str(each) for each in refused)
    it = f"`{refused[0].name}`" if len(refused) == 1 else "each of them"
    return CaptureRefused(
        f"The cell uses data of the notebook, which a node must not capture: {told}.",
        names=[each.name for each in refused],
        suggestion=f"Make {it} a config field of the node, or an input of it.",
    )


def identify(bindings: Mapping[str, Binding]) -> list[str]:
    """Return texts that differ where the bound things are not the very same."""
    texts = []
    for name, binding in sorted(bindings.items()):
        if isinstance(binding, DefinedObject):
            texts.append(f"{name}={binding.bundle.module}.{binding.qualname}")
        else:
            texts.append(f"{name}={fingerprint_binding(binding)}")
    return texts


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
        """Resolve a cell's names."""
        uses = self._resolve(names, self._namespace, user="")
        skipped = [name for name in names.wanted if name in self._namespace and name not in uses]
        return Captured(
            bindings={} if self._refused else {n: self._bind(each) for n, each in uses.items()},
            refused=tuple(dict.fromkeys(self._refused)),
            skipped=tuple(sorted(skipped)),
            undefined=tuple(dict.fromkeys(self._undefined)),
            kept=tuple(self._kept),
            copied=tuple(self._copied),
        )

    def _resolve(
        self, names: FreeNames, scope: Mapping[str, Any], *, user: str
    ) -> dict[str, Binding | Later]:
        """Say what each name stands for; note refused and undefined ones."""
        uses: dict[str, Binding | Later] = {}
        for name in (*names.needed, *sorted(names.wanted)):
            is_needed = name in names.needed
            if name in scope and not is_builtin(name, scope[name]):
                try:
                    uses[name] = self._classify(name, scope[name])
                except NoConstant as error:
                    if is_needed:
                        self._refused.append(Refusal(name, str(error), user, names.lines.get(name)))
            elif name in PRELUDE and not hasattr(builtins, name):
                uses[name] = PRELUDE[name]
            elif is_needed and not hasattr(builtins, name):
                self._undefined.append(name)
        return uses

    def _classify(self, name: str, value: Any) -> Binding | Later:
        """Return what a value is to be bound as.

        Raises:
            NoConstant: It must not be captured.
        """
        value = follow_alias(value)
        if isinstance(value, ModuleType):
            return bind_module(value)
        elsewhere = find_defined(value) or find_importable(name, value)
        if elsewhere is not None:
            return elsewhere
        if isinstance(value, FunctionType | type) or "__wrapped__" in getattr(
            value, "__dict__", ()
        ):
            return self._define(value)
        encode_constant(value)
        return Constant(value)

    def _define(self, value: Any) -> Later:
        """Note a function or class of the notebook, and all that it uses in turn."""
        key = id(value)
        if key in self._found:
            return Later(key)
        inner = unwrap(value)
        if "<locals>" in inner.__qualname__:
            raise NoConstant(f"made inside another function (`{inner.__qualname__}`)")
        definition = find_definition(value)
        if definition is None:
            raise NoConstant(f"a {type(inner).__name__} whose text cannot be read")
        names = find_names(definition.tree)
        found = self._found[key] = _Found(value, definition, names)
        scope = getattr(inner, "__globals__", self._namespace)
        found.uses = self._resolve(names, scope, user=definition.name)
        return Later(key)

    def _bind(self, use: Binding | Later) -> Binding:
        if not isinstance(use, Later):
            return use
        return DefinedObject(self._bundle(use.key), self._found[use.key].definition.name)

    def _bundle(self, key: int) -> CellBundle:
        """Return the bundle of a definition with those that need each other in a circle."""
        if key not in self._bundles:
            group = self._find_circle(key)
            bundle = self._make_bundle(group)
            self._bundles.update(dict.fromkeys(group, bundle))
        return self._bundles[key]

    def _find_circle(self, key: int) -> list[int]:
        used = _reach(key, self._list_used)
        users: dict[int, list[int]] = {}
        for user in used:
            for each in self._list_used(user):
                users.setdefault(each, []).append(user)
        back = _reach(key, lambda each: users.get(each, ()))
        return self._sort([key, *(each for each in used if each in back and each != key)])

    def _list_used(self, key: int) -> list[int]:
        return [each.key for each in self._found[key].uses.values() if isinstance(each, Later)]

    def _sort(self, group: list[int]) -> list[int]:
        """Order definitions so that each comes after those it needs while it is made."""
        done: list[int] = []

        def put(key: int, above: tuple[int, ...]) -> None:
            found = self._found[key]
            for name, use in found.uses.items():
                if not isinstance(use, Later) or name not in found.names.immediate:
                    continue
                if use.key in group and use.key not in (*above, key):
                    put(use.key, (*above, key))
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
            for name, use in found.uses.items():
                if isinstance(use, Later) and use.key in group:
                    aliases[name] = self._found[use.key].definition.name
                else:
                    bindings[name] = self._bind(use)
        definitions = [found.definition for found in members]
        texts = [f"{each.name} {each.text}" for each in definitions]
        bundle = CellBundle(
            module=f"{CELLS}.{definitions[0].name}_{digest([*texts, *identify(bindings)])}",
            statements=tuple(Statement(d.text, d.filename, d.first_line) for d in definitions),
            bindings=tuple(sorted(bindings.items())),
            aliases=tuple(sorted((k, v) for k, v in aliases.items() if k != v)),
            fingerprint=fingerprint_texts((normalise(d.tree) for d in definitions), bindings),
        )
        return self._keep(bundle, members)

    def _keep(self, bundle: CellBundle, members: list[_Found]) -> CellBundle:
        """Keep a notebook class as it is where nothing that it uses can change under it."""
        found = members[0]
        if not isinstance(found.value, type):
            return bundle
        changing = [
            name
            for name, binding in bundle.bindings
            if isinstance(binding, Constant | DefinedObject) and name not in found.names.immediate
        ]
        if len(members) > 1 or changing:
            self._copied.append(found.definition.name)
            return bundle
        bundle = _number(bundle, found.definition.name, found.value)
        self._kept.append((bundle, found.value))
        return bundle


def _reach(key: int, step: Callable[[int], Iterable[int]]) -> dict[int, None]:
    """Return what is reached from a definition by steps, itself only where they lead back."""
    reached: dict[int, None] = {}
    waiting = [key]
    while waiting:
        for each in step(waiting.pop()):
            if each not in reached:
                reached[each] = None
                waiting.append(each)
    return reached


def _number(bundle: CellBundle, name: str, value: Any) -> CellBundle:
    """Return the bundle under a module name that stands for this very class or for nothing yet."""
    number, module = 1, bundle.module
    while module in sys.modules and vars(sys.modules[module]).get(name) is not value:
        number += 1
        module = f"{bundle.module}_{number}"
    return replace(bundle, module=module)
