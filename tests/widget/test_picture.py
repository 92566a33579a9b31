"""The static picture of a flow shows the last run, however soon that ended."""

from __future__ import annotations

from dagy_nb.widget.picture import StaticPicture
from tests.flows import chain


def test_a_run_that_ended_before_the_picture_heard_of_it_is_shown(session):
    flow = chain(session)
    shown = []
    flow.watch_runs(lambda handle: handle.wait())  # who hears of a run first may take its time
    picture = StaticPicture(
        flow, lambda data, *_: shown.append(data["image/svg+xml"]), is_live=lambda: False
    )
    picture.show()

    flow.run().wait()
    picture.refresh()
    picture.refresh()

    assert ["Completed" in each for each in shown] == [False, True]
    picture.close()
