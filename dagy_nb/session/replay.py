"""A recorded node run in, its inputs and its error out again, here and now: the wire tap's other end."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagy_nb.abc import Conversion, NodeCall
from dagy_nb.engine.repeating import repeat_call
from dagy_nb.errors import DagyError, StoreError, UnknownName
from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.state import FAILED_STATES
from dagy_nb.nodes.base import FlowNode
from dagy_nb.nodes.bundle import CELLS
from dagy_nb.nodes.composite import CompositeNode
from dagy_nb.session.current import current_session
from dagy_nb.session.remarks import leave_out_own_frames

if TYPE_CHECKING:
    from dagy_nb.model.kept import KeptInputs
    from dagy_nb.model.record import RunRecord
    from dagy_nb.session.session import Session


class Replay:
    """One attempt of a node as it was recorded.

    Attributes:
        run_id: The run.
        node_id: The node.
        attempt: Which attempt, from 1.
        node: The node's class: the very version that ran if it is still defined here, else today's.
        is_same_code: Whether `node` is the version that ran.
        config: The node's config then, as plain values, without secrets.
        parameters: The run's parameters.
        left_out: Input → why its value is not kept.
        touched: Inputs that the node may have changed before they were kept.
    """

    def __init__(self, kept: KeptInputs, session: Session) -> None:
        self.run_id = kept.run_id
        self.node_id = kept.node_id
        self.attempt = kept.attempt
        self.node, self.is_same_code = _find_class(kept, session)
        self.config: dict[str, Any] = dict(kept.config)
        self.parameters: Mapping[str, Any] = dict(kept.parameters)
        self.left_out: dict[str, str] = dict(kept.left_out)
        self.touched = kept.touched
        self._kept = kept
        self._session = session
        self._inputs: dict[str, Any] | None = None

    @property
    def inputs(self) -> dict[str, Any]:
        """Input → the value that entered; a list where it takes many edges, None where it had none.

        Raises:
            StoreError: `outputs.gone`, `outputs.damaged`.
        """
        if self._inputs is None:
            self._inputs = dict(self._load())
        return self._inputs

    @property
    def digests(self) -> Mapping[str, tuple[str, ...]]:
        """Input → the hashes of what entered; empty texts where a value has none."""
        return {
            name: tuple(each.digest for each in values)
            for name, values in self._kept.inputs.items()
        }

    def run(self) -> dict[str, Any]:
        """Run the node's body here with these inputs and return its outputs.

        Nothing is caught or recorded, no limit holds: what it raised it raises again, and `%debug` after
        that stands in the node's own frame.

        Raises:
            StoreError: `outputs.left_out` where an input, or a secret of the config, is not kept;
                `outputs.gone`, `outputs.damaged`.
            DagyError: `node.needs_run` for a node that runs others: one of those can be replayed.
            BaseException: Whatever the node raises.
        """
        if issubclass(self.node, CompositeNode):
            raise DagyError(
                f"{self.node_id} runs other nodes inside itself, which only a run of a flow can do.",
                code="node.needs_run",
                suggestion=_tell_inside(self._session, self.run_id, self.node_id),
            )
        if self.left_out:
            told = "; ".join(f"{name}: {why}" for name, why in self.left_out.items())
            raise StoreError(
                f"Not every input of {self.node_id} is kept: {told}.",
                code="outputs.left_out",
                suggestion="Put the missing values into .inputs, clear .left_out, and run it again.",
            )
        missing = [name for name in self._kept.secret_config if name not in self.config]
        if missing:
            raise StoreError(
                f"The config field `{missing[0]}` of {self.node_id} is a secret, which is not kept.",
                code="outputs.left_out",
                suggestion=f"Set .config[{missing[0]!r}], and run it again.",
            )
        try:
            return repeat_call(self._make_call())
        except BaseException as error:  # noqa: BLE001 - the very same is raised again
            shown = leave_out_own_frames(error.__traceback__)
            raise error.with_traceback(shown)  # noqa: B904 - with its own cause

    def __repr__(self) -> str:
        lines = [
            f"{self.node_id} ({self._kept.node_type}) in run {self.run_id}, attempt {self.attempt}"
        ]
        for name, values in self._kept.inputs.items():
            size = sum(each.size for each in values)
            note = " (the node may have changed it)" if name in self.touched else ""
            lines.append(f"  input {name}: {size:,} bytes{note}")
        lines += [f"  input {name} is not kept: {why}" for name, why in self.left_out.items()]
        lines += [f"  config {name} is a secret: not kept" for name in self._kept.secret_config]
        if not self.is_same_code:
            lines.append(
                f"  version {self._kept.node_version} of its code is not defined here any more: "
                f".run() runs {self.node.spec.version}"
            )
        elif self._session.registry.snapshot().classes.get(self._kept.node_type) is not self.node:
            lines.append(
                f"  Its code has changed since: set .node = {self._kept.node_type} to run today's."
            )
        lines.append(
            "  .inputs, .config, .parameters, .node; .run() runs it again, %debug after that"
        )
        return "\n".join(lines)

    def _load(self) -> Iterator[tuple[str, Any]]:
        load = self._session.outputs.load
        for connector in self.node.spec.inputs:
            values = [load(each) for each in self._kept.inputs.get(connector.name, ())]
            if connector.cardinality is Cardinality.MANY:
                yield connector.name, values
            else:
                yield connector.name, values[0] if values else None

    def _make_call(self) -> NodeCall:
        return NodeCall(
            run_id=self.run_id,
            node_id=self.node_id,
            attempt=self.attempt,
            node_class=self.node,
            config=self.config,
            inputs=dict(self.inputs),
            parameters=self.parameters,
            artifacts=self._session.settings.home / "artifacts" / self.run_id,
            timeout=None,
            conversions={
                name: tuple(_read_conversion(each) for each in written)
                for name, written in self._kept.conversions.items()
            },
        )


def replay(
    run_id: str, node_id: str, attempt: int | None = None, *, session: Session | None = None
) -> Replay:
    """Return a recorded node run with its inputs, to be looked at and run again here.

    The inputs of nodes that failed are kept by themselves, also of those inside a Map or a sub-flow (up to
    100 for each), and those of all nodes of runs with `tap=True`.

    Args:
        run_id: The run; the first characters are enough where they are its alone.
        node_id: The node.
        attempt: Which attempt; the last one that is kept by default.
        session: Where it is recorded; the current one by default.

    Raises:
        UnknownName: `unknown.run`, `unknown.node`, `unknown.tap` where its inputs were not kept,
            `unknown.node_type` where its type is not defined here.

    Example:
        >>> seen = dagy_nb.replay("20261122-0612", "report")  # doctest: +SKIP
        >>> seen.inputs["flights"].shape  # doctest: +SKIP
        >>> seen.run()  # raises the same error; %debug after that  # doctest: +SKIP
    """
    session = session or current_session()
    run = session.store.run(str(run_id))
    if node_id not in run.nodes:
        raise UnknownName(
            f"Run {run.run_id} has no node {node_id!r}.",
            code="unknown.node",
            suggestion=suggest_names(node_id, run.nodes, what="nodes"),
        )
    taps = session.outputs.tapped(run.run_id, node_id)
    fitting = [each for each in taps if attempt in {None, each.attempt}]
    if not fitting:
        raise UnknownName(
            f"The inputs of {node_id} in run {run.run_id} are not kept.",
            code="unknown.tap",
            suggestion=_tell_where(run, node_id, taps),
        )
    return Replay(fitting[-1], session)


def _tell_where(run: RunRecord, node_id: str, taps: Sequence[KeptInputs]) -> str:
    """Return what to do where the inputs of a node are not kept."""
    if taps:
        kept = ", ".join(str(each.attempt) for each in taps)
        return f"Those of attempt {kept} are."
    if run.nodes[node_id].state in FAILED_STATES:
        return "They could not be kept, or made room for others since: run the flow once more."
    if run.parent_node_id:
        return "Of what runs inside a node, those of failed nodes are."
    return "Those of failed nodes are, and with flow.run(tap=True) those of all."


def _tell_inside(session: Session, run_id: str, node_id: str) -> str:
    """Return which failed nodes that a node ran inside itself can be replayed."""
    runs = session.store.runs(parent=run_id, nested=True).runs
    inside = [each.run_id for each in runs if each.parent_node_id == node_id]
    failed = [
        f"replay({each!r}, {name!r})"
        for each in inside
        for name, node in session.store.run(each).nodes.items()
        if node.state in FAILED_STATES
    ]
    if not failed:
        return "None of them failed; its .inputs are here."
    more = f" and {len(failed) - 1} more" if len(failed) > 1 else ""
    return f"Replay one that failed: {failed[0]}{more}."


def _find_class(kept: KeptInputs, session: Session) -> tuple[type[FlowNode], bool]:
    """Return the version of a node type that ran, if it is still in this process, else today's.

    Raises:
        UnknownName: `unknown.node_type`.
    """
    now = session.registry.snapshot().classes.get(kept.node_type)
    for found in (now, *_list_before(kept.node_type)):
        if found is not None and found.spec.version == kept.node_version:
            return found, True
    return now or session.registry.get(kept.node_type), False


def _list_before(name: str) -> Iterator[type[FlowNode]]:
    """Yield the node classes of a name that cells of this process defined, replaced ones too."""
    for place, module in list(sys.modules.items()):
        found = vars(module).get(name) if place.startswith(f"{CELLS}.") else None
        if isinstance(found, type) and issubclass(found, FlowNode) and "spec" in vars(found):
            yield found


def _read_conversion(written: Any) -> Conversion | None:
    if written is None:
        return None
    sources, targets = written
    return Conversion(sources=tuple(map(DataType, sources)), targets=tuple(map(DataType, targets)))
