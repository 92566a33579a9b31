"""A journal and how far it was read in, the facts since then out: through all segments, packed ones too."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dagy_nb.store.packs import SUFFIX as PACKED
from dagy_nb.store.packs import BrokenPack, list_packed
from dagy_nb.store.scan import (
    Damage,
    Fact,
    Found,
    SegmentState,
    is_segment_over,
    read_packed,
    read_segment,
)
from dagy_nb.store.segment import writer_of
from dagy_nb.store.trouble import explain_reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dagy_nb.store.place import Place

_log = logging.getLogger(__name__)

BUDGET = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """What one look into the journal brought."""

    facts: list[Fact]
    damages: list[Damage]
    states: dict[str, SegmentState]

    def __bool__(self) -> bool:
        return bool(self.states)


class Tail:
    """Reads on where it stopped, through all segments of a store.

    Args:
        place: The store's folder.
        states: How far each segment was read before.
        packs: The packs that were read whole.
    """

    def __init__(
        self,
        place: Place,
        states: Mapping[str, SegmentState] | None = None,
        packs: Iterable[str] = (),
    ) -> None:
        self._place = place
        self.states = dict(states or {})
        self._packs = set(packs)
        self.is_caught_up = False

    def read(self, budget: int = BUDGET) -> Batch:
        """Return what was appended since the last time, of at most about `budget` bytes.

        Afterwards `is_caught_up` says whether that was all.
        """
        batch = Batch([], [], {})
        self.is_caught_up = False
        seen: set[str] = set()
        while True:
            names, packs = list_journal(self._place)
            for pack in packs:
                if pack not in self._packs:
                    budget -= self._read_pack(pack, batch, seen, budget, names)
                    if budget <= 0:
                        return batch
            names = [name for name in names if name not in seen]
            if not names:
                self._miss_segments(seen, batch)
                self.is_caught_up = True
                return batch
            for name in names:
                seen.add(name)
                budget -= self._read_segment(name, batch, budget)
                if budget <= 0:
                    return batch
            # A process that goes on in a new segment shows it before it lets go of the old one: so
            # one more look finds it, and a process whose segments all ended is really dead. The same
            # look finds the pack of a segment that went into one just now.

    def living_writers(self) -> set[str]:
        """Return the writers that may still append; only sure when everything was read."""
        return {state.writer for state in self.states.values() if not state.is_complete}

    def _miss_segments(self, seen: set[str], batch: Batch) -> None:
        """Count segments that somebody deleted as ended: nobody can append to them."""
        for name, state in self.states.items():
            if name not in seen and not state.is_complete:
                self.states[name] = batch.states[name] = replace(state, is_complete=True)

    def _read_segment(self, name: str, batch: Batch, budget: int) -> int:
        state = self._state_of(name)
        if state.is_complete:
            return 0
        path = self._place.journal / name
        is_over = is_segment_over(path, state)
        found = read_segment(path, state, is_over=is_over, limit=budget)
        return self._keep(state, found, batch)

    def _keep(self, before: SegmentState, found: Found, batch: Batch) -> int:
        after, facts, damages = found
        if after != before:
            self.states[after.name] = batch.states[after.name] = after
            batch.facts.extend(facts)
            batch.damages.extend(damages)
        return after.position - before.position

    def _state_of(self, name: str) -> SegmentState:
        return self.states.get(name) or SegmentState(name=name, writer=writer_of(name) or "")

    def _read_pack(
        self, pack: str, batch: Batch, seen: set[str], budget: int, files: Sequence[str]
    ) -> int:
        """Read what is not read yet of the segments in a pack, and remember that they are there.

        The pack counts as read when all its segments were, and none is a file of its own any more.
        """
        path = self._place.journal / pack
        read = 0
        try:
            names = list_packed(path)
            for name in names:
                seen.add(name)
                state = self._state_of(name)
                read += self._keep(state, read_packed(path, state, budget - read), batch)
                if read >= budget:
                    return read
            is_whole = all(self.states[name].is_complete for name in names)
            if is_whole and not set(names) & set(files):
                self._mark_read(pack, batch)
        except FileNotFoundError:  # somebody removed it just now
            pass
        except OSError as error:
            raise explain_reading(error, path) from error
        except BrokenPack as error:
            _log.warning("A pack of old records cannot be read: %s", error)
            self._mark_read(pack, batch, Damage(pack, 0, path.stat().st_size, "pack"))
        return read

    def _mark_read(self, pack: str, batch: Batch, *damages: Damage) -> None:
        """Let the pack have a state of its own, which says that all of it was read."""
        self.states[pack] = batch.states[pack] = SegmentState(
            name=pack, writer="", is_complete=True, damages=len(damages), pack=pack
        )
        batch.damages.extend(damages)
        self._packs.add(pack)


def list_segments(place: Place) -> list[str]:
    """Return the names of the segments that are files of their own, the oldest first.

    Raises:
        StoreError: `store.unreadable`.
    """
    return list_journal(place)[0]


def list_journal(place: Place) -> tuple[list[str], list[str]]:
    """Return the names of the segments that are files of their own and of the packs, oldest first.

    Raises:
        StoreError: `store.unreadable`.
    """
    try:
        names = sorted(entry.name for entry in place.journal.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return [], []
    except OSError as error:
        raise explain_reading(error, place.journal) from error
    segments = [name for name in names if writer_of(name) is not None]
    packs = [name for name in names if name.endswith(PACKED) and not name.startswith(".")]
    return segments, packs
