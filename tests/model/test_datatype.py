"""The compatibility matrix: complete, worded, and true to its laws."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.model.datatype import (
    DataType,
    Verdict,
    compare_accepted,
    compare_types,
)

T = DataType
PAIRS = list(itertools.product(DataType, repeat=2))
VALUES = [each for each in DataType if each not in {T.ANY, T.SIGNAL, T.ERROR}]
type_sets = st.lists(st.sampled_from(DataType), min_size=1, max_size=4, unique=True)


def test_there_are_fifteen_types_and_every_pair_has_an_answer_in_words():
    assert len(DataType) == 15
    for source, target in PAIRS:
        answer = compare_types(source, target)
        assert answer.code.startswith("types.")
        assert answer.reason.endswith(".")
        assert bool(answer.suggestion) == (answer.verdict is Verdict.NO)
        assert str(target) in answer.reason or "Both" in answer.reason or "ERROR" in answer.reason


@pytest.mark.parametrize("each", DataType)
def test_every_type_fits_itself(each: DataType) -> None:
    assert compare_types(each, each).verdict is Verdict.OK


@pytest.mark.parametrize("each", [each for each in DataType if each is not T.ERROR])
def test_error_is_an_island(each: DataType) -> None:
    assert compare_types(T.ERROR, each).verdict is Verdict.NO
    assert compare_types(each, T.ERROR).verdict is Verdict.NO


@pytest.mark.parametrize("each", VALUES)
def test_any_takes_all_values_and_promises_none(each: DataType) -> None:
    assert compare_types(each, T.ANY).verdict is Verdict.OK
    assert compare_types(T.ANY, each).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("each", [*VALUES, T.ANY])
def test_a_signal_can_be_made_of_anything_but_gives_nothing(each: DataType) -> None:
    assert compare_types(each, T.SIGNAL).verdict is Verdict.OK
    assert compare_types(T.SIGNAL, each).verdict is Verdict.NO


def test_between_values_only_lossless_changes_are_made():
    lossless = {
        (source, target)
        for source, target in itertools.permutations(VALUES, 2)
        if compare_types(source, target).verdict is Verdict.OK
    }

    assert lossless == {
        (T.INTEGER, T.NUMBER),
        *((each, T.JSON) for each in (T.TEXT, T.INTEGER, T.NUMBER, T.BOOLEAN, T.LIST)),
    }


def test_lossless_changes_can_be_made_one_after_the_other():
    """If a fits b and b fits c for sure, a fits c for sure, where no value was dropped on the way."""
    sure = {pair for pair in PAIRS if compare_types(*pair).verdict is Verdict.OK}

    for (a, b), (c, d) in itertools.product(sure, repeat=2):
        if b is c:
            assert (a, d) in sure


@given(type_sets, type_sets)
def test_several_types_fit_as_their_best_pairs_do(
    sources: list[DataType], targets: list[DataType]
) -> None:
    rank = [Verdict.OK, Verdict.UNKNOWN, Verdict.NO]
    best = [min((compare_types(s, t).verdict for t in targets), key=rank.index) for s in sources]
    answer = compare_accepted(sources, targets).verdict

    assert (answer is Verdict.OK) == all(each is Verdict.OK for each in best)
    assert (answer is Verdict.NO) == all(each is Verdict.NO for each in best)


@given(type_sets, type_sets)
def test_the_order_of_types_does_not_change_the_verdict(
    sources: list[DataType], targets: list[DataType]
) -> None:
    there = compare_accepted(sources, targets).verdict

    assert compare_accepted(sources[::-1], targets[::-1]).verdict is there
