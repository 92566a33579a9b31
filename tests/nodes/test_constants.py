from __future__ import annotations

import datetime as dt
import decimal
import enum
import logging
import re
import threading
import typing
import uuid
import zoneinfo
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.model.datatype import DataType
from dagy_nb.model.frozen import FrozenMap
from dagy_nb.nodes.constants import MAX_TEXT, NoConstant, encode_constant


class Level(enum.IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")  # noqa: PYI024

CONSTANTS = [
    None, ..., True, 1, 1.0, 1j, "1", b"1", (), (1,), ("1",), ((1,),), frozenset(), frozenset({1, 2}),
    frozenset({"1"}), range(3), -0.0, 0.0, float("nan"), float("inf"),
    dt.date(2026, 1, 1), dt.datetime(2026, 1, 1), dt.datetime(2026, 1, 1, tzinfo=dt.UTC),  # noqa: DTZ001
    dt.timedelta(1), dt.time(1), dt.UTC, zoneinfo.ZoneInfo("Europe/Brussels"), pd.Timestamp("2026-01-01"),
    decimal.Decimal(1), uuid.UUID(int=1), Path("1"), re.compile("1"), re.compile("1", re.IGNORECASE),
    Level.LOW, DataType.TABLE, Point(1, 2), FrozenMap({"a": 1}), FrozenMap({"a": [1]}),
    logging.getLogger("a"), logging.getLogger("b"), list[int], list[str], int | None, typing.Optional[str],  # noqa: UP045
    dict[str, list[int]], typing.List[str], Callable[[int], str], np.int8(1), np.int64(1), np.float64(1), np.dtype("int8"),  # noqa: UP006
]  # fmt: skip


def test_different_constants_have_different_texts():
    texts = [encode_constant(value) for value in CONSTANTS]

    assert len(set(texts)) == len(CONSTANTS)


def test_the_order_of_a_set_does_not_count():
    one = frozenset(["a", "b", "c", ("d", 1)])
    other = frozenset([("d", 1), "c", "b", "a"])

    assert encode_constant(one) == encode_constant(other)


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3),
    max_leaves=5,
)


@given(plain, plain)
def test_equal_texts_mean_equal_values(one, other):
    if encode_constant(one) == encode_constant(other):
        assert repr(one) == repr(other) or one == other


class Local:
    """A class that a constant may not be of."""


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ([1], "a list, which can change"),
        ({"a": 1}, "a dict, which can change"),
        ({1}, "a set, which can change"),
        (bytearray(b"a"), "a bytearray, which can change"),
        ((1, [2]), "a tuple that holds a list, which can change"),
        (("a", {"b": 1}), "a tuple that holds a dict, which can change"),
        (pd.DataFrame({"a": [1]}), "data of type DataFrame"),
        (np.zeros(3), "data of type ndarray"),
        (threading.Lock(), "data of type lock"),
        (iter([]), "data of type list_iterator"),
        (Local(), "data of type Local"),
        (MappingProxyType({}), "data of type mappingproxy"),
        (np.array([object()])[0:1], "data of type ndarray"),
        ("x" * (MAX_TEXT + 1), "a str of 10,007 characters, more than 10,000"),
        (tuple(range(10_000)), "a tuple of"),
    ],
)
def test_what_can_change_or_is_large_is_no_constant(value, why):
    with pytest.raises(NoConstant) as caught:
        encode_constant(value)

    assert str(caught.value).startswith(why)


def test_members_of_a_notebooks_enum_are_no_constants():
    names = {"__name__": "__main__"}
    exec("import enum\nclass Colour(enum.Enum):\n    RED = 1\n", names)

    with pytest.raises(NoConstant):
        encode_constant(names["Colour"].RED)
