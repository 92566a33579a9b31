"""One segment and how far it was read in, the facts since then out.

Only whole lines are read. What a dead process left unfinished at the end of its segment, and lines whose
checksum does not fit, are counted as damage and passed by.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any, TypeAlias

from dagy_nb.errors import StoreError
from dagy_nb.model.event import JOURNAL_VERSION, Event, NodesReused, decode, encode
from dagy_nb.store.line import parse_body, read_body
from dagy_nb.store.liveness import Origin, is_gone, is_held
from dagy_nb.store.packs import BrokenPack, open_packed, save_packed
from dagy_nb.store.segment import HEADER_KIND, Header, read_header
from dagy_nb.store.trouble import explain_reading

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CHUNK = 1024 * 1024


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
    """Bytes that cannot be read: `checksum`, `malformed`, `unknown`, `torn`; `pack` for a whole pack."""

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
        pack: The pack it is in; empty where it is a file of its own.
    """

    name: str
    writer: str
    position: int = 0
    is_complete: bool = False
    header: Header | None = None
    last_at: float = 0.0
    facts: int = 0
    damages: int = 0
    pack: str = ""


Found: TypeAlias = tuple[SegmentState, list[Fact], list[Damage]]
"""How far a segment was read, its facts and its damages."""


def is_segment_over(path: Path, state: SegmentState) -> bool:
    """Whether nobody will append to a segment any more."""
    if not is_held(path):
        return True
    origin = state.header.origin if state.header else _peek_origin(path)
    return origin is not None and is_gone(origin)


def read_segment(path: Path, state: SegmentState, *, is_over: bool, limit: int) -> Found:
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
    try:
        with path.open("rb") as file:
            return _read_file(file, state, is_over=is_over, limit=limit)
    except FileNotFoundError:  # deleted, or packed just now: the next look tells
        return state, [], []
    except OSError as error:
        raise explain_reading(error, path) from error


def read_packed(path: Path, state: SegmentState, limit: int) -> Found:
    """Read on in one segment of a pack.

    Raises:
        BrokenPack: The pack cannot be read at all; what is left of a broken segment is read.
        OSError: The file cannot be read.
    """
    if state.is_complete:
        return replace(state, pack=path.name), [], []
    try:
        with open_packed(path, state.name) as file:
            after, facts, damages = _read_file(file, state, is_over=True, limit=limit)
    except BrokenPack:
        data, lost = save_packed(path, state.name)
        rest = io.BytesIO(data)
        after, facts, damages = _read_file(rest, state, is_over=True, limit=len(data) + 1)
        if lost:
            damages.append(Damage(state.name, len(data), lost, "torn"))
            after = replace(after, damages=after.damages + 1)
    return replace(after, pack=path.name if after.is_complete else ""), facts, damages


def _read_file(file: IO[bytes], state: SegmentState, *, is_over: bool, limit: int) -> Found:
    reading = _Reading(state)
    at_end = False
    while not at_end and reading.position < state.position + limit:
        chunk, at_end = _read_chunk(file, reading.position, is_over=is_over)
        reading.read_lines(chunk)
        if reading.is_newer:
            return replace(state, header=reading.header), [], []
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
        if isinstance(event, NodesReused):
            # A line is longer than it has nodes, so each has a place of its own in it.
            self.facts += (
                Fact(each, encode(each), state.name, self.position + place, state.writer)
                for place, each in enumerate(event.split())
            )
        else:
            self.facts.append(Fact(event, data, state.name, self.position, state.writer))

    def _count_damage(self, line: bytes, what: str) -> None:
        self.damages.append(Damage(self._state.name, self.position, len(line), what))


def _read_chunk(file: IO[bytes], position: int, *, is_over: bool) -> tuple[bytes, bool]:
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
