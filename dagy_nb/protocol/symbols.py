"""Names of states and icons in, strokes on a grid of 16 by 16 and words out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from dagy_nb.protocol.picture import NodeStatus

Tone = Literal["waiting", "running", "retrying", "good", "bad", "stopped", "skipped"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a state looks: word, colour and symbol go together."""

    word: str
    tone: Tone
    strokes: str


_CIRCLE = "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2Z"
LOOKS: Mapping[str, Look] = {
    "PENDING": Look("Waiting", "waiting", f"{_CIRCLE}M8 4.8V8l2.2 1.5"),
    "QUEUED": Look("Queued", "waiting", f"{_CIRCLE}M8 4.8V8l2.2 1.5"),
    "RUNNING": Look("Running", "running", "M13.8 8A5.8 5.8 0 1 1 8 2.2"),
    "RETRYING": Look("Retrying", "retrying", "M13.5 3v3.5H10M13.2 6.5A5.5 5.5 0 1 0 13.5 9"),
    "COMPLETED": Look("Completed", "good", "m3 8.5 3.3 3.3L13 4.8"),
    "FAILED": Look("Failed", "bad", "m4 4 8 8M12 4l-8 8"),
    "TIMED_OUT": Look(
        "Timed out",
        "bad",
        "M4 2.5h8M4 13.5h8M5 2.5v2.3L8 8l3-3.2V2.5M5 13.5v-2.3L8 8l3 3.2v2.3",
    ),
    "CANCELLED": Look("Cancelled", "stopped", f"{_CIRCLE}M6 6h4v4H6z"),
    "SKIPPED": Look("Skipped", "skipped", "M3 4v8l5-4zM9.5 4v8M12.5 4v8"),
}

# States of which their reason makes another thing.
REASONED: Mapping[str, Look] = {
    "up_to_date": Look("Reused", "good", "M2.5 3h11v3h-11zM3.5 6v7.5h9V6M6 9.5l1.5 1.5 2.7-2.8"),
    "branch_not_taken": Look(
        "Not taken",
        "skipped",
        "M2.5 8h4l4-4h3M6.5 8l4 4h3M11.8 2.3 13.5 4l-1.7 1.7M11.8 10.3l1.7 1.7-1.7 1.7",
    ),
    "crashed": Look("Crashed", "bad", "m4 4 8 8M12 4l-8 8"),
}
OUT_OF_MEMORY = "runner.out_of_memory"

REASONS: Mapping[str, str] = {
    "raised": "it raised an error",
    "contract": "its output breaks the contract",
    "crashed": "its worker process died",
    "upstream_failed": "an earlier node failed",
    "branch_not_taken": "the branch was not taken",
    "disabled": "it is disabled",
    "up_to_date": "nothing changed, its outputs were taken from an earlier run",
}

WARNING = "M8 2.3 14.3 13.5H1.7zM8 6.5v3.3M8 11.6v.2"
ERROR = f"{_CIRCLE}M8 5v3.7M8 10.9v.2"
NOTE = f"{_CIRCLE}M8 7.3V11M8 4.8V5"

ICONS: Mapping[str, str] = {
    "table": "M2.5 3h11v10h-11zM2.5 6.3h11M2.5 9.6h11M6.5 6.3V13",
    "chart": "M2.5 2.5v11h11M5.5 11V8M8.5 11V5M11.5 11V6.5",
    "filter": "M2.5 3h11L9.3 8.3v4.2l-2.6 1V8.3z",
    "join": "M6 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM10 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
    "branch": "M2.5 8h4l4-4h3M6.5 8l4 4h3M11.8 2.3 13.5 4l-1.7 1.7M11.8 10.3l1.7 1.7-1.7 1.7",
    "merge": "M2.5 4h3l4 4h4M2.5 12h3l4-4M11.8 6.3 13.5 8l-1.7 1.7",
    "map": "M2 8h3M5 8l3-4.5h1.5M5 8h4.5M5 8l3 4.5h1.5M12 2h2v3h-2zM12 6.5h2v3h-2zM12 11h2v3h-2z",
    "shield": "M8 2 13 4v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM5.8 8l1.6 1.6L10.3 6.6",
    "convert": "M2.5 5.5h10M10 3l2.5 2.5L10 8M13.5 10.5h-10M6 8l-2.5 2.5L6 13",
    "graph": "M2.5 6h3.5v4H2.5zM10 2.5h3.5v4H10zM10 9.5h3.5v4H10zM6 8h2M10 4.5H8v7h2",
    "file": "M4 2h5l3.5 3.5V14H4zM9 2v3.5h3.5",
    "code": "m5.5 4.5-3.5 3.5 3.5 3.5M10.5 4.5 14 8l-3.5 3.5M9 3 7 13",
    "clock": f"{_CIRCLE}M8 4.8V8l2.2 1.5",
    "globe": f"{_CIRCLE}M2 8h12M8 2c-4 4-4 8 0 12M8 2c4 4 4 8 0 12",
    "database": "M3 4c0-2.3 10-2.3 10 0v8c0 2.3-10 2.3-10 0zM3 4c0 2.3 10 2.3 10 0M3 8c0 2.3 10 2.3 10 0",
    "text": "M3 3.5h10M8 3.5V13M6 13h4",
    "number": "M6.3 2.5 5 13.5M11 2.5 9.7 13.5M2.8 6h10.7M2.5 10h10.7",
    "list": "M6 4h7.5M6 8h7.5M6 12h7.5M2.7 4H3M2.7 8H3M2.7 12H3",
    "sum": "M12.5 4.5v-2h-9L8 8l-4.5 5.5h9v-2",
    "split": "M8 2.5V6L3.5 10v3.5M8 6l4.5 4v3.5M2 12l1.5 1.5L5 12M11 12l1.5 1.5L14 12",
    "sort": "M4.5 3v10M2.5 11l2 2 2-2M9 4h4.5M9 8h3.5M9 12h2",
    "play": "M5 3.2v9.6l8-4.8z",
    "mail": "M2 3.5h12v9H2zM2 4l6 5 6-5",
    "key": "M5 8a2.7 2.7 0 1 0 0 5.4A2.7 2.7 0 0 0 5 8ZM7 8.8l5.5-5.5M10.5 5.3l2 2",
    "image": "M2.5 3h11v10h-11zM2.5 11 6 7.5l3 3 2-2 2.5 2.5M10.5 5.7h.2",
    "flask": "M6.3 2.5v4L2.8 13h10.4L9.7 6.5v-4M5.3 2.5h5.4M4.7 9.5h6.6",
    "calendar": "M2.5 3.5h11v10h-11zM2.5 6.5h11M5.5 2v3M10.5 2v3",
    "function": "M11.5 3.2C9.5 2.3 8.7 3.3 8.3 5L7 11c-.4 1.7-1.2 2.5-3 1.8M5.5 7h5",
    "box": "M8 2 13.5 5v6L8 14l-5.5-3V5zM2.5 5 8 8l5.5-3M8 8v6",
}


def look_at(state: str) -> Look:
    """Return how a state of a node or run looks."""
    return LOOKS.get(state) or Look(state.replace("_", " ").lower(), "waiting", NOTE)


def look_at_node(status: NodeStatus) -> Look:
    """Return how a node's state looks, with what its reason makes of it."""
    if status.error_code == OUT_OF_MEMORY:
        return Look("Out of memory", "bad", LOOKS["FAILED"].strokes)
    return REASONED.get(status.reason) or look_at(status.state)


def word_status(status: NodeStatus) -> str:
    """Return what stands on a card about its run: the state and, in short, why."""
    word = look_at_node(status).word
    return f"{word} (attempt {status.attempts})" if status.attempts > 1 else word


def word_reason(status: NodeStatus) -> str:
    """Return why a node failed or was skipped, as words; empty without a reason."""
    return REASONS.get(status.reason, status.reason.replace("_", " "))


def word_duration(seconds: float) -> str:
    """Return a span of time in words: `40 ms`, `3.2 s`, `1 min 05 s`, `2 h 03 min`."""
    if seconds < 0.1:
        return f"{round(seconds * 1000)} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
