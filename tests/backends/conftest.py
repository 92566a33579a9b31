"""Fixtures of the backends room: the backends of other processes, on the shared Dask cluster."""

from __future__ import annotations

import pytest

from dagy_nb.session.dask import use_dask
from tests.cluster import cluster_address


@pytest.fixture(params=["dask", "papermill"])
def backend(request, session):
    if request.param == "dask":
        use_dask(cluster_address(), session=session)
    return request.param


@pytest.fixture
def dask(session):
    use_dask(cluster_address(), session=session)
    return "dask"
