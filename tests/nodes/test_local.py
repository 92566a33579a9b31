"""The user's own modules are found however many of them lead to each other."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from dagy_nb.nodes.local import fingerprint_local

COUNT = sys.getrecursionlimit() + 100


def test_modules_that_import_each_other_late_may_be_more_than_python_nests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    for at in range(COUNT):
        text = f"def find():\n    import own_chain_{at + 1}"
        (tmp_path / f"own_chain_{at}.py").write_text(text)
    last = tmp_path / f"own_chain_{COUNT}.py"
    last.write_text("LIMIT = 1")
    before = fingerprint_local("own_chain_0")
    last.write_text("LIMIT = 2")

    assert fingerprint_local("own_chain_0") != before != ""
