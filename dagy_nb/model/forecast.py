"""What a run would do, node by node, said before it runs (D12): frozen answers as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from dagy_nb.model.state import Why


class Action(StrEnum):
    """What would become of a node.

    Attributes:
        RUN: It runs.
        REUSE: The outputs of an earlier run are taken.
        MAYBE: A node before it runs; if that one's outputs turn out the same, they are taken.
        SKIP: It does not run, and has no outputs: it is disabled, or its branch is not taken.
    """

    RUN = "run"
    REUSE = "reuse"
    MAYBE = "maybe"
    SKIP = "skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeForecast:
    """What would become of one node.

    Attributes:
        node_id: Of the flow's node.
        action: What would become of it.
        why: Why it runs, or may run; None where it is reused, skipped, or reuse was not asked for.
        detail: The same in a few words: `config field minutes: 15 → 30`; may be empty.
        from_run: The run whose outputs are taken; empty where none is known.
        seconds: How long it took when it last ran; None where that is not known.
    """

    node_id: str
    action: Action
    why: Why | None = None
    detail: str = ""
    from_run: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run of a flow would do.

    Attributes:
        flow: The flow's name.
        nodes: Node id → what would become of it, in the order of the plan.
        reuse: Whether reuse was asked for; without it, every node runs.
        force: Ids of nodes that were to run whatever is kept.
    """

    flow: str
    nodes: Mapping[str, NodeForecast] = field(default_factory=dict)
    reuse: bool = True
    force: frozenset[str] = frozenset()
