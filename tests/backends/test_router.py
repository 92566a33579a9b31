"""The first level that names a backend wins, the first rule that matches counts, and both say why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.abc import Capabilities
from dagy_nb.backends.estimate import Estimate, Figure, Needs
from dagy_nb.backends.explanation import Level
from dagy_nb.backends.router import Offer, Wishes, route
from dagy_nb.backends.rules import read_rules
from dagy_nb.errors import BackendError, UnknownName

EVERYTHING = Capabilities(hard_limits=True, cell_types=True, reuse=True)
OFFERS = {name: Offer(capabilities=EVERYTHING) for name in ("kernel", "dask", "papermill")}
MATCHING = read_rules([{"name": "all", "backend": "dask"}])
NAMES = ("kernel", "dask", "papermill")


def known(nodes=10.0, memory_mb=100.0, seconds=5.0):
    figures = {"nodes": nodes, "memory_mb": memory_mb, "seconds": seconds}
    return Estimate(**{name: Figure(value, "test") for name, value in figures.items()})


def choose(wishes, estimate=None, needs=None, offers=OFFERS):
    return route(wishes, estimate or known(), needs or Needs(), offers)


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({"call": "papermill", "deployment": "dask", "flow": "dask"}, Level.CALL),
        ({"deployment": "papermill", "flow": "dask"}, Level.DEPLOYMENT),
        ({"flow": "papermill"}, Level.FLOW),
        ({}, Level.RULES),
    ],
)
def test_the_strongest_level_that_says_something_wins(said, level):
    found = choose(Wishes(**said, rules=MATCHING))

    assert found.level is level
    assert found.backend == ("dask" if level is Level.RULES else "papermill")


def test_where_nothing_says_anything_the_default_does():
    found = choose(Wishes(default="papermill", default_source="DAGY_BACKEND"))

    assert (found.backend, found.level) == ("papermill", Level.DEFAULT)
    assert found.reason == "Nothing else names one: the default (DAGY_BACKEND)."


RULES = read_rules(
    [
        {
            "name": "small",
            "when": {"nodes": {"le": 20}, "seconds": {"lt": 60}},
            "backend": "kernel",
        },
        {"name": "wide", "when": {"nodes": {"gt": 20}}, "backend": "dask"},
        {"name": "long", "when": {"seconds": {"ge": 60}}, "backend": "papermill"},
    ]
)


@pytest.mark.parametrize(
    ("figures", "rule"),
    [
        ({"nodes": 20, "seconds": 59.9}, "small"),
        ({"nodes": 21, "seconds": 59.9}, "wide"),
        ({"nodes": 21, "seconds": 60}, "wide"),  # overlaps with `long`: the order decides
        ({"nodes": 20, "seconds": 60}, "long"),
        ({"nodes": 20, "seconds": None}, None),
        ({"nodes": 21, "seconds": None}, "wide"),
    ],
)
def test_the_first_rule_that_matches_counts(figures, rule):
    found = choose(Wishes(rules=RULES), known(**figures))

    assert next((each.rule.name for each in found.rules if each.matched), None) == rule
    assert found.level is (Level.RULES if rule else Level.DEFAULT)


def test_the_reason_is_one_sentence_with_the_figures():
    found = choose(Wishes(rules=RULES), known(nodes=5000))

    assert found.reason == "Rule wide: nodes 5,000 is > 20."


def test_figures_are_told_to_their_last_digit():
    rules = read_rules([{"when": {"memory_mb": {"gt": 1_234_567.25}}, "backend": "dask"}])

    found = choose(Wishes(rules=rules), known(memory_mb=1_234_567.5, nodes=12_345_678))

    assert found.reason == "Rule 1: memory_mb 1,234,567.5 is > 1,234,567.25."
    assert str(found.estimate.nodes) == "12,345,678 (test)"


def test_what_is_not_known_matches_no_rule_and_is_said():
    found = choose(Wishes(rules=RULES), known(seconds=None))

    assert [each.words for each in found.rules] == [
        "seconds is not known (test)",
        "nodes 10 is not > 20",
        "seconds is not known (test)",
    ]


bounds = st.sampled_from(["le", "lt", "ge", "gt"]).flatmap(
    lambda name: st.integers(0, 5).map(lambda value: {name: value})
)
rules = st.lists(
    st.fixed_dictionaries(
        {"backend": st.sampled_from(NAMES)},
        optional={
            "when": st.dictionaries(
                st.sampled_from(["nodes", "memory_mb", "seconds"]), bounds, max_size=3
            )
        },
    ),
    max_size=6,
).map(read_rules)
figures = st.none() | st.integers(0, 5)


@given(rules, figures, figures, figures)
def test_the_chosen_rule_matches_and_none_before_it_does(rules, nodes, memory_mb, seconds):
    values = {"nodes": nodes, "memory_mb": memory_mb, "seconds": seconds}

    def matches(rule):
        asked = rule.when.list_bounds()
        return all(values[name] is not None and each.hold(values[name]) for name, each in asked)

    found = choose(Wishes(rules=rules), known(**values))
    first = next((rule for rule in rules if matches(rule)), None)

    assert found.backend == (first.backend if first else "kernel")
    assert [each.matched for each in found.rules] == [matches(rule) for rule in rules]


@given(rules, st.sampled_from(["", *NAMES]), st.sampled_from(["", *NAMES]))
def test_a_stronger_level_decides_whatever_the_rules_say(rules, call, flow):
    found = choose(Wishes(call=call, flow=flow, rules=rules))

    if call or flow:
        assert found.backend == (call or flow)


@pytest.mark.parametrize(
    ("capabilities", "estimate", "needs", "name"),
    [
        ({"max_seconds": 5}, {"seconds": 5.1}, {}, "max_seconds"),
        ({"max_memory_mb": 99}, {}, {}, "max_memory_mb"),
        ({"hard_limits": False}, {}, {"hard_limits": ("crunch",)}, "hard_limits"),
        ({"cell_types": False}, {}, {"cell_types": ("Late",)}, "cell_types"),
        ({"reuse": False}, {}, {"reuse": True}, "reuse"),
    ],
)
@pytest.mark.parametrize("level", ["call", "rules"])
def test_a_backend_that_cannot_do_it_is_refused_whoever_chose_it(
    capabilities, estimate, needs, name, level
):
    can = {"hard_limits": True, "cell_types": True, "reuse": True, **capabilities}
    offers = {**OFFERS, "dask": Offer(capabilities=Capabilities(**can))}
    wishes = Wishes(call="dask") if level == "call" else Wishes(rules=MATCHING)

    found = choose(wishes, known(**estimate), Needs(**needs), offers)

    assert [each.name for each in found.checks if not each.ok] == [name]
    assert isinstance(found.problem, BackendError)
    assert found.problem.code == "backend.unfit"
    assert name in found.problem.reason
    assert ("rule 'all'" in found.problem.reason) == (level == "rules")


@pytest.mark.parametrize(
    ("capabilities", "estimate"),
    [
        ({"max_seconds": 5}, {"seconds": 5}),
        ({"max_seconds": 5}, {"seconds": None}),
        ({"max_memory_mb": 100}, {}),
    ],
)
def test_a_bound_that_is_just_met_or_not_known_to_be_broken_holds(capabilities, estimate):
    can = Capabilities(hard_limits=True, cell_types=True, **capabilities)

    found = choose(Wishes(call="dask"), known(**estimate), offers={"dask": Offer(capabilities=can)})

    assert found.ok


def test_an_unknown_backend_is_refused_with_the_nearest_name():
    problem = choose(Wishes(flow="daks")).problem

    assert isinstance(problem, UnknownName)
    assert problem.code == "unknown.backend"
    assert "the flow chose it" in problem.reason
    assert problem.suggestion == "Did you mean `dask`?"


def test_a_backend_that_lacks_something_says_what_to_do():
    offers = {"dask": Offer(capabilities=EVERYTHING, missing='pip install "dagy_nb[dask]"')}

    problem = choose(Wishes(call="dask"), offers=offers).problem

    assert problem.code == "backend.unavailable"
    assert "pip install" in problem.suggestion


def test_an_explanation_shows_every_level_rule_figure_and_check():
    told = repr(choose(Wishes(rules=RULES), known(nodes=30, seconds=None)))

    assert told.splitlines() == [
        "backend dask: Rule wide: nodes 30 is > 20.",
        "    call         –",
        "    deployment   –",
        "    flow         –",
        "  → rules        dask (rule wide: nodes 30 is > 20)",
        "    default      kernel (default)",
        "rules, the first that matches counts:",
        "  ✗ small → kernel: nodes 30 is not ≤ 20",
        "  ✓ wide → dask: nodes 30 is > 20",
        "  ✗ long → papermill: seconds is not known (test)",
        "what is known of the run:",
        "    nodes        30 (test)",
        "    memory_mb    100 (test)",
        "    seconds      not known (test)",
        "what dask can do:",
        "  ✓ available      it can be used",
        "  ✓ max_seconds    it sets no bound",
        "  ✓ max_memory_mb  it sets no bound",
        "  ✓ cell_types     there are no types defined in cells",
        "  ✓ hard_limits    there are no nodes with hard limits",
        "  ✓ reuse          reuse was not asked for",
    ]
