"""A function in, what it returns in a fork of this process out."""

from __future__ import annotations

import json
import os
import signal
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn


def call_in_fork(act: Callable[[], Any]) -> Any:
    """Return what `act` returns in a fork of this process; its words where it fails or hangs."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer"
        child = os.fork()
        if not child:
            _answer(act, answer)
        os.waitpid(child, 0)
        assert answer.exists(), "the fork hung"
        return json.loads(answer.read_text())


def _answer(act: Callable[[], Any], answer: Path) -> NoReturn:
    """Tell what `act` returns, and end, whatever happens: no fork may go on with the tests of its parent."""
    try:
        signal.alarm(40)  # whatever hangs there ends
        try:
            words = act()
        except BaseException as error:
            words = f"{type(error).__name__}: {error}"
        answer.write_text(json.dumps(words))
    finally:
        os._exit(0)


def is_open(number: int) -> bool:
    """Whether a number is that of an open file."""
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
