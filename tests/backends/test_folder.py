"""Two processes carry a run out through files: each request and each fact is read once, whole and in order."""

from __future__ import annotations

import pytest

from dagy_nb.backends.cargo import CancelRequest, Harvest
from dagy_nb.backends.papermill.cell import carry_on
from dagy_nb.backends.papermill.folder import RunFolder
from dagy_nb.errors import BackendError
from dagy_nb.model.event import RunStarted


@pytest.fixture
def near(tmp_path):
    made = RunFolder(tmp_path / "run")
    made.make([b"plan"], [])
    return made


@pytest.fixture
def far(near):
    return RunFolder(near.path)


def test_each_request_is_read_once_and_in_order(near, far):
    assert far.take_requests() == []
    near.ask("late", "handle")
    near.ask("", "interrupt", "inside")
    assert far.take_requests() == [
        CancelRequest("late", "handle"),
        CancelRequest("", "interrupt", "inside"),
    ]
    assert far.take_requests() == []
    near.ask("other", "übung\n")
    assert far.take_requests() == [CancelRequest("other", "übung\n")]


def test_half_a_request_is_left_until_the_rest_is_there(near, far):
    path = near.path / "requests"
    path.write_bytes(b'["a", "x"]\n["b"')
    assert far.take_requests() == [CancelRequest("a", "x")]
    path.write_bytes(b'["a", "x"]\n["b", "y"]\n')
    assert far.take_requests() == [CancelRequest("b", "y")]


def test_facts_are_read_once_and_never_by_halves(near, far):
    first, second = (RunStarted(at=float(number), run_id="r") for number in range(2))
    with far.open_facts() as file:
        far.add_facts(file, (first, second))
    assert list(near.read_facts()) == [(first, second)]
    assert list(near.read_facts()) == []

    with far.open_facts() as file:
        far.add_facts(file, (second,))
    whole = (near.path / "facts").read_bytes()
    (near.path / "facts").write_bytes(whole[:-3])
    assert list(near.read_facts()) == []
    (near.path / "facts").write_bytes(whole)
    assert list(near.read_facts()) == [(second,)]


def test_a_harvest_is_there_wholly_or_not_at_all(near, far):
    assert near.read_harvest() is None
    far.write_harvest(Harvest({"a.x": [b"1"]}, {"b": [b"2"]}))
    assert near.read_harvest() == Harvest({"a.x": [b"1"]}, {"b": [b"2"]})

    near.clear()
    assert not list(near.path.iterdir())


def test_a_notebook_whose_run_is_over_says_so_where_it_is_run_again(near):
    near.clear()

    with pytest.raises(BackendError) as caught:
        carry_on(near.path)

    assert caught.value.code == "backend.run_over"


def test_nobody_else_may_read_what_passes(near, far):
    far.write_harvest(Harvest())

    assert all(not each.stat().st_mode & 0o077 for each in near.path.iterdir())
