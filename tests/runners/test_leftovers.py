"""What a body leaves in its process is undone before the next one, or that one gets another process."""

from __future__ import annotations

import pytest

from dagy_nb.runners.process import ProcessRunner
from tests.runners import leaving
from tests.runners.processes import run

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def runner():
    made = ProcessRunner(slots=1)
    yield made
    made.close()


@pytest.mark.parametrize("what", leaving.WAYS)
def test_the_next_body_sees_nothing_of_what_one_left(runner, what):
    first = run(runner, leaving.leave, config={"what": what}).outcome
    then = run(runner, leaving.look, config={"what": what}).outcome

    assert first.error is None
    assert then.error is None
    left_in, before = first.outputs["output"]
    seen_in, seen = then.outputs["output"]
    assert seen == before
    assert leaving.WAYS[what][2] in {seen_in == left_in, None}


def test_what_a_module_set_up_when_it_was_loaded_stays_and_what_a_body_added_does_not(
    runner, tmp_path, monkeypatch
):
    (tmp_path / "chatty.py").write_text(
        "import logging\nlogging.getLogger(__name__).setLevel(logging.INFO)\n"
        "logging.getLogger(__name__).addHandler(logging.NullHandler())\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))

    told = run(runner, leaving.load_chatty).outcome.outputs["output"]
    spoilt = run(runner, leaving.spoil_chatty).outcome.outputs["output"]
    again = run(runner, leaving.load_chatty).outcome.outputs["output"]

    assert told[2] == [20, True, False, ["NullHandler"], 0]
    assert again == told
    assert spoilt == told[0]


def test_what_a_body_printed_into_a_stream_of_its_own_is_in_its_log(runner):
    assert run(runner, leaving.print_through_a_wrapper).lines == [("STDOUT", "wrapped")]
