"""Facts about versions in, flow versions with their numbers out: pure.

A version of a flow is its content: the same content has one number for ever, however often it runs or
is published. Publishing decides the number under the store's lock and writes it into the fact itself.
Content that merely ran gets its number from whoever folds first; that number is a fact of the journal
too (`number_content`), so folding everything anew gives every version the number it had.

The *head* of a flow is what was published last; of a flow that was never published, the highest number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import ConflictError, StoreError, UnknownName
from dagy_nb.model.event import FlowVersionSeen, NodeVersionSeen
from dagy_nb.model.flow import FlowSpec, FlowVersion
from dagy_nb.model.frozen import FrozenMap, thaw
from dagy_nb.model.nearest import suggest_names
from dagy_nb.store.fold import round_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from dagy_nb.model.event import Event


_MICROSECOND = 0.000_001


@dataclass(slots=True, kw_only=True)
class FlowContent:
    """One content of one flow: a version, once it has its number.

    Attributes:
        version: 0 until it is numbered.
        created_at: When this content was first seen.
        published_at: When it was published last; None where it only ran.
    """

    flow: str
    content_hash: str
    version: int = 0
    spec: Mapping[str, Any] = field(default_factory=dict)
    node_versions: Mapping[str, str] = field(default_factory=dict)
    author: str = ""
    reason: str = ""
    created_at: float = 0.0
    published_at: float | None = None

    def freeze(self) -> FlowVersion:
        """Return the immutable version.

        Raises:
            StoreError: `store.unreadable_flow` where the recorded flow is none.
        """
        try:
            spec = FlowSpec.model_validate(thaw(self.spec))
        except ValueError as error:
            raise StoreError(
                f"Version {self.version} of flow {self.flow!r} cannot be read: {error}",
                code="store.unreadable_flow",
                suggestion="Publish the flow again.",
            ) from error
        return FlowVersion(
            flow=self.flow,
            version=self.version,
            content_hash=self.content_hash,
            spec=spec,
            node_versions=FrozenMap(self.node_versions),
            author=self.author,
            reason=self.reason,
            created_at=self.created_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeContent:
    """One version of one node type; `spec` is the `NodeSpec` as JSON."""

    node_type: str
    version: str
    spec: Mapping[str, Any]
    seen_at: float


class VersionFold:
    """Folds facts about versions; the order in which they arrive does not matter."""

    def __init__(self) -> None:
        self._contents: dict[tuple[str, str], FlowContent] = {}
        self._nodes: dict[tuple[str, str], NodeContent] = {}
        self.touched_contents: set[tuple[str, str]] = set()
        self.touched_nodes: set[tuple[str, str]] = set()

    def apply(self, event: Event) -> None:
        """Take in one fact; those about other things are let through."""
        if isinstance(event, FlowVersionSeen):
            self._see_flow(event)
        elif isinstance(event, NodeVersionSeen):
            self._see_node(event)

    def adopt(self, contents: Iterable[FlowContent], nodes: Iterable[NodeContent] = ()) -> None:
        """Take over what was folded before."""
        self._contents.update({(each.flow, each.content_hash): each for each in contents})
        self._nodes.update({(each.node_type, each.version): each for each in nodes})

    def content(self, flow: str, content_hash: str) -> FlowContent | None:
        """Return what is known of one content."""
        return self._contents.get((flow, content_hash))

    def contents(self, flow: str | None = None) -> list[FlowContent]:
        """Return the numbered contents of one flow or all, the highest number first."""
        found = [
            each
            for each in self._contents.values()
            if each.version and (flow is None or each.flow == flow)
        ]
        return sorted(found, key=lambda each: (each.flow, -each.version))

    def nodes(self) -> list[NodeContent]:
        """Return all node versions."""
        return list(self._nodes.values())

    def node(self, node_type: str, version: str) -> NodeContent:
        """Return one version of a node type; raises KeyError."""
        return self._nodes[node_type, version]

    def head(self, flow: str) -> FlowContent | None:
        """Return what was published last, else the highest number, else None."""
        contents = self.contents(flow)
        published = [each for each in contents if each.published_at is not None]
        if published:
            return max(published, key=lambda each: (each.published_at or 0.0, each.version))
        return contents[0] if contents else None

    def unnumbered(self) -> list[FlowContent]:
        """Return the contents without a number, the first seen first."""
        found = [each for each in self._contents.values() if not each.version]
        return sorted(found, key=lambda each: (each.created_at, each.flow, each.content_hash))

    def _see_flow(self, event: FlowVersionSeen) -> None:
        key = (event.flow, event.content_hash)
        at = round_time(event.at)
        self.touched_contents.add(key)
        known = self._contents.get(key)
        if known is None:
            known = self._contents[key] = FlowContent(
                flow=event.flow, content_hash=event.content_hash, created_at=at
            )
        known.spec = known.spec or event.spec
        if event.version:
            known.version = min(known.version or event.version, event.version)
        if event.published:
            if known.published_at is None or known.published_at <= at:
                known.published_at = at
                known.author, known.reason = event.author, event.reason
                known.node_versions = event.node_versions
        elif known.published_at is None and at <= known.created_at:
            known.node_versions = event.node_versions or known.node_versions
        known.created_at = min(known.created_at, at)

    def _see_node(self, event: NodeVersionSeen) -> None:
        key = (event.node_type, event.version)
        at = round_time(event.at)
        known = self._nodes.get(key)
        if known is None or at < known.seen_at:
            self.touched_nodes.add(key)
            self._nodes[key] = NodeContent(
                node_type=event.node_type,
                version=event.version,
                spec=event.spec,
                seen_at=at,
            )


def number_content(versions: VersionFold) -> Iterator[FlowVersionSeen]:
    """Yield the facts that give each content which only ran its number, and fold them."""
    for content in versions.unnumbered():
        fact = FlowVersionSeen(
            at=content.created_at,
            flow=content.flow,
            content_hash=content.content_hash,
            version=_next_number(versions, content.flow),
        )
        versions.apply(fact)
        yield fact


def foresee_numbers(versions: VersionFold) -> dict[tuple[str, str], int]:
    """Return the numbers which the next fold will give to what has none yet; changes nothing.

    They are those it gives unless a fact of an earlier moment is still to come.
    """
    last: dict[str, int] = {}
    found = {}
    for content in versions.unnumbered():
        number = last.get(content.flow) or _next_number(versions, content.flow)
        found[content.flow, content.content_hash] = number
        last[content.flow] = number + 1
    return found


def decide_publish(
    versions: VersionFold,
    spec: FlowSpec,
    *,
    at: float,
    node_versions: Mapping[str, str],
    expected: int | None,
    author: str,
    reason: str,
) -> FlowVersionSeen:
    """Return the fact that publishes a flow, after comparing what the caller knows.

    Args:
        versions: All versions until now, everything numbered.
        spec: The flow.
        at: Now.
        node_versions: Node type → version.
        expected: The published version the caller built on: 0 for none, None does not compare.
        author: Who.
        reason: Why.

    Raises:
        ConflictError: Somebody published another version first.
    """
    head = versions.head(spec.name)
    published = head.version if head is not None and head.published_at is not None else 0
    if expected is not None and expected != published:
        raise ConflictError(
            f"Flow {spec.name!r} is at version {published} by now, not at {expected}.",
            suggestion="Load the newest version, repeat your change on it and publish again.",
        )
    known = versions.content(spec.name, spec.content_hash)
    last = head.published_at if head and head.published_at is not None else 0.0
    return FlowVersionSeen(
        at=max(at, last + _MICROSECOND),  # whatever the clocks say, this one is later
        flow=spec.name,
        content_hash=spec.content_hash,
        spec=spec.model_dump(mode="json"),
        node_versions=dict(node_versions),
        published=True,
        version=known.version if known else _next_number(versions, spec.name),
        previous=published,
        author=author,
        reason=reason,
    )


def find_version(versions: VersionFold, flow: str, version: int | None) -> FlowVersion:
    """Return one version of a flow, or its head.

    Raises:
        UnknownName: `unknown.flow`, `unknown.flow_version`.
    """
    contents = versions.contents(flow)
    if not contents:
        known = sorted({each.flow for each in versions.contents()})
        raise UnknownName(
            f"No version of a flow {flow!r} was recorded.",
            code="unknown.flow",
            suggestion=suggest_names(flow, known, what="recorded flows"),
        )
    if version is None:
        head = versions.head(flow)
        assert head is not None
        return head.freeze()
    for content in contents:
        if content.version == version:
            return content.freeze()
    raise UnknownName(
        f"Flow {flow!r} has no version {version}.",
        code="unknown.flow_version",
        suggestion=f"It has the versions 1 to {contents[0].version}.",
    )


def list_versions(versions: VersionFold, flow: str | None) -> list[FlowVersion]:
    """Return the versions of one flow, newest first, or the head of every flow, by name."""
    if flow is not None:
        return [each.freeze() for each in versions.contents(flow)]
    names = sorted({each.flow for each in versions.contents()})
    heads = [versions.head(name) for name in names]
    return [each.freeze() for each in heads if each is not None]


def _next_number(versions: VersionFold, flow: str) -> int:
    return max((each.version for each in versions.contents(flow)), default=0) + 1
