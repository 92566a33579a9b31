"""What decided a node's outputs then and now in, why it runs again in words out (D12)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from dagy_nb.model.kept import ConfigPart, Ingredients, InputPart
from dagy_nb.model.state import Why
from dagy_nb.nodes.parts import tell_changes

MAX_TOLD = 4
NOTHING_KEPT = "nothing is kept of it"
VERSIONED = ("package ", "Python")

Reason: TypeAlias = tuple[Why, str]
_ORDER = (Why.CODE, Why.CONFIG, Why.INPUT, Why.UPSTREAM)


def explain(old: Ingredients | None, new: Ingredients) -> Reason:
    """Return why a node with these ingredients runs, where something else was kept of it.

    Example:
        >>> explain(Ingredients(version="1"), Ingredients(version="1"))[0]
        <Why.NEVER_RAN: 'never_ran'>
    """
    if old is None:
        return Why.NEVER_RAN, NOTHING_KEPT
    found = [*_compare_code(old, new), *_compare_config(old, new), *_compare_inputs(old, new)]
    if not found:
        return Why.NEVER_RAN, NOTHING_KEPT
    found.sort(key=lambda each: _ORDER.index(each[0]))
    told = list(dict.fromkeys(detail for _, detail in found))
    more = f"; {len(told) - MAX_TOLD} more" if len(told) > MAX_TOLD else ""
    return found[0][0], "; ".join(told[:MAX_TOLD]) + more


def explain_fixed(old: Ingredients | None, new: Ingredients) -> Reason | None:
    """Return what differs apart from what enters the node; None where nothing does."""
    if old is None:
        return Why.NEVER_RAN, NOTHING_KEPT
    if [*_compare_code(old, new), *_compare_config(old, new)]:
        return explain(_without_inputs(old), _without_inputs(new))
    return None


def _without_inputs(each: Ingredients) -> Ingredients:
    return Ingredients(
        version=each.version,
        parts=each.parts,
        config=each.config,
        parameters=each.parameters,
        inner=each.inner,
        imports=each.imports,
    )


def _compare_code(old: Ingredients, new: Ingredients) -> Iterator[Reason]:
    if old.version != new.version:
        yield Why.CODE, tell_changes(old.parts, new.parts) or "its code changed"
    for name in dict.fromkeys((*old.inner, *new.inner)):
        if old.inner.get(name) != new.inner.get(name):
            yield Why.CODE, f"{name}, which it runs, changed"
    for name in dict.fromkeys((*old.imports, *new.imports)):
        before, after = old.imports.get(name, ""), new.imports.get(name, "")
        if before != after:
            is_version = name.startswith(VERSIONED) and before and after
            yield Why.CODE, f"{name}: {before} → {after}" if is_version else f"{name} changed"


def _compare_config(old: Ingredients, new: Ingredients) -> Iterator[Reason]:
    yield from _compare_values(old.config, new.config, "config field")
    yield from _compare_values(old.parameters, new.parameters, "parameter")


def _compare_values(
    old: Mapping[str, ConfigPart], new: Mapping[str, ConfigPart], what: str
) -> Iterator[Reason]:
    for name in dict.fromkeys((*old, *new)):
        before, after = old.get(name), new.get(name)
        if before is None or after is None:
            yield Why.CONFIG, f"{what} {name} {'is new' if before is None else 'is gone'}"
        elif before.digest != after.digest:
            files = list(_compare_files(before.files, after.files))
            if files:
                yield from ((Why.INPUT, each) for each in files)
            else:
                yield Why.CONFIG, _tell_values(f"{what} {name}", before.text, after.text)


def _tell_values(what: str, before: str, after: str) -> str:
    return f"{what} changed" if before == after else f"{what}: {before} → {after}"


def _compare_inputs(old: Ingredients, new: Ingredients) -> Iterator[Reason]:
    for name in dict.fromkeys((*old.inputs, *new.inputs)):
        yield from _compare_input(name, old.inputs.get(name, ()), new.inputs.get(name, ()))


def _compare_input(
    name: str, old: tuple[InputPart, ...], new: tuple[InputPart, ...]
) -> Iterator[Reason]:
    if len(old) != len(new):
        yield Why.INPUT, f"input {name} has {len(new)} values instead of {len(old)}"
        return
    for before, after in zip(old, new, strict=True):
        if (before.digest, before.conversion) == (after.digest, after.conversion):
            continue
        files = list(_compare_files(before.files, after.files))
        if before.source != after.source:
            yield Why.INPUT, f"input {name} comes from {after.source} instead of {before.source}"
        elif files:
            yield from ((Why.INPUT, each) for each in files)
        elif before.digest == after.digest:
            yield Why.INPUT, f"input {name} is converted otherwise"
        else:
            yield Why.UPSTREAM, f"output {after.source} changed"


def _compare_files(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for path in new:
        if path in old and old[path] != new[path]:
            yield f"file {Path(path).name} changed"
