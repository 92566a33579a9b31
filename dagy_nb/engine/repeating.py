"""One call of a node in, its outputs out, or the very error that its body raises: for looking at it again.

Unlike a run, nothing is caught, timed or recorded, and what the node prints goes where prints go here: so a
debugger finds the node's own frames.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.body import convert_inputs
from dagy_nb.engine.contract import take_outputs
from dagy_nb.nodes.context import CancelToken, ExecutionContext
from dagy_nb.nodes.result import ExecutionResult

if TYPE_CHECKING:
    from dagy_nb.abc import NodeCall


class _Printer:
    """Prints what a node logs."""

    def wrote(self, level: str, text: str) -> None:
        """Print a line."""
        sys.stderr.write(f"{text}\n" if level == "STDOUT" else f"{level}: {text}\n")

    def progressed(self, fraction: float, message: str) -> None:
        """Print how far it is."""
        sys.stderr.write(f"{fraction:.0%} {message}".rstrip() + "\n")


def repeat_call(call: NodeCall) -> dict[str, Any]:
    """Run a node's body here and now.

    Returns:
        Output connector → value, checked as in a run.

    Raises:
        ContractError: An input or an output does not fit.
        BaseException: Whatever the node raises.
    """
    cls = call.node_class
    hooks = cls.traits.hooks
    node = cls.create(call.config)
    inputs = convert_inputs(call)
    context = _make_context(call, node, inputs)
    if "validate_config" in hooks:
        _settle(node.validate_config(node.config))
    if "pre_execute" in hooks:
        _settle(node.pre_execute(context))
    outputs = take_outputs(cls, _settle(node.invoke(context, inputs)))
    if "post_execute" in hooks:
        _settle(node.post_execute(context, ExecutionResult(outputs=outputs)))
    return outputs


def _make_context(call: NodeCall, node: Any, inputs: Mapping[str, Any]) -> ExecutionContext:
    return ExecutionContext(
        run_id=call.run_id,
        node_id=call.node_id,
        attempt=call.attempt,
        inputs=inputs,
        config=node.config,
        parameters=call.parameters,
        cancel=CancelToken(),
        reporter=_Printer(),
        folder=call.artifacts,
        ends_at=None,
        monotonic=time.monotonic,
    )


def _settle(value: Any) -> Any:
    if not inspect.isawaitable(value):
        return value
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(_wrap(value))
    return _run_elsewhere(value)


def _run_elsewhere(value: Any) -> Any:
    """Await something in a thread with a loop of its own, since a loop is running in this one."""
    ended: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            ended.append(asyncio.run(_wrap(value)))
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name="dagy replay", daemon=True)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return ended[0]


async def _wrap(value: Any) -> Any:
    return await value
