"""Applying a patch to the old picture gives the new one."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from dagy_nb.protocol.message import Patch, encode
from dagy_nb.protocol.patch import diff_flow
from dagy_nb.protocol.picture import (
    DiagnosticPicture,
    EdgePicture,
    FlowPicture,
    NodePicture,
    ParameterPicture,
)

IDS = [f"n{index}" for index in range(6)]


def apply_patch(flow, patch):
    """What a browser does with a patch."""
    assert flow.revision == patch.base_revision
    kept = {"kind", "base_revision", "reply_to", "removed_nodes", "node_order"}
    kept |= {"removed_edges", "edge_order", "nodes", "edges"}
    carried = set(Patch.model_fields) - kept
    return flow.model_copy(
        update={
            **{name: getattr(patch, name) for name in carried},
            "nodes": merge(flow.nodes, patch.nodes, patch.removed_nodes, patch.node_order),
            "edges": merge(flow.edges, patch.edges, patch.removed_edges, patch.edge_order),
        }
    )


def merge(before, changed, removed, order):
    items = {each.id: each for each in before if each.id not in removed}
    items.update({each.id: each for each in changed})
    return tuple(items[each] for each in (order or items))


nodes = st.builds(
    NodePicture,
    id=st.sampled_from(IDS),
    type=st.sampled_from(["A", "B"]),
    label=st.sampled_from(["", "x"]),
    x=st.integers(0, 3).map(float),
    y=st.just(0.0),
    width=st.just(220.0),
    height=st.just(96.0),
    stale=st.booleans(),
    config=st.dictionaries(st.sampled_from("ab"), st.integers(0, 2), max_size=2),
)


def draw_edge(source, target, verdict):
    return EdgePicture(
        id=f"{source}.y -> {target}.x",
        source=source,
        output="y",
        target=target,
        input="x",
        verdict=verdict,
    )


edges = st.builds(
    draw_edge, st.sampled_from(IDS), st.sampled_from(IDS), st.sampled_from(["ok", "unknown", "no"])
)
flows = st.builds(
    FlowPicture,
    revision=st.integers(0, 3),
    name=st.just("f"),
    description=st.sampled_from(["", "text"]),
    nodes=st.lists(nodes, max_size=6, unique_by=lambda each: each.id).map(tuple),
    edges=st.lists(edges, max_size=6, unique_by=lambda each: each.id).map(tuple),
    diagnostics=st.lists(
        st.builds(
            DiagnosticPicture, code=st.just("c"), severity=st.just("note"), message=st.just("m")
        ),
        max_size=1,
    ).map(tuple),
    parameters=st.lists(
        st.builds(ParameterPicture, name=st.just("p"), type=st.just("integer")), max_size=1
    ).map(tuple),
    timeout=st.sampled_from([None, 5.0]),
    undo=st.sampled_from(["", "add a"]),
)


@given(flows, flows)
@settings(max_examples=200, deadline=None)
def test_applying_the_patch_gives_the_new_picture(before, after):
    patch = diff_flow(before, after, "edit-1")

    assert apply_patch(before, patch) == after
    assert patch.reply_to == "edit-1"


@given(flows, flows)
@settings(max_examples=100, deadline=None)
def test_it_still_does_after_the_way_over_the_wire(before, after):
    content = json.loads(json.dumps(encode(diff_flow(before, after))))

    patch = TypeAdapter(Patch).validate_python(content)

    assert apply_patch(before, patch) == after


@given(flows)
@settings(max_examples=50, deadline=None)
def test_nothing_is_sent_of_what_did_not_change(flow):
    patch = diff_flow(flow, flow)

    assert (patch.nodes, patch.removed_nodes, patch.node_order) == ((), (), ())
    assert (patch.edges, patch.removed_edges, patch.edge_order) == ((), (), ())


def test_one_moved_option_sends_one_node_and_no_order():
    node = NodePicture(id="a", type="A", label="a", x=0, y=0, width=220, height=96)
    other = node.model_copy(update={"id": "b"})
    before = FlowPicture(revision=1, name="f", nodes=(node, other))
    after = before.model_copy(
        update={"revision": 2, "nodes": (node.model_copy(update={"disabled": True}), other)}
    )

    patch = diff_flow(before, after)

    assert [each.id for each in patch.nodes] == ["a"]
    assert patch.node_order == ()
