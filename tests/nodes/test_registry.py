"""The registry: identity, snapshots, search, and many threads at once."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from dagy_nb.errors import DefinitionError, NameTaken, UnknownName
from dagy_nb.model.spec import Origin, OriginKind
from dagy_nb.nodes.base import FlowNode, Input, NodeMeta, Output
from dagy_nb.nodes.function import node
from dagy_nb.nodes.origin import is_same_origin
from dagy_nb.nodes.registry import KEPT_VERSIONS, Registry, default_registry, use_registry


def make(name="Made", *, module="mine", register=False, **body):
    body.setdefault("execute", lambda self: None)
    return NodeMeta(name, (FlowNode,), {"__module__": module, **body}, register=register)


def test_a_registered_class_is_found(registry):
    made = registry.register(make())

    assert registry.get("Made") is made
    assert registry.snapshot().specs["Made"].revision == 1
    assert registry.snapshot().revision == 1


def test_an_unknown_name_is_answered_with_the_nearest(registry):
    registry.register(make("LoadFlights"))

    with pytest.raises(UnknownName) as caught:
        registry.get("loadflight")

    assert caught.value.code == "unknown.node_type"
    assert "Did you mean `LoadFlights`?" in str(caught.value)
    assert isinstance(caught.value, LookupError)


def test_the_same_origin_replaces_and_keeps_what_was(registry):
    first, second = make(category="Old"), make(category="New")
    registry.register(first)
    before = registry.snapshot()

    registry.register(second)

    assert registry.get("Made") is second
    assert registry.snapshot().specs["Made"].revision == 2
    assert [spec.category for spec in registry.previous("Made")] == ["Old"]
    assert before.classes["Made"] is first
    assert before.specs["Made"].category == "Old"


def test_another_origin_is_refused_and_both_are_named(registry):
    registry.register(make(module="one.nodes"))

    with pytest.raises(NameTaken) as caught:
        registry.register(make(module="other.nodes"))

    assert caught.value.code == "node.name_taken"
    assert "one.nodes" in str(caught.value)
    assert "other.nodes" in str(caught.value)
    assert registry.snapshot().revision == 1


def test_another_origin_may_replace_when_asked_to(registry):
    registry.register(make(module="one.nodes"))
    second = registry.register(make(module="other.nodes"), replace_origin_check=False)

    assert registry.get("Made") is second


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("cell", "a.ipynb"), ("cell", "a.ipynb"), True),
        (("cell", "a.ipynb"), ("cell", "b.ipynb"), False),
        (("cell", "a.ipynb"), ("cell", "kernel"), True),
        (("cell", "kernel"), ("cell", "b.ipynb"), True),
        (("module", "a"), ("module", "a"), True),
        (("module", "a"), ("module", "b"), False),
        (("module", "kernel"), ("cell", "kernel"), False),
    ],
)
def test_cells_of_an_unnamed_notebook_are_this_kernels(one, other, same):
    origins = [Origin(kind=OriginKind(kind), place=place) for kind, place in (one, other)]

    assert is_same_origin(*origins) is same


def test_an_equal_definition_is_no_new_revision(registry):
    heard = []
    registry.register(make())
    registry.subscribe(heard.append)

    second = registry.register(make())

    assert registry.get("Made") is second
    assert registry.snapshot().revision == 1
    assert heard == []
    assert registry.previous("Made") == ()


def test_only_the_last_versions_are_kept(registry):
    for number in range(KEPT_VERSIONS + 5):
        registry.register(make(icon=str(number)))

    kept = registry.previous("Made")
    assert len(kept) == KEPT_VERSIONS
    assert kept[-1].icon == str(KEPT_VERSIONS + 3)


def test_listeners_hear_of_changes_until_they_leave(registry):
    heard = []
    leave = registry.subscribe(heard.append)
    registry.register(make("A"))
    leave()
    leave()
    registry.register(make("B"))

    assert [set(snapshot.classes) for snapshot in heard] == [{"A"}]


def test_a_failing_listener_harms_nobody(registry, caplog):
    heard = []
    registry.subscribe(lambda snapshot: 1 / 0)
    registry.subscribe(heard.append)

    with caplog.at_level(logging.ERROR):
        registry.register(make())

    assert len(heard) == 1
    assert "listener of the registry failed" in caplog.text


def test_a_listener_may_register_too(registry):
    def add(snapshot):
        if "B" not in snapshot.classes:
            registry.register(make("B"))

    registry.subscribe(add)
    registry.register(make("A"))

    assert set(registry.snapshot().classes) == {"A", "B"}


def test_a_snapshot_cannot_be_changed(registry):
    registry.register(make())
    snapshot = registry.snapshot()

    for change in (
        lambda: snapshot.classes.__setitem__("X", None),
        lambda: snapshot.specs.__setitem__("X", None),
        lambda: setattr(snapshot, "revision", 7),
    ):
        with pytest.raises((TypeError, AttributeError)):
            change()


def test_search_reads_name_label_tags_category_description_and_connectors(registry):
    class DelayByCarrier(FlowNode, register=False):
        """Mean delay of each airline."""

        category = "Flights"
        tags = ("Punctual",)
        weather = Input("TABLE")
        report = Output()

        def execute(self, weather):
            pass

    registry.register(DelayByCarrier)
    registry.register(make("Other"))

    for words in (
        "delaybycarrier",
        "Delay by",
        "AIRLINE",
        "flights",
        "punctual",
        "weather",
        "table",
        "mean punctual",
    ):
        assert [spec.type for spec in registry.search(words)] == ["DelayByCarrier"], words
    assert registry.search("nothing like it") == ()
    assert len(registry.search("")) == 2


def test_only_what_is_found_is_serialised(registry):
    """A search reads prepared metadata (F27)."""
    for number in range(50):
        registry.register(make(f"Node{number}", category="Even" if number % 2 == 0 else "Odd"))

    registry.search("even")
    assert registry.exported == 0

    found = registry.export("node7")
    assert registry.exported == len(found) == 1
    assert found[0]["type"] == "Node7"


def test_categories_are_sorted_and_unique(registry):
    for name, category in (("A", "Z"), ("B", "M"), ("C", "Z")):
        registry.register(make(name, category=category))

    assert registry.categories() == ("M", "Z")


def test_a_class_that_cannot_execute_is_not_registered(registry):
    with pytest.raises(DefinitionError) as caught:
        registry.register(FlowNode)

    assert caught.value.code == "node.no_execute"


def test_a_copy_goes_its_own_way(registry):
    registry.register(make("A"))
    other = registry.copy()
    other.register(make("B"))

    assert set(registry.snapshot().classes) == {"A"}
    assert set(other.snapshot().classes) == {"A", "B"}


def test_the_default_registry_takes_what_is_defined():
    before = default_registry()
    with use_registry(Registry()) as mine:
        assert default_registry() is mine

        @node
        def passing(x: int) -> int:
            return x

        assert mine.get("passing") is passing
    assert default_registry() is before
    assert "passing" not in before.snapshot().classes


def test_many_threads_register_while_others_read(registry):
    """Thousands of rounds, no exception, no lost node (F04)."""
    writers, rounds = 4, 500
    classes = {
        (writer, number): make(f"Node{writer}_{number % 100}", icon=str(number))
        for writer in range(writers)
        for number in range(100)
    }
    stop = threading.Event()
    seen = []

    def write(writer):
        for number in range(rounds):
            registry.register(classes[writer, number % 100])

    def read():
        last, count = 0, 0
        while not stop.is_set() or count < 100:
            snapshot = registry.snapshot()
            assert set(snapshot.classes) == set(snapshot.specs) == set(snapshot.texts)
            assert snapshot.revision >= last
            last = snapshot.revision
            registry.search("node1 general")
            registry.categories()
            count += 1
        seen.append(count)

    with ThreadPoolExecutor(writers + 3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for each in [pool.submit(write, writer) for writer in range(writers)]:
            each.result()
        stop.set()
        for each in readers:
            each.result()

    assert len(registry.snapshot().classes) == writers * 100
    assert registry.snapshot().revision == writers * 100
    assert min(seen) >= 100


def test_racing_redefinitions_are_all_counted(registry):
    rounds = 200
    barrier = threading.Barrier(4)
    made = [[make(icon=f"{thread}-{number}") for number in range(rounds)] for thread in range(4)]

    def write(thread):
        barrier.wait()
        for each in made[thread]:
            registry.register(each)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))

    assert registry.snapshot().specs["Made"].revision == registry.snapshot().revision == 4 * rounds
