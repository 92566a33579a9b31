"""Parameters of a notebook are read from its cell, never run, and compared with what is given."""

from __future__ import annotations

from typing import Any

import pytest

from dagy_nb.errors import NotebookError
from dagy_nb.schedules.parameters import check_parameters, find_parameters
from tests.schedules.build import make_notebook

CELL = """\
# parameters:
%matplotlib inline
month = 1  # which month
carrier = "a=b"
share: float = 0.5
names: list[str] = ["UA"]
free = None
today = open("/nonexistent/never/opened").read()
a = b = 2
x, y = 1, 2
month_name: "str"
!echo no
"""


def test_names_and_types_are_read_without_running_the_cell():
    found = {each.name: each for each in find_parameters(make_notebook(CELL)) or ()}

    assert {name: str(each.type) for name, each in found.items()} == {
        "month": "integer",
        "carrier": "string",
        "share": "number",
        "names": "array",
        "free": "any",
        "today": "any",
        "a": "integer",
        "b": "integer",
    }
    assert found["carrier"].default == "a=b"
    assert not found["today"].has_default


@pytest.mark.parametrize(
    ("given", "typed", "values"),
    [
        ({}, {}, {}),
        ({"month": 2, "carrier": "DL"}, {}, {"month": 2, "carrier": "DL"}),
        ({"share": 1}, {}, {"share": 1}),
        ({"month": 1.5}, {}, {"month": 1.5}),
        ({"month": None}, {}, {"month": None}),
        ({"free": "2"}, {}, {"free": "2"}),
        ({}, {"free": "2"}, {"free": 2}),
        ({}, {"free": "UA"}, {"free": "UA"}),
        ({}, {"month": "2", "carrier": "2", "names": "[DL, UA]"}, {"month": 2, "carrier": "2", "names": ["DL", "UA"]}),
        ({"month": 1}, {"month": "3"}, {"month": 3}),
    ],
)  # fmt: skip
def test_values_are_taken_as_the_parameter_s_type(
    given: dict[str, Any], typed: dict[str, str], values: dict[str, Any]
) -> None:
    checked = check_parameters(make_notebook("x = 1", CELL), given, typed=typed)

    assert checked == values
    assert [type(each) for each in checked.values()] == [type(each) for each in values.values()]


@pytest.mark.parametrize(
    ("cells", "given", "code", "words"),
    [
        (("month = 1",), {"month": 2}, "notebook.no_parameters_cell", "tag `parameters`"),
        ((CELL,), {"mnth": 2}, "notebook.unknown_parameter", "Did you mean `month`?"),
        ((CELL,), {"month": "two"}, "notebook.parameter_type", "integer"),
        ((CELL,), {"names": 3}, "notebook.parameter_type", "array"),
        ((CELL,), {"free": object()}, "notebook.parameter_type", "object"),
        (("# parameters:\n",), {"month": 2}, "notebook.unknown_parameter", "no parameters"),
        (("# parameters:\nmonth = (",), {"month": 2}, "notebook.unknown_parameter", ""),
    ],
)
def test_what_does_not_fit_is_refused(
    cells: tuple[str, ...], given: dict[str, Any], code: str, words: str
) -> None:
    with pytest.raises(NotebookError) as caught:
        check_parameters(make_notebook(*cells), given)

    assert caught.value.code == code
    assert words in str(caught.value)


def test_without_values_no_cell_is_needed():
    assert check_parameters(make_notebook("print(1)"), {}) == {}


def test_of_other_languages_only_the_names_are_compared():
    """papermill reads no parameters of R: then none can be refused by name, but no code comes in as one."""
    notebook = make_notebook("# parameters:\nmonth <- 1", kernel="ir", language="R")

    assert check_parameters(notebook, {"month": 2}, "R") == {"month": 2}
    with pytest.raises(NotebookError):
        check_parameters(notebook, {"x; system('ls')": 2}, "R")
