"""Segments and how far each was read in, the facts since then out.

Only whole lines are read. What a dead process left unfinished at the end of its segment, and lines whose
checksum does not fit, are counted as damage and passed by.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from dagy_nb.errors import StoreError
from dagy_nb.model.event import JOURNAL_VERSION, Event, decode
from dagy_nb.store.line import parse_body, read_body
from dagy_nb.store.liveness import Origin, is_gone, is_held
from dagy_nb.store.segment import HEADER_KIND, Header, read_header, writer_of
from dagy_nb.store.trouble import explain_reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from dagy_nb.store.place import Place

CHUNK = 1024 * 1024
BUDGET = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact with its place in the journal and its values as they were written."""

    event: Event
    data: Mapping[str, Any]
    segment: str
    position: int
    writer: str


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that cannot be read: `checksum`, `malformed`, `unknown` or `torn`."""

    segment: str
    position: int
    length: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentState:
    """How far a segment was read.

    Attributes:
        name: Of the segment.
        writer: Who writes it.
        position: The first byte not yet read.
        is_complete: Its process is dead and everything was read: it is never opened again.
        header: Its first line, or None where that was not read or is damaged.
        last_at: The latest time of its facts.
        facts: How many were read.
        damages: How many lines could not be read.
    """

    name: str
    writer: str
    position: int = 0
    is_complete: bool = False
    header: Header | None = None
    last_at: float = 0.0
    facts: int = 0
    damages: int = 0


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
    """

    def __init__(self, place: Place, states: Mapping[str, SegmentState] | None = None) -> None:
        self._place = place
        self.states = dict(states or {})
        self.is_caught_up = False

    def read(self, budget: int = BUDGET) -> Batch:
        """Return what was appended since the last time, of at most about `budget` bytes.

        Afterwards `is_caught_up` says whether that was all.
        """
        batch = Batch([], [], {})
        self.is_caught_up = False
        seen: set[str] = set()
        while True:
            names = [name for name in list_segments(self._place) if name not in seen]
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
            # one more look finds it, and a process whose segments all ended is really dead.

    def living_writers(self) -> set[str]:
        """Return the writers that may still append; only sure when everything was read."""
        return {state.writer for state in self.states.values() if not state.is_complete}

    def _miss_segments(self, seen: set[str], batch: Batch) -> None:
        """Count segments that somebody deleted as ended: nobody can append to them."""
        for name, state in self.states.items():
            if name not in seen and not state.is_complete:
                self.states[name] = batch.states[name] = replace(state, is_complete=True)

    def _read_segment(self, name: str, batch: Batch, budget: int) -> int:
        state = self.states.get(name) or SegmentState(name=name, writer=writer_of(name) or "")
        if state.is_complete:
            return 0
        path = self._place.journal / name
        is_over = is_segment_over(path, state)
        after, facts, damages = read_segment(path, state, is_over=is_over, limit=budget)
        if after != state:
            self.states[name] = batch.states[name] = after
            batch.facts.extend(facts)
            batch.damages.extend(damages)
        return after.position - state.position


def list_segments(place: Place) -> list[str]:
    """Return the names of all segments, the oldest first.

    Raises:
        StoreError: `store.unreadable`.
    """
    try:
        names = [entry.name for entry in place.journal.iterdir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise explain_reading(error, place.journal) from error
    return sorted(name for name in names if writer_of(name) is not None)


def is_segment_over(path: Path, state: SegmentState) -> bool:
    """Whether nobody will append to a segment any more."""
    if not is_held(path):
        return True
    origin = state.header.origin if state.header else _peek_origin(path)
    return origin is not None and is_gone(origin)


def read_segment(
    path: Path, state: SegmentState, *, is_over: bool, limit: int = BUDGET
) -> tuple[SegmentState, list[Fact], list[Damage]]:
    """Read on in one segment.

    Args:
        path: The segment.
        state: How far it was read.
        is_over: Nobody appends to it any more, so what is left at its end is torn.
        limit: About how many bytes to read at the most.

    Returns:
        How far it was read now, its facts and its damages. A segment in a newer format is left alone.

    Raises:
        StoreError: `store.unreadable`.
    """
    reading = _Reading(state)
    at_end = False
    try:
        with path.open("rb") as file:
            while not at_end and reading.position < state.position + limit:
                chunk, at_end = _read_chunk(file, reading.position, is_over=is_over)
                reading.read_lines(chunk)
                if reading.is_newer:
                    return replace(state, header=reading.header), [], []
    except FileNotFoundError:
        at_end = True
    except OSError as error:
        raise explain_reading(error, path) from error
    return reading.finish(is_complete=is_over and at_end), reading.facts, reading.damages


class _Reading:
    """One look into one segment."""

    def __init__(self, state: SegmentState) -> None:
        self._state = state
        self.position = state.position
        self.header = state.header
        self.last_at = state.last_at
        self.facts: list[Fact] = []
        self.damages: list[Damage] = []

    @property
    def is_newer(self) -> bool:
        return self.header is not None and self.header.version > JOURNAL_VERSION

    def read_lines(self, chunk: bytes) -> None:
        for line in io.BytesIO(chunk):  # `splitlines` would also split at other line ends
            self._read_line(line)
            self.position += len(line)

    def finish(self, *, is_complete: bool) -> SegmentState:
        return replace(
            self._state,
            position=self.position,
            is_complete=is_complete,
            header=self.header,
            last_at=self.last_at,
            facts=self._state.facts + len(self.facts),
            damages=self._state.damages + len(self.damages),
        )

    def _read_line(self, line: bytes) -> None:
        body = read_body(line.removesuffix(b"\n"))
        if body is None:
            self._count_damage(line, "checksum" if line.endswith(b"\n") else "torn")
            return
        try:
            data = parse_body(body)
            if data.get("kind") == HEADER_KIND:
                self.header = read_header(data)
            else:
                self._keep(decode(data), data)
        except StoreError:
            self._count_damage(line, "unknown")
        except (TypeError, ValueError, KeyError, AttributeError):
            self._count_damage(line, "malformed")

    def _keep(self, event: Event, data: Mapping[str, Any]) -> None:
        state = self._state
        self.last_at = max(self.last_at, event.at)
        self.facts.append(Fact(event, data, state.name, self.position, state.writer))

    def _count_damage(self, line: bytes, what: str) -> None:
        self.damages.append(Damage(self._state.name, self.position, len(line), what))


def _read_chunk(file: BinaryIO, position: int, *, is_over: bool) -> tuple[bytes, bool]:
    """Return whole lines from `position` on, and whether nothing more can be read now."""
    size = CHUNK
    while True:
        file.seek(position)
        chunk = file.read(size)
        at_end = len(chunk) < size
        if at_end and is_over:
            return chunk, True
        whole = chunk.rfind(b"\n") + 1
        if whole or at_end:
            return chunk[:whole], at_end
        size *= 2  # one line longer than a chunk


def _peek_origin(path: Path) -> Origin | None:
    state = SegmentState(name=path.name, writer="")
    try:
        with path.open("rb") as file:
            reading = _Reading(state)
            reading.read_lines(file.readline(CHUNK))
    except OSError:
        return None
    return reading.header.origin if reading.header else None
