"""Every store: flows published and seen, the same versions out."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from dagy_nb.errors import ConflictError, UnknownName
from dagy_nb.store.folding import hold_fold_lock
from tests.sockets.stores import settle, store, stores
from tests.store.facts import (
    NOON,
    make_flow,
    see_flow,
    whole_run,
)

__all__ = ["settle", "store", "stores"]


def test_publishing_numbers_the_versions_of_a_flow(store, settle):
    first, second = make_flow(month=1), make_flow(month=2)

    made = [
        store.publish_flow(first, node_versions={"Work": "v1"}, author="ada", reason="new"),
        store.publish_flow(second, node_versions={"Work": "v2"}),
        store.publish_flow(make_flow("other"), node_versions={}),
    ]
    settle()

    assert [(each.flow, each.version) for each in made] == [
        ("delays", 1),
        ("delays", 2),
        ("other", 1),
    ]
    assert (made[0].author, made[0].reason, made[0].node_versions) == ("ada", "new", {"Work": "v1"})
    assert store.flow_version("delays").spec == second
    assert store.flow_version("delays", 1) == made[0]
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert [(each.flow, each.version) for each in store.flow_versions()] == [
        ("delays", 2),
        ("other", 1),
    ]


def test_the_same_content_is_the_same_version(store, settle):
    first, second = make_flow(month=1), make_flow(month=2)
    store.publish_flow(first, node_versions={})
    store.publish_flow(second, node_versions={})
    settle()

    again = store.publish_flow(first, node_versions={}, reason="back")

    assert again.version == 1
    assert store.flow_version("delays").version == 1  # published last
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]


def test_publishing_on_an_old_version_is_refused(store, settle):
    store.publish_flow(make_flow(month=1), node_versions={}, expected=0)
    settle()
    store.publish_flow(make_flow(month=2), node_versions={}, expected=1)

    with pytest.raises(ConflictError) as caught:
        store.publish_flow(make_flow(month=3), node_versions={}, expected=1)

    assert caught.value.code == "store.conflict"
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.publish_flow(make_flow(month=3), node_versions={}, expected=2).version == 3


def test_content_that_ran_has_a_number_too(store, settle):
    ran, published = make_flow(month=1), make_flow(month=2)
    store.append(see_flow(ran), *whole_run("run-0001", flow=ran))
    settle()

    version = store.publish_flow(published, node_versions={}, expected=0)
    store.append(
        see_flow(published, at=NOON + 5), *whole_run("run-0002", flow=published, at=NOON + 5)
    )
    settle()

    assert version.version == 2
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.flow_version("delays", 1).spec == ran
    assert store.run("run-0001").flow_version == 1
    assert store.run("run-0002").flow_version == 2
    assert [run.flow_version for run in store.runs().runs] == [2, 1]


def test_what_only_ran_does_not_become_the_head_of_a_published_flow(store, settle):
    store.publish_flow(make_flow(month=1), node_versions={})
    store.append(see_flow(make_flow(month=2), at=NOON + 9))
    settle()

    assert store.flow_version("delays").version == 1
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    assert store.publish_flow(make_flow(month=3), node_versions={}, expected=1).version == 3


def test_unknown_flows_and_versions_are_named(store):
    store.publish_flow(make_flow(), node_versions={})

    for flow, version, code in (
        ("delay", None, "unknown.flow"),
        ("delays", 7, "unknown.flow_version"),
    ):
        with pytest.raises(UnknownName) as caught:
            store.flow_version(flow, version)
        assert caught.value.code == code
        assert caught.value.suggestion
    assert store.flow_versions("delay") == []


def test_a_run_has_the_number_of_its_version_before_anybody_folded(store, settle):
    first, second, other = make_flow(month=1), make_flow(month=2), make_flow("other")
    store.publish_flow(first, node_versions={})
    settle()
    for number, flow in enumerate((second, other, first)):
        store.append(see_flow(flow, at=NOON + number), *whole_run(f"run-{number:04d}", flow=flow))
    numbers = {"run-0000": 2, "run-0001": 1, "run-0002": 1}

    seen = {run_id: store.run(run_id).flow_version for run_id in numbers}
    listed = {run.run_id: run.flow_version for run in store.runs().runs}

    assert seen == listed == numbers
    settle()
    assert {run.run_id: run.flow_version for run in store.runs().runs} == numbers


def test_sql_has_the_number_of_a_version_though_somebody_else_is_folding(store):
    flow = make_flow()
    store.append(see_flow(flow), *whole_run("run-0001", flow=flow))
    place = getattr(store, "place", None)
    with hold_fold_lock(place, wait=1) if place else nullcontext():
        connection = store.connect()

    found = connection.execute(
        "SELECT flow_version, version FROM runs JOIN flow_versions ON content_hash = flow_hash"
    ).fetchall()
    assert found == [(1, 1)]
