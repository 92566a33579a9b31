"""Hypothesis strategies for specs, flows, edits and facts, shared by all rooms."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import Any, Union

from hypothesis import strategies as st

from dagy_nb.model.edit import (
    AddNode,
    Batch,
    Connect,
    Disconnect,
    Edit,
    RemoveNode,
    RenameNode,
    ReplaceFlow,
    SetConfig,
    SetFlow,
    SetOptions,
    apply_edit,
)
from dagy_nb.model.event import EVENT_TYPES, Event
from dagy_nb.model.flow import (
    EdgeSpec,
    FailurePolicy,
    FlowSpec,
    NodeEntry,
    ParameterSpec,
    ParameterType,
)
from dagy_nb.model.retry import RetryKind, RetrySpec, Trigger
from dagy_nb.model.spec import RunnerName

# Words and marks that readers of YAML, SQL or HTML trip over.
AWKWARD = [
    "", " ", "no", "null", "~", "true", "1", "1.0", "0o7", "1e3", ".nan", "-", "- a", "a: b", "a #b", "#",
    "{a}", "[a]", "a,b", "&a", "*a", "!a", "|", ">", "%", "@", "`", "'", '"', "\\", "\t", "a\nb", "a\nb\n",
    " a\nb", "a \nb", "\n", "\n\n", "---", "...", "<<", "=", "?", "? a", "2026-01-01", "${params.x}",
    "$${x}", "é", "日本", "😀", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "<script>", "'; drop table", "x" * 200,
]  # fmt: skip

names = st.sampled_from(["lost", "no", "A", "b1", "_x", "load_flights"]) | st.text(
    "abXY_", min_size=1, max_size=6
)
texts = st.sampled_from(AWKWARD) | st.text(max_size=6)
numbers = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
scalars = st.none() | st.booleans() | numbers | texts
plain_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=4,
)
"""Anything JSON and YAML can hold."""

configs = st.dictionaries(texts, plain_values, max_size=3)
extras = st.dictionaries(texts.map(lambda text: f"x-{text}"), plain_values, max_size=2)
limits = st.none() | st.floats(0.001, 1e9) | st.integers(1, 10_000).map(float)
zero_limits = limits | st.just(0.0)


waits = st.floats(0, 3600) | st.integers(0, 3600).map(float)


@st.composite
def retries(draw: st.DrawFn) -> RetrySpec:
    """A way in which attempts are made."""
    delay = draw(waits | st.lists(waits, min_size=1, max_size=3).map(tuple))
    backoff = 1.0 if isinstance(delay, tuple) else draw(st.floats(1, 100))
    return RetrySpec(
        delay=delay,
        backoff=backoff,
        max_delay=draw(waits),
        jitter=draw(st.floats(0, 1)),
        on=tuple(draw(st.lists(st.sampled_from(RetryKind), min_size=1, max_size=3))),
        errors=tuple(draw(st.lists(texts.filter(bool), max_size=3))),
    )


@st.composite
def parameters(draw: st.DrawFn, name: str) -> ParameterSpec:
    """A declared parameter whose default fits its type."""
    kind = draw(st.sampled_from(ParameterType))
    has_default = draw(st.booleans())
    return ParameterSpec(
        name=name,
        type=kind,
        has_default=has_default,
        default=draw(VALUES_OF[kind]) if has_default else None,
        description=draw(texts),
    )


VALUES_OF: Mapping[ParameterType, st.SearchStrategy[Any]] = {
    ParameterType.STRING: texts,
    ParameterType.INTEGER: st.integers(-(2**70), 2**70),
    ParameterType.NUMBER: numbers,
    ParameterType.BOOLEAN: st.booleans(),
    ParameterType.ARRAY: st.lists(plain_values, max_size=3),
    ParameterType.OBJECT: configs,
    ParameterType.ANY: plain_values,
}


@st.composite
def node_entries(draw: st.DrawFn, id: str | None = None) -> NodeEntry:
    """A node of a flow."""
    return NodeEntry(
        id=id or draw(names),
        type=draw(names),
        label=draw(texts),
        config=draw(configs),
        timeout=draw(zero_limits),
        runner=draw(st.none() | st.sampled_from(RunnerName)),
        retries=draw(st.none() | st.integers(0, 100)),
        retry=draw(st.none() | st.just(RetrySpec()) | retries()),
        trigger=draw(st.sampled_from(Trigger)),
        memory_mb=draw(limits),
        disabled=draw(st.booleans()),
        extra=draw(extras),
    )


@st.composite
def flow_specs(draw: st.DrawFn, name: str | None = None, *, max_nodes: int = 5) -> FlowSpec:
    """Any flow that can be described; its edges may be broken."""
    ids = draw(st.lists(names, max_size=max_nodes, unique=True))
    declared = draw(st.lists(names, max_size=3, unique=True))
    edge = _edges(ids)
    return FlowSpec(
        name=name or draw(names),
        description=draw(texts),
        parameters=tuple(draw(parameters(each)) for each in declared),
        nodes=tuple(draw(node_entries(each)) for each in ids),
        edges=tuple(draw(st.lists(edge, max_size=6, unique=True))),
        failure_policy=draw(st.sampled_from(FailurePolicy)),
        timeout=draw(limits),
        node_timeout=draw(zero_limits),
        backend=draw(st.none() | names),
        extra=draw(extras),
    )


def _edges(ids: list[str]) -> st.SearchStrategy[EdgeSpec]:
    """Edges between these nodes, and some to a node that may not be there."""
    ends = st.sampled_from([*ids, *ids, "lost"])
    return st.builds(EdgeSpec, source=ends, output=names, target=ends, input=names)


@st.composite
def edits(draw: st.DrawFn, flow: FlowSpec, *, depth: int = 1) -> Edit:
    """An edit that fits this flow."""
    ids = [node.id for node in flow.nodes]
    fresh = names.filter(lambda name: name not in ids)
    kinds: list[st.SearchStrategy[Edit]] = [
        fresh.flatmap(
            lambda name: st.builds(
                AddNode, node=node_entries(name), index=st.none() | st.integers(0, len(ids))
            )
        ),
        _connect(flow, ids),
        _set_flow(),
        flow_specs(flow.name, max_nodes=3).map(lambda other: ReplaceFlow(flow=other)),
    ]
    if ids:
        some = st.sampled_from(ids)
        kinds += [
            st.builds(RemoveNode, id=some),
            st.builds(SetConfig, id=some, config=configs),
            st.builds(RenameNode, id=some, to=fresh)
            | some.map(lambda name: RenameNode(id=name, to=name)),
            _set_options(some),
        ]
    if flow.edges:
        kinds.append(st.builds(Disconnect, edge=st.sampled_from(flow.edges)))
    if depth:
        kinds.append(_batches(flow, depth))
    return draw(st.one_of(kinds))


@st.composite
def _batches(draw: st.DrawFn, flow: FlowSpec, depth: int) -> Batch:
    several = []
    for _ in range(draw(st.integers(0, 4))):
        several.append(draw(edits(flow, depth=depth - 1)))
        flow = apply_edit(flow, several[-1])
    return Batch(edits=tuple(several), label=draw(texts))


def _connect(flow: FlowSpec, ids: list[str]) -> st.SearchStrategy[Connect]:
    new = _edges(ids).filter(lambda each: each not in flow.edges)
    return st.builds(Connect, edge=new, index=st.none() | st.integers(0, len(flow.edges)))


@st.composite
def _set_flow(draw: st.DrawFn) -> SetFlow:
    declared = draw(st.lists(names, max_size=2, unique=True))
    return SetFlow(
        description=draw(texts),
        parameters=tuple(draw(parameters(each)) for each in declared),
        failure_policy=draw(st.sampled_from(FailurePolicy)),
        timeout=draw(limits),
        node_timeout=draw(zero_limits),
        backend=draw(st.none() | names),
    )


def _set_options(ids: st.SearchStrategy[str]) -> st.SearchStrategy[SetOptions]:
    return st.builds(
        SetOptions,
        id=ids,
        label=texts,
        timeout=zero_limits,
        runner=st.none() | st.sampled_from(RunnerName),
        retries=st.none() | st.integers(0, 100),
        retry=st.none() | retries(),
        trigger=st.sampled_from(Trigger),
        memory_mb=limits,
        disabled=st.booleans(),
    )


def events() -> st.SearchStrategy[Event]:
    """Any fact of any kind."""
    return st.one_of([_build(each) for each in EVENT_TYPES.values()])


def _build(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Instances of a frozen dataclass, by its annotations; optional fields are left out at times."""
    hints = typing.get_type_hints(cls)
    needed = {
        each.name: _of(hints[each.name])
        for each in fields(cls)
        if each.default is MISSING and each.default_factory is MISSING
    }
    optional = {each.name: _of(hints[each.name]) for each in fields(cls) if each.name not in needed}
    return st.fixed_dictionaries(needed, optional=optional).map(lambda given: cls(**given))


def _of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation, as facts use them."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in {Union, UnionType}:
        return st.one_of([st.none() if each is type(None) else _of(each) for each in args])
    if origin is tuple and args[-1] is ...:
        return st.lists(_of(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(_of, args))
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(texts, _of(args[1]), max_size=3)
    if hint is float:
        return st.floats(0, 4e9)
    if hint is int:
        return st.integers(0, 2**31)
    if hint is str:
        return texts
    if hint is Any:
        return plain_values
    return _build(hint) if is_dataclass(hint) else st.from_type(hint)
