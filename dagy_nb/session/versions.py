"""Flows about to run in, each version of theirs and of their node types recorded once out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from dagy_nb.errors import StoreError
from dagy_nb.model.event import Event, FlowVersionSeen, NodeVersionSeen

if TYPE_CHECKING:
    from dagy_nb.abc import Clock, Store
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.model.spec import NodeSpec

_LOG = logging.getLogger(__name__)


class VersionLog:
    """Knows which versions this process has recorded.

    Args:
        store: Where they go.
        clock: Where times come from.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recorded: set[str] = set()
        self._losses = 0

    def record(self, flow: FlowSpec, specs: Mapping[str, NodeSpec]) -> None:
        """Record the versions that are not recorded yet.

        A store that takes nothing keeps no run from starting: the run itself warns of it, and the
        next run offers the versions again.

        Args:
            flow: The flow.
            specs: Node type → spec, of the types in the flow.
        """
        self._forget_lost()
        fresh = {
            key: describe for key, describe in self._list(flow, specs) if key not in self._recorded
        }
        try:
            self._store.append(*(describe() for describe in fresh.values()))
        except StoreError as error:
            _LOG.info("The version of flow %s is not recorded: %s", flow.name, error)
        else:
            self._recorded.update(fresh)

    def _forget_lost(self) -> None:
        """Begin anew where somebody removed the records, as by `rm -rf .dagy` beside a living kernel."""
        count = getattr(self._store, "count_losses", None)
        losses = count() if count is not None else 0
        if losses != self._losses:
            self._losses = losses
            self._recorded.clear()

    def _list(
        self, flow: FlowSpec, specs: Mapping[str, NodeSpec]
    ) -> Iterator[tuple[str, Callable[[], Event]]]:
        for spec in specs.values():
            yield f"node {spec.type} {spec.version}", partial(self._describe_node, spec)
        content = flow.content_hash
        yield f"flow {flow.name} {content}", partial(self._describe_flow, flow, content, specs)

    def _describe_node(self, spec: NodeSpec) -> Event:
        return NodeVersionSeen(
            at=self._clock.now(),
            node_type=spec.type,
            version=spec.version,
            spec=spec.model_dump(mode="json"),
        )

    def _describe_flow(
        self, flow: FlowSpec, content_hash: str, specs: Mapping[str, NodeSpec]
    ) -> Event:
        return FlowVersionSeen(
            at=self._clock.now(),
            flow=flow.name,
            content_hash=content_hash,
            spec=flow.model_dump(mode="json"),
            node_versions=pin_versions(specs),
        )


def pin_versions(specs: Mapping[str, NodeSpec]) -> dict[str, str]:
    """Return node type → version."""
    return {name: spec.version for name, spec in specs.items()}
