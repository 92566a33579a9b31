"""Mistyped names are met with the nearest known ones."""

from __future__ import annotations

import pytest

from dagy_nb.model.nearest import find_nearest, suggest_names

KNOWN = ["flights", "weather", "LoadFlights", "late"]


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("fligths", ("flights", "LoadFlights")),
        ("loadflights", ("LoadFlights", "flights")),
        ("FLIGHTS", ("flights", "LoadFlights")),
        ("wether", ("weather",)),
        ("zzz", ()),
        ("", ()),
    ],
)
def test_the_nearest_names_come_first_whatever_their_case(
    name: str, nearest: tuple[str, ...]
) -> None:
    assert find_nearest(name, KNOWN) == nearest


@pytest.mark.parametrize(
    ("name", "known", "words"),
    [
        ("fligths", KNOWN, "Did you mean `flights` or `LoadFlights`?"),
        ("zzz", KNOWN[:2], "The inputs are: flights, weather."),
        ("zzz", [], "There are no inputs."),
        (
            "zzz",
            [f"n{i}" for i in range(14)],
            "The inputs are: n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11 and 2 more.",
        ),
    ],
)
def test_the_advice_is_a_sentence(name: str, known: list[str], words: str) -> None:
    assert suggest_names(name, known, what="inputs") == words
