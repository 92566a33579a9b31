"""Texts are cleaned, measured on the wide side, and cut where they do not fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagy_nb.protocol.lettering import clean, measure, shorten


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a  b\n c", "a b c"),
        ("<b>&\"'", "&lt;b&gt;&amp;&quot;&#x27;"),
        ("a\x00b\x1bc", "a�b�c"),
        ("\ud800", "�"),
    ],
)
def test_what_xml_forbids_is_replaced_and_what_it_means_is_escaped(text, expected):
    assert clean(text) == expected


@given(st.text(max_size=80), st.integers(20, 300))
def test_a_shortened_text_fits(text, width):
    assert measure(shorten(text, 12, width), 12) <= width


@given(st.text(alphabet="abc xyz", max_size=10))
def test_a_text_that_fits_stays(text):
    assert shorten(text, 12, 1000) == " ".join(text.split())


def test_wide_scripts_and_marks_are_measured_as_they_are():
    assert measure("表", 10) > measure("a", 10)
    assert measure("e\u0301", 10) == measure("e", 10)
    assert measure("a", 10, bold=True) > measure("a", 10)
