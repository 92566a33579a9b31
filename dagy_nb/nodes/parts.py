"""A node class in, the parts of its code by name out; two such lists in, what changed in words out."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from dagy_nb.nodes.afterwards import list_afterwards
from dagy_nb.nodes.bundle import (
    CellBundle,
    Constant,
    DefinedObject,
    ImportedModule,
    ImportedObject,
)
from dagy_nb.nodes.closure import list_attributes, list_closure, list_homes
from dagy_nb.nodes.constants import encode_constant
from dagy_nb.nodes.digest import digest
from dagy_nb.nodes.fingerprint import normalise
from dagy_nb.nodes.local import (
    fingerprint_all,
    fingerprint_local,
    is_edited,
    is_installed,
    list_imported,
    list_local,
    tell_changed,
)
from dagy_nb.nodes.packages import list_versions
from dagy_nb.nodes.source import parse_quietly

OWN = "own code"
SHAPE = "inputs, outputs or config fields"
MAX_PARTS = 200
MAX_TEXT = 80
MAX_NAMED = 3

_KNOWN: WeakKeyDictionary[type, Mapping[str, str]] = WeakKeyDictionary()


def list_parts(node_class: Any) -> Mapping[str, str]:
    """Return what the code of a node is made of: name in words → hash, or the value of a constant.

    Example:
        >>> list_parts(Late)  # doctest: +SKIP
        {'own code': '0f…', 'helper `clean`': '9a…', 'constant LIMIT': 'int 5'}
    """
    known = _KNOWN.get(node_class)
    if known is None:
        bundle = getattr(node_class.__module__, "bundle", None)
        found = _list_cell(bundle) if bundle is not None else _list_module(node_class)
        parts = dict(sorted(found)[:MAX_PARTS])
        parts[SHAPE] = node_class.spec.schema_version
        known = _KNOWN[node_class] = parts
    return known


def list_imports(node_class: Any) -> dict[str, str]:
    """Return what the code of a node uses and may change under it: name in words → hash of it as it is now.

    These are the user's own modules, which may have been loaded anew since the node was defined, its own and
    other classes, on which something may have been set, and installed packages by their versions.
    """
    around = _find_around(node_class)
    own = list(list_afterwards(node_class))
    changed = tell_changed(node_class.__module__) if around.is_module else ""
    if not (around.homes or around.classes or own or changed):
        return around.versions
    modules = {f"module {name}": text for name, text in fingerprint_all(around.homes).items()}
    if changed:
        modules[f"module {node_class.__module__}"] = changed
    set_on = {each.__qualname__: digest(list_attributes(each)) for each in around.classes}
    if own:
        set_on[node_class.__qualname__] = digest(own)
    held = {f"what `{name}` holds": text for name, text in set_on.items()}
    return {**around.versions, **modules, **held}


def list_edited(node_class: Any) -> list[str]:
    """Return the user's own modules, of those that the code of a node uses, whose files were edited.

    Where the node runs in this process it runs what was loaded of them, in another one what they hold now.
    """
    homes = (*_find_around(node_class).homes, str(node_class.__module__))
    return [name for name in list_local(homes) if is_edited(name)]


@dataclass(frozen=True, slots=True)
class _Around:
    """What the code of a node uses: modules that may be the user's own, classes, versions of all else."""

    homes: tuple[str, ...]
    classes: tuple[type, ...]
    versions: dict[str, str]
    is_module: bool


_AROUND: WeakKeyDictionary[type, _Around] = WeakKeyDictionary()


def _find_around(node_class: Any) -> _Around:
    around = _AROUND.get(node_class)
    if around is None:
        around = _AROUND[node_class] = _look_around(node_class)
    return around


def _look_around(node_class: Any) -> _Around:
    bundle = getattr(node_class.__module__, "bundle", None)
    used = set(list_homes(node_class) if bundle is None else _find_homes(bundle))
    used -= {node_class.__module__}
    fingerprint_all(used)  # finds out which are installed
    installed = set(filter(is_installed, used))
    classes = () if bundle is None else tuple(_find_classes(bundle))
    homes = tuple(sorted(used - installed))
    return _Around(homes, classes, list_versions(installed), is_module=bundle is None)


def _find_homes(bundle: CellBundle) -> Iterator[str]:
    """Yield the names of the modules that a bundle, and all that it uses, imports or was given."""
    for each in _walk(bundle):
        for part in each.statements:
            yield from list_imported(parse_quietly(part.text))
        for _, binding in each.bindings:
            if isinstance(binding, ImportedModule | ImportedObject):
                yield binding.module


def _find_classes(bundle: CellBundle) -> Iterator[type]:
    """Yield the classes of other cells that a bundle uses."""
    for each in _walk(bundle):
        for _, binding in each.bindings:
            if isinstance(binding, DefinedObject):
                home = sys.modules.get(binding.bundle.module)
                found = vars(home).get(binding.qualname) if home is not None else None
                if isinstance(found, type):
                    yield found


def read_code(node_class: Any) -> str:
    """Return all text that a node's code is made of, its helpers' too."""
    bundle = getattr(node_class.__module__, "bundle", None)
    if bundle is None:
        return "\n".join(list_closure(node_class).values())
    return "\n".join(text for each in _walk(bundle) for _, text in _list_texts(each))


def tell_changes(old: Mapping[str, str], new: Mapping[str, str]) -> str:
    """Return what differs between two lists of parts: `helper `clean` changed`.

    Example:
        >>> tell_changes({"constant LIMIT": "int 5"}, {"constant LIMIT": "int 6"})
        'constant LIMIT: 5 → 6'
    """
    changed = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    if len(changed) > 1 and SHAPE in changed:
        changed.remove(SHAPE)  # the text that declares them changed too
    changed.sort(key=lambda name: (name != OWN, name))
    told = [_tell(name, old.get(name), new.get(name)) for name in changed[:MAX_NAMED]]
    more = len(changed) - MAX_NAMED
    return "; ".join(told) + (f"; {more} more" if more > 0 else "")


def _tell(name: str, old: str | None, new: str | None) -> str:
    if name.startswith("constant ") and old is not None and new is not None:
        return f"{name}: {_show(old)} → {_show(new)}"
    if old is None:
        return f"{name} is used now"
    return f"{name} is used no more" if new is None else f"{name} changed"


def _show(constant: str) -> str:
    kind, _, value = constant.partition(" ")
    return value if value and kind.isidentifier() else constant


def _list_cell(bundle: CellBundle) -> Iterator[tuple[str, str]]:
    for each in _walk(bundle):
        for name, text in _list_texts(each):
            yield (OWN if each is bundle else f"helper `{name}`"), digest([text])
        for name, binding in each.bindings:
            match binding:
                case Constant(value):
                    yield f"constant {name}", _bound(encode_constant(value))
                case ImportedModule(module):
                    yield f"module {module}", fingerprint_local(module)
                case ImportedObject(module, qualname):
                    yield f"`{qualname}` of {module}", fingerprint_local(module)


def _walk(bundle: CellBundle) -> Iterator[CellBundle]:
    """Yield a bundle and all that it uses, each once."""
    waiting, seen = [bundle], {bundle.module}
    while waiting:
        each = waiting.pop()
        yield each
        for _, binding in each.bindings:
            if isinstance(binding, DefinedObject) and binding.bundle.module not in seen:
                seen.add(binding.bundle.module)
                waiting.append(binding.bundle)


def _list_texts(bundle: CellBundle) -> Iterator[tuple[str, str]]:
    for statement in bundle.statements:
        tree = parse_quietly(statement.text)
        names = [each.name for each in tree.body if isinstance(each, _DEFINERS)]
        yield (names or [""])[0], normalise(tree)


_DEFINERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _list_module(node_class: Any) -> Iterator[tuple[str, str]]:
    own = next(iter(closure := list_closure(node_class)), "")
    for name, text in closure.items():
        if name == own:
            yield OWN, digest([text])
        elif text.startswith(("def ", "async def ", "class ", "@")):
            yield f"helper `{name}`", digest([text])
        elif text.startswith(("import ", "from ", "module ", "object ")):
            yield f"`{name}` from a module", digest([text])
        else:
            value = text.removeprefix(f"{name} = ")
            yield f"constant {name}", _bound(value)


def _bound(text: str) -> str:
    return text if len(text) <= MAX_TEXT else digest([text])
