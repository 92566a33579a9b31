"""The body of a node: what it raises is told, unless it was asked to end."""

from __future__ import annotations

import asyncio

import pytest

from dagy_nb.engine.body import Body
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input
from dagy_nb.nodes.context import CancelToken
from tests.runners import victims as v


class Read(Exception):
    """Notes that somebody reads its words."""

    is_read = False

    def __str__(self) -> str:
        self.is_read = True
        return "on purpose"


class Ending(FlowNode, register=False):
    """Raises what its input says, after a cancel by its token."""

    error = Input(DataType.OBJECT)
    token = Input(DataType.OBJECT)

    def execute(self, error, token):
        token.request()
        raise error


class HookedEnding(Ending, register=False):
    def pre_execute(self, context):
        """Do nothing: classes with hooks go another way."""


@pytest.mark.parametrize("is_asked", [False, True], ids=["", "asked"])
@pytest.mark.parametrize("in_loop", [False, True], ids=["thread", "loop"])
@pytest.mark.parametrize("node_class", [Ending, HookedEnding])
def test_nobody_reads_what_a_body_raises_that_was_asked_to_end(node_class, in_loop, is_asked):
    """Who reads it opens files of the code, and an interrupt may come before they are closed."""
    token, error = CancelToken(), Read()
    inputs = {"error": error, "token": token if is_asked else CancelToken()}
    body = Body(v.call_of(node_class, inputs), v.Ear(), token)

    outcome = asyncio.run(body.live()) if in_loop else body.run()

    assert outcome.cancelled == is_asked
    assert (outcome.error is None) == is_asked
    assert error.is_read != is_asked
