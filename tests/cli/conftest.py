"""A store with some runs in it, and the command line in this process."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dagy_nb.cli.main import app
from dagy_nb.session.current import make_session, set_session
from dagy_nb.session.session import Session
from dagy_nb.settings import Settings
from tests.flows import chain, failing


@pytest.fixture
def recorded(tmp_path: Path) -> Iterator[Session]:
    """The current session over a journal in a folder of the test, with two runs in it."""
    made = make_session(Settings(home=tmp_path / ".dagy"))
    before = set_session(made)
    chain(made).run(start=5).wait()
    failing(made).run().wait(check=False)
    yield made
    set_session(before)
    made.close()


@pytest.fixture
def call(recorded: Session) -> Callable[..., Result]:
    """Run `dagy-nb` with these words; stdout and stderr apart."""

    def invoke(*words: str) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    return invoke


@pytest.fixture
def ask(call: Callable[..., Result]) -> Callable[..., dict[str, Any]]:
    """Run `dagy-nb` with `--json` and read the one object it prints."""

    def invoke(*words: str, code: int = 0) -> dict[str, Any]:
        done = call(*words, "--json")
        assert done.exit_code == code, done.output
        answer = json.loads(done.stdout)
        assert set(answer) == {"ok", "command", "version", "data", "error"}
        assert answer["ok"] == (code == 0)
        assert (answer["error"] is None) == answer["ok"]
        return answer

    return invoke
