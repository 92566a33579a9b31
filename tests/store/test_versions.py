"""Versions of flows: numbers that stay, whatever is folded when."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.errors import ConflictError, StoreError
from dagy_nb.model.event import FlowVersionSeen
from dagy_nb.store.folding import hold_fold_lock
from dagy_nb.store.journal_store import JournalStore
from dagy_nb.store.versions import (
    FlowContent,
    VersionFold,
    decide_publish,
    find_version,
    list_versions,
    number_content,
)
from tests.store.facts import NOON, TurnedClock, make_flow, see_flow, see_node

FLOWS = [make_flow(month=month) for month in range(4)]


def fold(facts: list[FlowVersionSeen]) -> VersionFold:
    made = VersionFold()
    for fact in facts:
        made.apply(fact)
    return made


def publish(versions: VersionFold, number: int, **changes: object) -> FlowVersionSeen:
    known = {"at": NOON, "node_versions": {}, "expected": None, "author": "", "reason": ""}
    fact = decide_publish(versions, FLOWS[number], **(known | changes))
    versions.apply(fact)
    return fact


def numbers(versions: VersionFold) -> dict[str, int]:
    return {each.content_hash: each.version for each in versions.contents("delays")}


@given(st.randoms(use_true_random=False))
def test_numbers_written_as_facts_are_the_same_in_every_order(random: random.Random):
    """Content is seen, numbered and published in some order; folding it all anew changes no number."""
    versions, journal = VersionFold(), []
    for step in range(12):
        number = random.randrange(len(FLOWS))
        if random.random() < 0.5:
            fact = see_flow(FLOWS[number], at=NOON + random.random())
            versions.apply(fact)
            journal.append(fact)
            if random.random() < 0.5:
                journal += number_content(versions)
        else:
            journal += number_content(versions)
            journal.append(publish(versions, number, at=NOON + step))
    journal += number_content(versions)
    random.shuffle(journal)

    again = fold(journal)

    assert numbers(again) == numbers(versions)
    assert again.head("delays") == versions.head("delays")
    assert sorted(numbers(again).values()) == list(range(1, len(numbers(again)) + 1))
    assert list(number_content(again)) == []


def test_content_is_numbered_in_the_order_it_was_seen():
    versions = fold([see_flow(FLOWS[0], at=NOON + 2), see_flow(FLOWS[1], at=NOON + 1)])

    facts = list(number_content(versions))

    assert [(fact.content_hash, fact.version) for fact in facts] == [
        (FLOWS[1].content_hash, 1),
        (FLOWS[0].content_hash, 2),
    ]


def test_a_publish_follows_the_last_one_whatever_the_clock_says():
    versions = VersionFold()
    publish(versions, 0, at=NOON)
    publish(versions, 1, at=NOON - 3600)

    assert versions.head("delays").content_hash == FLOWS[1].content_hash


def test_publishing_again_takes_over_the_node_versions():
    versions = VersionFold()
    publish(versions, 0, node_versions={"Work": "v1"}, author="ada", reason="first")

    publish(versions, 0, at=NOON + 1, node_versions={"Work": "v2"}, author="bob", reason="new code")

    found = find_version(versions, "delays", None)
    assert (found.version, found.created_at) == (1, NOON)
    assert (found.node_versions, found.author, found.reason) == ({"Work": "v2"}, "bob", "new code")


def test_running_a_published_version_changes_nothing_of_it():
    versions = VersionFold()
    publish(versions, 0, node_versions={"Work": "v1"}, author="ada", reason="first")
    before = find_version(versions, "delays", 1)

    versions.apply(see_flow(FLOWS[0], at=NOON + 5))

    assert find_version(versions, "delays", 1) == before


@pytest.mark.parametrize(
    ("expected", "succeeds"), [(None, True), (2, True), (1, False), (0, False), (3, False)]
)
def test_what_the_publisher_knows_is_compared(expected, succeeds):
    versions = VersionFold()
    publish(versions, 0)
    publish(versions, 1)

    if succeeds:
        assert publish(versions, 2, expected=expected).version == 3
    else:
        with pytest.raises(ConflictError, match="is at version 2 by now"):
            publish(versions, 2, expected=expected)


def test_the_fact_names_what_it_follows():
    versions = VersionFold()

    assert [publish(versions, number).previous for number in (0, 1, 0)] == [0, 1, 2]


def test_a_recorded_flow_that_is_none_is_said_to_be_unreadable():
    content = FlowContent(flow="delays", content_hash="x", version=1, spec={"nodes": 3})

    with pytest.raises(StoreError) as caught:
        content.freeze()

    assert caught.value.code == "store.unreadable_flow"


def test_flows_are_listed_by_name_with_their_heads():
    versions = VersionFold()
    publish(versions, 0)
    for fact in (see_flow(make_flow("b")), see_flow(make_flow("a"))):
        versions.apply(fact)
    list(number_content(versions))

    assert [(each.flow, each.version) for each in list_versions(versions, None)] == [
        ("a", 1),
        ("b", 1),
        ("delays", 1),
    ]


def test_a_node_version_keeps_when_it_was_first_seen():
    versions = VersionFold()
    for at in (NOON + 2, NOON, NOON + 1):
        versions.apply(see_node(at=at))
    versions.apply(see_node(version="v2"))

    assert {(each.version, each.seen_at) for each in versions.nodes()} == {
        ("v1", NOON),
        ("v2", NOON),
    }


def test_a_damaged_number_does_not_stop_the_fold():
    """Two journals put together may claim one number twice: nothing is lost."""
    fact = dataclasses.replace(see_flow(FLOWS[0]), version=1)
    versions = fold([fact, dataclasses.replace(see_flow(FLOWS[1]), version=1)])

    assert [each.version for each in versions.contents("delays")] == [1, 1]
    assert publish(versions, 2).version == 2


def test_versions_are_read_though_somebody_else_is_folding_for_long(tmp_path):
    """Completion asks for them at every key: it must not wait for a lock."""
    store = JournalStore(tmp_path / ".dagy", TurnedClock(), fold_after=None)
    flows = [make_flow(month=1), make_flow(month=2)]
    for number, flow in enumerate(flows):
        store.append(see_flow(flow, at=NOON + number))
    began = time.monotonic()
    with hold_fold_lock(store.place, wait=1):
        head = store.flow_version("delays")
        listed = [each.version for each in store.flow_versions("delays")]

    assert time.monotonic() - began < 5
    assert (head.version, head.spec, listed) == (2, flows[1], [2, 1])
    assert store.fold()
    assert [each.version for each in store.flow_versions("delays")] == [2, 1]
    store.close()
