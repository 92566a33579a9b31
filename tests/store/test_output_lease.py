"""The file that says that runs go on here: held once, let go of once, whatever the folder does meanwhile."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest

from dagy_nb.store.output_lease import Lease


def count_files():
    return psutil.Process().num_fds()


@pytest.mark.parametrize("name", ["rename", "unlink"])
def test_a_lease_that_fails_leaves_no_file_open(tmp_path, monkeypatch, name):
    def refuse(*_, **__):
        raise PermissionError(name)

    lease, before = Lease(tmp_path / "leases"), count_files()
    monkeypatch.setattr(Path, name, refuse)
    for _ in range(3):
        lease.hold()
        lease.release()

    assert count_files() == before


def test_a_lease_is_held_until_the_last_run_is_over(tmp_path):
    lease, other = Lease(tmp_path / "leases"), Lease(tmp_path / "leases")
    lease.hold()
    lease.hold()
    lease.release()
    held = other.oldest()
    lease.release()

    assert held is not None
    assert other.oldest() is None
    assert list((tmp_path / "leases").iterdir()) == []
