"""Fixtures of the runners room: a runner and a flow on the shared Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dagy_nb.runners.dask.runner import DaskRunner
from dagy_nb.session.dask import use_dask
from dagy_nb.session.flow import Flow
from dagy_nb.session.session import Session
from tests.cluster import cluster_address, make_dask_runner


@pytest.fixture
def dask_runner() -> Iterator[DaskRunner]:
    made = make_dask_runner()
    yield made
    made.close()


@pytest.fixture
def clustered(session: Session) -> Flow:
    use_dask(cluster_address(), session=session)
    return Flow("clustered", session=session)
