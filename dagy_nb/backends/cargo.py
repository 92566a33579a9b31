"""A run in, buffers that another process can carry it on from out; and what comes back of it in the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import BackendError
from dagy_nb.runners.worker.codec import Buffer, pack, unpack

if TYPE_CHECKING:
    from dagy_nb.abc import Submission
    from dagy_nb.engine.plan import Plan

_ROUGH = 4_000
"""Letters of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedRun:
    """A run on its way.

    Attributes:
        plan: What is carried through, node classes included.
        thread_slots: How many bodies run in threads at a time.
        process_slots: How many run in processes; None for one a processor.
        dask: Address of a Dask scheduler for its nodes; empty for none.
    """

    plan: Plan
    thread_slots: int
    process_slots: int | None = None
    dask: str = ""
    parent_run_id: str = ""
    backend: str = ""


@dataclass(frozen=True, slots=True)
class CancelRequest:
    """What was asked of a run on its way.

    Attributes:
        node_id: A node; empty for the whole run.
        by: Who asks.
        run_id: The run inside a node that is meant; empty for the carried one.
    """

    node_id: str
    by: str
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class Harvest:
    """What comes back of a run that was carried through.

    Attributes:
        outputs: `node.output` → packed value.
        exceptions: Node id → packed exception, of those that can travel.
    """

    outputs: Mapping[str, list[Buffer]] = field(default_factory=dict)
    exceptions: Mapping[str, list[Buffer]] = field(default_factory=dict)


def pack_run(submission: Submission, *, parent_run_id: str, dask: str = "") -> list[Buffer]:
    """Pack a run.

    Raises:
        BackendError: `backend.unpicklable`, naming the node.
    """
    settings = submission.settings
    run = CarriedRun(
        plan=submission.plan,
        thread_slots=settings.thread_slots,
        process_slots=getattr(settings, "process_slots", None),
        dask=dask,
        parent_run_id=parent_run_id,
        backend=submission.backend,
    )
    try:
        return pack(run)
    except Exception as error:
        raise BackendError(
            f"{_name_culprit(submission.plan)} cannot go to another process: "
            f"{type(error).__name__}: {error}"[:_ROUGH],
            code="backend.unpicklable",
            suggestion="Make what it holds inside `execute`, or run the flow with backend='kernel'.",
        ) from error


def unpack_run(buffers: list[Buffer]) -> CarriedRun:
    """Return what `pack_run` packed."""
    run: CarriedRun = unpack(buffers)
    return run


def unpack_values(packed: Mapping[str, list[Buffer]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return name → value, and name → why it cannot be read, of what came back."""
    values: dict[str, Any] = {}
    lost: dict[str, str] = {}
    for name, buffers in packed.items():
        try:
            values[name] = unpack(buffers)
        except Exception as error:  # noqa: BLE001 - reading a pickle imports what it names
            lost[name] = f"{type(error).__name__}: {error}"
    return values, lost


def _name_culprit(plan: Plan) -> str:
    for step in plan.steps:
        try:
            pack(step)
        except Exception:  # noqa: BLE001 - as above
            return f"The node {step.node_id} ({step.spec.type})"
    return f"The run of flow {plan.flow}"
