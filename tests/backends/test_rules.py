"""Rules are read from data, checked, and bounded exactly as they say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.backends.rules import Bounds, Rule, load_rules, read_rules
from dagy_nb.errors import SettingError

RULES = """\
rules:
  - name: small
    when: {nodes: {le: 20}, seconds: {le: 60}}
    backend: kernel
  - name: large
    when: {memory_mb: {gt: 8000}}
    backend: dask
  - backend: papermill
"""


def test_rules_are_read_from_a_file_in_order(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)

    rules = load_rules(path)

    assert [rule.name for rule in rules] == ["small", "large", "rule 3"]
    assert [rule.backend for rule in rules] == ["kernel", "dask", "papermill"]
    assert rules[0].when.list_bounds() == [("nodes", Bounds(le=20)), ("seconds", Bounds(le=60))]


def test_a_file_may_be_the_bare_list_or_empty(tmp_path):
    bare, empty = tmp_path / "bare.yaml", tmp_path / "empty.yaml"
    bare.write_text("- {backend: kernel}\n")
    empty.write_text("")

    assert [rule.backend for rule in load_rules(bare)] == ["kernel"]
    assert load_rules(empty) == ()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("kernel", "must be a list"),
        ({"rulez": []}, "no field 'rulez'"),
        ([{"backend": "kernel", "wenn": {}}], "rule 1.wenn"),
        ([{"when": {}}], "rule 1.backend"),
        ([{"backend": " "}], "a backend's name is missing"),
        ([{"backend": "a"}, {"backend": "b", "when": {"nodes": {"le": "many"}}}], "rule 2.when"),
        ([{"backend": "a", "when": {"minutes": {"le": 3}}}], "rule 1.when.minutes"),
        ([{"backend": "a", "when": {"nodes": {}}}], "a bound is missing"),
        ([{"backend": "a", "when": {"nodes": {"le": 1, "lt": 1}}}], "bounds one side twice"),
        ([{"backend": "a", "when": {"nodes": {"ge": 1, "gt": 1}}}], "bounds one side twice"),
        ([{"backend": "a", "when": {"nodes": {"gt": 2, "le": 2}}}], "no number is > 2 and ≤ 2"),
        ([{"backend": "a", "when": {"nodes": {"ge": 3, "le": 2}}}], "no number is ≥ 3 and ≤ 2"),
        ([{"backend": "a", "when": {"nodes": {"le": float("nan")}}}], "rule 1.when.nodes.le"),
        ([{"backend": "a", "when": {"nodes": {"le": True}}}], "rule 1.when.nodes.le"),
        ([{"backend": "a", "when": {"memory_mb": {"gt": "8 GB"}}}], "rule 1.when.memory_mb.gt"),
        ([{"backend": "a", "name": "x"}, {"backend": "b", "name": "x"}], "two rules named 'x'"),
        (["kernel"], "rule 1"),
    ],
)
def test_what_is_no_rule_is_refused_by_name(given, words):
    with pytest.raises(SettingError) as caught:
        read_rules(given, "rules.yaml")

    assert caught.value.code == "setting.rules"
    assert words in caught.value.reason
    assert "rules.yaml" in caught.value.reason


@pytest.mark.parametrize(
    ("text", "words"),
    [("rules: [", "line 1"), ("a: 1\na: 2", "line 2"), ("x: !!python/object 1", "tag")],
)
def test_what_is_no_yaml_is_refused_with_its_place(tmp_path, text, words):
    path = tmp_path / "rules.yaml"
    path.write_text(text)

    with pytest.raises(SettingError) as caught:
        load_rules(path)

    assert caught.value.code == "setting.rules"
    assert str(path) in caught.value.reason
    assert words in caught.value.reason


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(SettingError, match=r"nowhere\.yaml cannot be read"):
        load_rules(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("bounds", "inside", "outside"),
    [
        (Bounds(le=5), [5, 4.9], [5.1]),
        (Bounds(lt=5), [4.9], [5, 5.1]),
        (Bounds(ge=5), [5, 5.1], [4.9]),
        (Bounds(gt=5), [5.1], [5, 4.9]),
        (Bounds(gt=1, le=5), [1.1, 5], [1, 5.1]),
        (Bounds(ge=5, le=5), [5], [4.9, 5.1]),
        (Bounds(le=0), [0, -1], [0.1]),
    ],
    ids=str,
)
def test_a_bound_holds_up_to_where_it_says(bounds, inside, outside):
    assert all(bounds.hold(each) for each in inside)
    assert not any(bounds.hold(each) for each in outside)


numbers = st.floats(-1e6, 1e6)


@given(numbers, numbers)
def test_le_and_gt_part_all_numbers_and_so_do_lt_and_ge(bound, value):
    assert Bounds(le=bound).hold(value) != Bounds(gt=bound).hold(value)
    assert Bounds(lt=bound).hold(value) != Bounds(ge=bound).hold(value)


def test_rules_given_as_rules_stay_as_they_are():
    rule = Rule(backend="dask", name="mine")

    assert read_rules([rule]) == (rule,)
