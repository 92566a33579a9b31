"""One call of a node in, its outcome out: config, inputs, hooks, `execute`, outputs, checked.

There is one body for all runners. Runners with an event loop await `Body.live`; the others call `Body.run`,
which drives the same coroutine without a loop (a hook that is asynchronous all the same gets a loop for
itself). A node without hooks has nothing to wait for but `execute`, so there `Body.run` does without the
coroutine.
"""

from __future__ import annotations

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from typing import Any

from dagy_nb.abc import CallReporter, Conversion, NodeCall, Outcome
from dagy_nb.engine.contract import Contract, find_contract, take_by
from dagy_nb.engine.deadline import HOOK_SECONDS
from dagy_nb.engine.fault import describe_exception, trim_traceback
from dagy_nb.engine.output import NodeOutput, enter_output
from dagy_nb.engine.preview import preview_value
from dagy_nb.errors import ContractError
from dagy_nb.model.connector import Cardinality, Direction
from dagy_nb.model.quick import make_quick
from dagy_nb.nodes.context import CancelToken, ExecutionContext
from dagy_nb.nodes.result import ExecutionResult
from dagy_nb.nodes.values import coerce

_HOOK_LOCK = threading.Lock()
"""Held by all bodies alike, for the moment in which one decides that its `on_cancel` is called."""


class Body:
    """One attempt of one node.

    Args:
        call: What to run.
        reporter: Who hears of lines and progress; start and end are the runner's to tell.
        cancel: Asked to end, by the runner.
        monotonic: The clock for limits on output and for `context.deadline`.
    """

    __slots__ = (
        "_context",
        "_is_hook_called",
        "_monotonic",
        "_node",
        "call",
        "cancel",
        "output",
    )

    def __init__(
        self,
        call: NodeCall,
        reporter: CallReporter,
        cancel: CancelToken,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.call = call
        self.cancel = cancel
        self.output = NodeOutput(reporter, monotonic)
        self._monotonic = monotonic
        self._node: Any = None
        self._context: ExecutionContext | None = None
        self._is_hook_called = False

    @property
    def has_cancel_hook(self) -> bool:
        """Whether the class overrides `on_cancel`."""
        return "on_cancel" in self.call.node_class.traits.hooks

    @property
    def is_in_cancel_hook(self) -> bool:
        """Whether the body has ended by a cancel and its `on_cancel` has begun."""
        return self._is_hook_called

    def run(self) -> Outcome:
        """Run without an event loop, in this thread and this context."""
        if self.call.node_class.traits.hooks:
            return _drive(self._live(in_loop=False))
        # What `_live` does, without the coroutine: that saves 3 µs.
        enter_output(self.output)
        try:
            inputs = self._prepare()
            self.cancel.raise_if_requested()
            result = self._node.invoke(self._context, inputs)
            if type(result) is not dict and hasattr(type(result), "__await__"):
                result = asyncio.run(_wrap(result))
            contract = find_contract(self.call.node_class)
            outcome = self._complete(contract, take_by(contract, result))
        except BaseException as error:  # noqa: BLE001 - a node may raise anything; it must not end us
            outcome = self._describe(error)
        return Outcome(cancelled=True) if self.cancel.requested else outcome

    async def live(self) -> Outcome:
        """Run in the running event loop and this context, with `on_cancel` where it was cancelled."""
        outcome = await self._live(in_loop=True)
        if outcome.cancelled and self.has_cancel_hook:
            await self.call_cancel_hook()
        return outcome

    async def call_cancel_hook(self) -> None:
        """Call `on_cancel` once, for at most `HOOK_SECONDS`; what goes wrong in it is logged."""
        with _HOOK_LOCK:
            if self._is_hook_called or self._node is None:
                return
            self._is_hook_called = True
        enter_output(self.output)
        try:
            result = self._node.on_cancel(self._context)
            if inspect.isawaitable(result):
                await asyncio.wait_for(result, HOOK_SECONDS)
        except TimeoutError:
            self.output.wrote("WARNING", f"on_cancel took longer than {HOOK_SECONDS:g} s.")
        except BaseException as error:  # noqa: BLE001 - a hook may raise anything
            self.output.wrote("WARNING", f"on_cancel failed: {type(error).__name__}: {error}")

    async def _live(self, *, in_loop: bool) -> Outcome:
        enter_output(self.output)
        try:
            outcome = await self._attempt(in_loop=in_loop)
        except GeneratorExit as error:
            # The loop is closing, or the node raised it: nothing may be awaited any more.
            return self._describe(error)
        except BaseException as error:  # noqa: BLE001 - a node may raise anything; it must not end us
            outcome = await self._fail(_unwrap(error), in_loop=in_loop)
        return Outcome(cancelled=True) if self.cancel.requested else outcome

    async def _attempt(self, *, in_loop: bool) -> Outcome:
        inputs = self._prepare()
        node, context, hooks = self._node, self._context, self.call.node_class.traits.hooks
        if "validate_config" in hooks:
            await _settle(node.validate_config(node.config), in_loop=in_loop)
        if "pre_execute" in hooks:
            await _settle(node.pre_execute(context), in_loop=in_loop)
        self.cancel.raise_if_requested()
        result = await _settle(node.invoke(context, inputs), in_loop=in_loop)
        contract = find_contract(self.call.node_class)
        outputs = take_by(contract, result)
        if "post_execute" in hooks:
            told = ExecutionResult(outputs=outputs)
            await _settle(node.post_execute(context, told), in_loop=in_loop)
        return self._complete(contract, outputs)

    def _prepare(self) -> Mapping[str, Any]:
        """Make the node and its context; return its inputs, each as its connector takes it."""
        call = self.call
        self._node = node = call.node_class.create(call.config)
        inputs = convert_inputs(call) if call.conversions else call.inputs
        traits = call.node_class.traits
        # Nobody sees the context of a node that neither takes it nor has hooks: that saves 3 µs.
        is_seen = traits.takes_context or traits.hooks
        self._context = self._make_context(node, inputs) if is_seen else NO_CONTEXT
        return inputs

    def _complete(self, contract: Contract, outputs: Mapping[str, Any]) -> Outcome:
        previews, secret = {}, self.call.secret_outputs
        for name, value in outputs.items():
            is_secret = name in contract.secret or name in secret
            previews[name] = preview_value(value, secret=is_secret)
        return _make_outcome(outputs=outputs, previews=previews)

    def _make_context(self, node: Any, inputs: Mapping[str, Any]) -> ExecutionContext:
        call = self.call
        return ExecutionContext(
            run_id=call.run_id,
            node_id=call.node_id,
            attempt=call.attempt,
            inputs=inputs,
            config=node.config,
            parameters=call.parameters,
            cancel=self.cancel,
            reporter=self.output,
            folder=call.artifacts,
            ends_at=None if call.timeout is None else self._monotonic() + call.timeout,
            monotonic=self._monotonic,
        )

    async def _fail(self, error: BaseException, *, in_loop: bool) -> Outcome:
        is_ordinary = isinstance(error, Exception) and self._context is not None
        if is_ordinary and "on_error" in self.call.node_class.traits.hooks:
            try:
                await _settle(self._node.on_error(self._context, error), in_loop=in_loop)
            except BaseException as second:  # noqa: BLE001 - the first error is the one to tell
                self.output.wrote("WARNING", f"on_error failed: {type(second).__name__}: {second}")
        return self._describe(error)

    def _describe(self, error: BaseException) -> Outcome:
        if self.cancel.requested:
            # Nobody asks why; and an interrupt on its way must not come while the code's files are read.
            return Outcome(cancelled=True)
        own_file = _find_file(self.call.node_class)
        trim_traceback(error, own_file=own_file)
        fact = describe_exception(
            error, node_id=self.call.node_id, attempt=self.call.attempt, own_file=own_file
        )
        broke_contract = isinstance(error, ContractError)
        if self.call.secret_outputs and self.call.node_class.passes_values:
            # Built-in nodes quote the value that they cannot handle.
            fact = replace(fact, message=_HIDDEN, traceback="")
            return Outcome(error=fact, broke_contract=broke_contract)
        return Outcome(error=fact, exception=error, broke_contract=broke_contract)


_HIDDEN = "(not shown, since a secret entered this node)"
NO_CONTEXT = ExecutionContext()
_make_outcome = make_quick(Outcome)


def convert_inputs(call: NodeCall) -> dict[str, Any]:
    """Return the inputs, each turned into what its connector takes.

    Raises:
        ContractError: `contract.input`, naming the input, what it takes and what came.
    """
    inputs = dict(call.inputs)
    for name, conversions in call.conversions.items():
        connector = call.node_class.spec.connector(name, Direction.INPUT)
        if connector is not None and connector.cardinality is Cardinality.MANY:
            pairs = zip(inputs[name], conversions, strict=True)
            inputs[name] = [_convert(call, name, value, each) for value, each in pairs]
        else:
            inputs[name] = _convert(call, name, inputs[name], conversions[0])
    return inputs


def _convert(call: NodeCall, name: str, value: Any, conversion: Conversion | None) -> Any:
    if conversion is None:
        return value
    try:
        return coerce(value, conversion.sources, conversion.targets)
    except ContractError as error:
        raise ContractError(
            f"{call.node_id}.{name} cannot take what came: {error.reason}",
            code="contract.input",
            connector=name,
            expected=" or ".join(conversion.targets),
            got=type(value).__name__,
            suggestion=error.suggestion,
        ) from None


def _unwrap(error: BaseException) -> BaseException:
    """Return the node's own StopIteration where the coroutine around the node turned it into another."""
    cause = error.__cause__
    is_turned = type(error) is RuntimeError and isinstance(cause, StopIteration)
    return cause if is_turned and cause is not None else error


def _find_file(node_class: type) -> str:
    """Return the file of the user's module; a built-in node's frames are none of the user's."""
    if node_class.__module__.startswith("dagy_nb.nodes."):
        return ""
    module = sys.modules.get(node_class.__module__)
    return getattr(module, "__file__", None) or ""


async def _settle(value: Any, *, in_loop: bool) -> Any:
    if not hasattr(type(value), "__await__"):
        return value
    return await value if in_loop else asyncio.run(_wrap(value))


async def _wrap(value: Any) -> Any:
    return await value


def _drive(coroutine: Coroutine[Any, Any, Outcome]) -> Outcome:
    try:
        coroutine.send(None)
    except StopIteration as done:
        outcome: Outcome = done.value
        return outcome
    raise RuntimeError("a body without a loop must not wait for one")
