"""A node's call or its outcome in, the buffers of one frame out, and back; what cannot go is named.

The near side is the notebook's process, the far side the worker.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import cloudpickle

from dagy_nb.abc import NodeCall, Outcome
from dagy_nb.engine.fault import describe_exception, tell_frames
from dagy_nb.errors import RunnerError
from dagy_nb.runners.worker.codec import Buffer, pack, unpack
from dagy_nb.runners.worker.surroundings import Surroundings

_classes: WeakKeyDictionary[type, bytes] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A packed call."""

    head: bytes
    node_class: bytes
    call: Sequence[Buffer]

    def list_buffers(self) -> list[Buffer]:
        """Return what goes into the frame."""
        return [self.head, self.node_class, *self.call]


def pack_call(call: NodeCall, surroundings: Surroundings) -> CallMessage:
    """Pack a call.

    Raises:
        RunnerError: `runner.unpicklable_node`, `runner.unpicklable_input`, `runner.unpicklable_config`.
    """
    node_class = _pack_class(call)
    try:
        packed = pack(replace(call, node_class=None))
    except BaseException as error:
        raise _refuse_call(call, error) from error
    return CallMessage(pickle.dumps(surroundings, protocol=5), node_class, packed)


def unpack_call(buffers: Sequence[Buffer], node_class: Any) -> NodeCall:
    """Return the call of a frame."""
    call: NodeCall = unpack(buffers[2:])
    return replace(call, node_class=node_class)


def pack_outcome(outcome: Outcome, call: NodeCall | None, spent: str) -> list[Buffer]:
    """Pack how a call ended, and why the worker must not be used again.

    An output that cannot be packed turns the outcome into a failure that names it.
    """
    packed: Sequence[Buffer] = ()
    if outcome.outputs is not None:
        try:
            packed = pack(dict(outcome.outputs))
        except BaseException as error:  # noqa: BLE001 - a value may do anything to who packs it
            outcome = _refuse_outputs(outcome.outputs, call, error)
    exception = _pack_exception(outcome.exception)
    facts = replace(outcome, outputs={} if packed else None, exception=None)
    return [pickle.dumps((facts, spent), protocol=5), exception, *packed]


def unpack_outcome(buffers: Sequence[Buffer], call: NodeCall) -> tuple[Outcome, str]:
    """Return how a call ended, and why the worker must not be used again."""
    facts, spent = pickle.loads(buffers[0])  # noqa: S301 - made by our own worker
    if facts.outputs is None:
        return replace(facts, exception=_unpack_exception(buffers[1], facts)), spent
    try:
        return replace(facts, outputs=unpack(buffers[2:])), spent
    except BaseException as error:  # noqa: BLE001 - as above
        return _fail(_refuse_reading(call, error), call), spent


def _pack_class(call: NodeCall) -> bytes:
    node_class = call.node_class
    known = _classes.get(node_class)
    if known is not None:
        return known
    try:
        # Whole: the far side keeps it by its bytes, and has none beside them.
        packed: bytes = cloudpickle.dumps(node_class, protocol=5)
    except BaseException as error:
        raise RunnerError(
            f"The node type {node_class.__name__} of {call.node_id} cannot go to another process: "
            f"{_tell(error)}",
            code="runner.unpicklable_node",
            suggestion="Make what it holds inside `execute`, or use the runner `thread`.",
        ) from error
    if _is_found_by_name(node_class):
        _classes[node_class] = packed
    return packed


def _is_found_by_name(node_class: type) -> bool:
    """Whether a pickle names the class only, so that it stays the same whatever happens to the class."""
    module = node_class.__module__
    here = sys.modules.get(module)
    return module != "__main__" and getattr(here, node_class.__qualname__, None) is node_class


def _pack_exception(error: BaseException | None) -> bytes:
    """Return an exception for the near side; empty where it cannot go there."""
    if error is None:
        return b""
    try:
        packed = pack(error)
        return bytes(packed[0]) if len(packed) == 1 else b""
    except BaseException:  # noqa: BLE001 - its words go as data in any case
        return b""


def _unpack_exception(packed: Buffer, facts: Outcome) -> BaseException | None:
    if not len(packed):
        return None
    try:
        error = unpack([packed])
    except BaseException:  # noqa: BLE001 - many cannot be made again; what makes them may do anything
        return None
    if not isinstance(error, BaseException):
        return None
    tell_frames(error, facts.error)
    return error


def _refuse_call(call: NodeCall, error: BaseException) -> RunnerError:
    name = _find_unpicklable(call.inputs)
    what, code = f"The input {call.node_id}.{name}", "runner.unpicklable_input"
    if name is None:
        what, code = f"The config or parameters of {call.node_id}", "runner.unpicklable_config"
    return RunnerError(
        f"{what} cannot go to another process: {_tell(error)}",
        code=code,
        suggestion="Give the node what it takes to make the value (a path, an address), or use the runner "
        "`thread`.",
    )


def _refuse_outputs(
    outputs: Mapping[str, Any], call: NodeCall | None, error: BaseException
) -> Outcome:
    name = _find_unpicklable(outputs) or "outputs"
    node_id = call.node_id if call else ""
    refused = RunnerError(
        f"The output {node_id}.{name} cannot come back from the other process: {_tell(error)}",
        code="runner.unpicklable_output",
        suggestion="Return plain data (a table, an array, a mapping), write a file and return its path, "
        "or use the runner `thread`.",
    )
    return _fail(refused, call)


def _refuse_reading(call: NodeCall, error: BaseException) -> RunnerError:
    return RunnerError(
        f"The outputs of {call.node_id} came, but cannot be read here: {_tell(error)}",
        code="runner.unreadable_output",
        suggestion="Its classes must be importable in the notebook too, and be made again from a pickle.",
    )


def _fail(error: RunnerError, call: NodeCall | None) -> Outcome:
    fact = describe_exception(
        error, node_id=call.node_id if call else "", attempt=call.attempt if call else 0
    )
    return Outcome(error=replace(fact, traceback=""), exception=error, broke_contract=True)


def refuse(error: RunnerError, call: NodeCall) -> Outcome:
    """Return the outcome of a call that cannot be carried over."""
    return _fail(error, call)


def _find_unpicklable(values: Mapping[str, Any]) -> str | None:
    for name, value in values.items():
        try:
            pack(value)
        except BaseException:  # noqa: BLE001 - as above
            return name
    return None


def _tell(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")
