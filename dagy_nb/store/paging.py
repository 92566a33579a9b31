"""Records in, pages of runs newest first with a cursor out, a run by part of its id, last lines of logs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dagy_nb.abc import Page
from dagy_nb.errors import StoreError, UnknownName
from dagy_nb.model.nearest import suggest_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dagy_nb.model.record import RunRecord
    from dagy_nb.store.unfinished import UnfinishedRun

Item = TypeVar("Item")
SHORTEST_PREFIX = 4
LARGEST_PAGE = 1000


class PageKey(NamedTuple):
    """The place of a run in the list of all: larger is newer."""

    micros: int
    run_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunChoice:
    """Which runs a list shows: see `dagy_nb.abc.Store.runs`."""

    flow: str | None = None
    state: str | None = None
    kind: str | None = None
    parent: str | None = None
    nested: bool = False

    def fits(self, run: RunRecord | UnfinishedRun) -> bool:
        """Whether the list shows this run."""
        return (
            self.flow in {None, run.flow}
            and self.state in {None, run.state}
            and self.kind in {None, run.kind}
            and self._has_place(run)
        )

    def _has_place(self, run: RunRecord | UnfinishedRun) -> bool:
        if self.parent is not None:
            return run.parent_run_id == self.parent
        return self.nested or not run.parent_node_id


def key_of(run: RunRecord) -> PageKey:
    """Return the place of a run: by the time it was queued, then by id."""
    at = run.queued_at if run.queued_at is not None else run.started_at
    return PageKey(round((at or 0.0) * 1_000_000), run.run_id)


def write_cursor(key: PageKey) -> str:
    """Return the text that asks for what comes after this place."""
    return f"{key.micros}~{key.run_id}"


def read_cursor(text: str) -> PageKey:
    """Return the place that a cursor names.

    Raises:
        StoreError: `store.cursor`.
    """
    micros, _, run_id = text.partition("~")
    if not run_id or not micros.lstrip("-").isdigit():
        raise StoreError(
            f"{text!r} is no cursor of a page of runs.",
            code="store.cursor",
            suggestion="Pass `next_cursor` of the page before.",
        )
    return PageKey(int(micros), run_id)


def make_page(runs: Iterable[RunRecord], *, limit: int, cursor: str | None) -> Page:
    """Return the page after `cursor` of runs in any order; more than one page may be given."""
    after = read_cursor(cursor) if cursor else None
    limit = limit_page(limit)
    ordered = sorted(runs, key=key_of, reverse=True)
    fitting = [run for run in ordered if after is None or key_of(run) < after]
    shown = fitting[:limit]
    more = len(fitting) > limit
    return Page(tuple(shown), write_cursor(key_of(shown[-1])) if more and shown else None)


def limit_page(limit: int) -> int:
    """Return how many runs a page may have."""
    return max(1, min(limit, LARGEST_PAGE))


def pick_run(asked: str, found: Mapping[str, bool], known: Mapping[str, str]) -> str:
    """Return the one run id that `asked` means: an id, or the beginning of just one.

    A run inside a node of another one is meant by the beginning of its id only where no other is.

    Args:
        asked: What the user gave.
        found: The ids that begin with it → whether it is such a run.
        known: Other ids → the flow of each, for the suggestion.

    Raises:
        UnknownName: `unknown.run`.
    """
    if asked in found:
        return asked
    meant = sorted(each for each, nested in found.items() if not nested) or sorted(found)
    if len(asked) >= SHORTEST_PREFIX and len(meant) == 1:
        return meant[0]
    if len(asked) >= SHORTEST_PREFIX and meant:
        raise UnknownName(
            f"{len(meant)} runs begin with {asked!r}.",
            code="unknown.run",
            suggestion=f"Give more of the id, such as `{meant[0]}`.",
        )
    newest = max((run_id for run_id, flow in known.items() if flow == asked), default="")
    near = suggest_names(asked, known, what="newest runs" if known else "runs here")
    raise UnknownName(
        f"No run {asked!r} was recorded.",
        code="unknown.run",
        suggestion=f"{asked} is a flow: its newest run is `{newest}`." if newest else near,
    )


def merge_requests(node_ids: Sequence[str]) -> Sequence[str] | None:
    """Return what requests to cancel ask for together: one for the whole run covers the others."""
    if not node_ids:
        return None
    return () if "" in node_ids else tuple(dict.fromkeys(node_ids))


def keep_last(items: Sequence[Item], last: int | None, name: Callable[[Item], str]) -> list[Item]:
    """Return of all items of one name only so many of the last ones; all where `last` is None."""
    if last is None:
        return list(items)
    seen: Counter[str] = Counter()
    kept = []
    for each in reversed(items):
        seen[name(each)] += 1
        if seen[name(each)] <= last:
            kept.append(each)
    return kept[::-1]
