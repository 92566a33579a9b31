"""A batch of the journal in, the rows it changes out; in memory, over what was folded before.

The same projection serves the fold into the base (one per transaction) and the live tail of a view (one
per snapshot), so both always agree.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dagy_nb.model.event import LogWritten
from dagy_nb.store import rows as write
from dagy_nb.store.fold import RunFold
from dagy_nb.store.paging import keep_last
from dagy_nb.store.scan import Damage
from dagy_nb.store.versions import VersionFold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dagy_nb.store.scan import Fact, SegmentState
    from dagy_nb.store.tail import Batch

Row = dict[str, Any]


class Projection:
    """Folds batches and keeps what they changed.

    Attributes:
        runs: The runs that facts were about, and those adopted.
        versions: All versions.
        states: How far each segment was read, of those that were read on.
    """

    def __init__(self) -> None:
        self.runs = RunFold()
        self.versions = VersionFold()
        self.states: dict[str, SegmentState] = {}
        self._facts: list[Fact] = []
        self._logs: list[tuple[Fact, LogWritten]] = []
        self._audits: list[Row] = []
        self._damages: list[Damage] = []

    def __len__(self) -> int:
        return len(self._facts) + len(self._logs)

    def list_unknown_runs(self, batch: Batch) -> set[str]:
        """Return the runs that a batch is about and that are not here yet: adopt them first."""
        return {
            fact.event.run_id
            for fact in batch.facts
            if fact.event.run_id
            and fact.event.run_id not in self.runs
            and not isinstance(fact.event, LogWritten)
        }

    def apply(self, batch: Batch) -> None:
        """Fold a batch."""
        self.states.update(batch.states)
        self._damages.extend(batch.damages)
        for fact in batch.facts:
            try:
                self._apply_fact(fact)
            except (TypeError, ValueError, AttributeError):  # values of a wrong shape
                self._damages.append(Damage(fact.segment, fact.position, 0, "malformed"))

    def logs(self, run_id: str, last: int | None = None) -> list[Row]:
        """Return the rows of a run's log; only so many of the last ones of each node."""
        found = [each for each in self._logs if each[1].run_id == run_id]
        kept = keep_last(found, last, lambda each: each[1].node_id)
        return [write.write_log(fact, event) for fact, event in kept]

    def facts(self, run_id: str) -> Iterable[Fact]:
        """Return the facts about a run, its log left out."""
        return (fact for fact in self._facts if fact.event.run_id == run_id)

    def rows(self) -> dict[str, list[Row]]:
        """Return every row that the batches changed or added, by table."""
        made: dict[str, list[Row]] = {
            "events": [write.write_event(fact) for fact in self._facts],
            "logs": [write.write_log(fact, event) for fact, event in self._logs],
            "audit": self._audits,
            "damage": [write.write_damage(damage) for damage in self._damages],
            "segments": [write.write_segment(state) for state in self.states.values()],
            "flow_versions": self._write_contents(),
            "node_versions": [
                write.write_node_version(self.versions.node(*key))
                for key in self.versions.touched_nodes
            ],
            "runs": [],
            "node_runs": [],
            "cell_runs": [],
        }
        for run_id in sorted(self.runs.touched):
            run = self.runs.run(run_id)
            if run.is_rumour:
                continue
            made["runs"].append(write.write_run(run, self.number(run.flow, run.flow_hash)))
            nodes = sorted(run.touched_nodes, key=lambda node_id: run.nodes[node_id].place)
            made["node_runs"] += [write.write_node(run, node_id) for node_id in nodes]
            made["cell_runs"] += [write.write_cell(run, each) for each in sorted(run.touched_cells)]
        return made

    def number(self, flow: str, content_hash: str) -> int:
        """Return the number of a flow's content, 0 where it has none yet."""
        content = self.versions.content(flow, content_hash)
        return content.version if content else 0

    def _apply_fact(self, fact: Fact) -> None:
        event = fact.event
        if isinstance(event, LogWritten):
            self._logs.append((fact, event))
            return
        self._facts.append(fact)
        self.runs.apply(event, writer=fact.writer)
        self.versions.apply(event)
        audit = write.write_audit(fact)
        if audit is not None:
            self._audits.append(audit)

    def _write_contents(self) -> list[Row]:
        contents = (self.versions.content(*key) for key in self.versions.touched_contents)
        return [write.write_content(each) for each in contents if each is not None]
