"""The nodes' wishes for attempts, memory and their start in, findings about those without effect out."""

from __future__ import annotations

from collections.abc import Iterator

from dagy_nb.checks.codes import find
from dagy_nb.checks.outline import FlowOutline
from dagy_nb.model.diagnostic import Diagnostic
from dagy_nb.model.flow import NodeEntry
from dagy_nb.model.retry import RetrySpec, Trigger
from dagy_nb.model.spec import NodeSpec, RunnerName

_AT_ONCE = RetrySpec()
_UNBOUND = frozenset({RunnerName.INLINE, RunnerName.THREAD})


def refuse_retries(spec: NodeSpec) -> str:
    """Return why a node of this type is never tried again by itself; empty where it may be."""
    if spec.side_effects:
        return f"{spec.type} has side effects"
    if not spec.safe_to_retry:
        return f"{spec.type} is not safe to retry"
    return ""


def check_attempts(outline: FlowOutline) -> Iterator[Diagnostic]:
    """Yield what is asked for and will not be: further attempts, limits of memory, triggers."""
    for node in outline.flow.nodes:
        if node.trigger is not Trigger.ALL_SUCCESS and node.id not in outline.fed:
            yield _describe_trigger(node)
        spec = outline.specs.get(node.type)
        if spec is not None:
            yield from _check_retries(node, spec)
            yield from _check_memory(node, spec)


def _describe_trigger(node: NodeEntry) -> Diagnostic:
    return find(
        "trigger.unused",
        f"{node.id} starts at once: nothing leads into it, so {node.trigger} has nothing to wait for.",
        "Lead an edge into it, or take the trigger away.",
        node=node.id,
        field="trigger",
    )


def _check_retries(node: NodeEntry, spec: NodeSpec) -> Iterator[Diagnostic]:
    asked = spec.retries if node.retries is None else node.retries
    refused = refuse_retries(spec)
    if asked and refused:
        yield find(
            "retries.refused",
            f"{node.id} will not be tried again: {refused}.",
            "Set retries to 0, or declare side_effects = False or safe_to_retry = True in "
            f"{spec.type} if a second attempt does no harm.",
            node=node.id,
            field="retries",
        )
    elif not asked and node.retry is not None and node.retry != _AT_ONCE:
        yield find(
            "retries.none",
            f"It is said how {node.id} is tried again, but not how often: retries is 0.",
            f"Set retries of {node.id}, such as 3.",
            node=node.id,
            field="retries",
        )


def _check_memory(node: NodeEntry, spec: NodeSpec) -> Iterator[Diagnostic]:
    limit = spec.memory_mb if node.memory_mb is None else node.memory_mb
    runner = node.runner or spec.own_runner
    if limit is not None and runner in _UNBOUND:
        yield find(
            "memory.not_held",
            f"The memory limit of {node.id} is not held: the runner {runner} has no process of its own.",
            "Use the runner process, or take the limit away.",
            node=node.id,
            field="memory_mb",
        )
