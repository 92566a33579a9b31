"""What a user writes in, a flow's draft, its checks and its runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import ConflictError, UnknownName
from dagy_nb.flowfile.read import read_flow
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.edit import (
    AddNode,
    Connect,
    Disconnect,
    Edit,
    RemoveNode,
    ReplaceFlow,
    SetConfig,
    SetOptions,
    find_node,
)
from dagy_nb.model.flow import FlowSpec, FlowVersion, NodeEntry, Position
from dagy_nb.model.nearest import suggest_names
from dagy_nb.nodes.base import FlowNode
from dagy_nb.session.current import current_session
from dagy_nb.session.draft import Draft
from dagy_nb.session.entries import (
    OPTIONS,
    build_entry,
    build_fields,
    build_spec,
    make_id,
    merge_config,
    parse_edge,
)
from dagy_nb.session.guard import name_type, refuse_edit
from dagy_nb.session.parameters import read_declarations
from dagy_nb.session.session import Session

if TYPE_CHECKING:
    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.session.handle import RunHandle

_LOG = logging.getLogger(__name__)


class Flow:
    """The one mutable draft of a flow; publishing makes an immutable version.

    Shown at the end of a cell it is the graph editor.

    Args:
        name: The flow's name; letters, digits and `_`.
        parameters: Name → default, or name → `{"type": …, "default": …, "description": …}`.
        description: Free text.
        failure_policy: `continue`, `stop` or `isolate`.
        timeout: Limit in seconds of a whole run.
        node_timeout: Limit in seconds for nodes that name none.
        session: Where it runs and is recorded; the current one by default.

    Raises:
        FlowError: `flow.invalid`, `parameter.invalid`.

    Example:
        >>> flow = Flow("delays", parameters={"month": 1})  # doctest: +SKIP
        >>> flow.add(LoadFlights, id="flights", month=flow.param("month"))  # doctest: +SKIP
        >>> flow.add("late", minutes=30, timeout=5)  # doctest: +SKIP
        >>> flow.connect("flights.table", "late.flights")  # doctest: +SKIP
        >>> run = flow.run(month=2).wait()  # doctest: +SKIP
    """

    def __init__(
        self,
        name: str,
        *,
        parameters: Mapping[str, Any] | None = None,
        description: str = "",
        failure_policy: str = "continue",
        timeout: float | None = None,
        node_timeout: float | None = None,
        session: Session | None = None,
    ) -> None:
        spec = build_spec(
            name=name,
            parameters=read_declarations({} if parameters is None else parameters),
            description=description,
            failure_policy=failure_policy,
            timeout=timeout,
            node_timeout=node_timeout,
        )
        self._begin(spec, session or current_session())

    @classmethod
    def from_spec(cls, spec: FlowSpec, *, session: Session | None = None) -> Flow:
        """Return a draft that begins with `spec`."""
        flow = cls.__new__(cls)
        flow._begin(spec, session or current_session())  # noqa: SLF001 - its own constructor
        return flow

    @classmethod
    def from_yaml(
        cls, text: str, *, name: str | None = None, session: Session | None = None
    ) -> Flow:
        """Return a draft read from flow text; nothing of the text is executed.

        Args:
            text: YAML as `to_yaml` writes it.
            name: The flow's name where the text has none.
            session: Where it runs; the current one by default.

        Raises:
            FlowTextError: With line, column, code and suggestion.
        """
        return cls.from_spec(read_flow(text, name=name), session=session)

    @classmethod
    def load(cls, name: str, version: int | None = None, *, session: Session | None = None) -> Flow:
        """Return the draft that is open in this kernel, or one made from a recorded version.

        Args:
            name: The flow.
            version: A published or recorded version, as a draft beside the open one; None takes the
                open draft, else the newest version.
            session: Where to look; the current one by default.

        Raises:
            UnknownName: `unknown.flow`, `unknown.flow_version`.
        """
        session = session or current_session()
        opened = session.flows.get(name)
        if version is None and isinstance(opened, cls):
            return opened
        loaded = cls.from_spec(session.store.flow_version(str(name), version).spec, session=session)
        if isinstance(opened, cls):
            # Looking at an old version does not put away the draft that is being worked on.
            session.flows[name] = opened
        return loaded

    def _begin(self, spec: FlowSpec, session: Session) -> None:
        self.session = session
        self.draft = Draft(spec)
        self.runs: list[RunHandle] = []
        self._run_watchers: list[Callable[[RunHandle], None]] = []
        session.flows[spec.name] = self

    @property
    def name(self) -> str:
        """The flow's name."""
        return self.spec.name

    @property
    def spec(self) -> FlowSpec:
        """The flow as it is now, frozen."""
        return self.draft.spec

    @property
    def revision(self) -> int:
        """Counts the changes of this draft."""
        return self.draft.revision

    @property
    def last_run(self) -> RunHandle | None:
        """The run that was started last, or None."""
        return self.runs[-1] if self.runs else None

    def param(self, name: str) -> str:
        """Return the expression which stands for a parameter in a node's config.

        Raises:
            UnknownName: `unknown.parameter`.
        """
        if self.spec.parameter(name) is None:
            known = [each.name for each in self.spec.parameters]
            raise UnknownName(
                f"Flow {self.name!r} has no parameter {name!r}.",
                code="unknown.parameter",
                suggestion=suggest_names(name, known, what="parameters"),
            )
        return f"${{params.{name}}}"

    def add(
        self,
        node: type[FlowNode] | str,
        /,
        *,
        id: str | None = None,
        config: Mapping[str, Any] | None = None,
        **values: Any,
    ) -> str:
        """Put a node into the flow and return its id.

        Args:
            node: A node class, a function node, or the name of a node type.
            id: Unique in the flow; made from the type's name by default.
            config: Config values.
            **values: More config values by keyword; `label`, `timeout`, `runner`, `retries` and
                `disabled` are options of the node instead.

        Raises:
            UnknownName: `unknown.node_type`.
            ConfigError: `config.invalid`, `config.not_plain`, naming each field.
            FlowError: `edit.node_taken`, `flow.node_invalid`, `flow.no_node`.
        """
        type_name = name_type(node, self.session)
        options = {key: values.pop(key) for key in OPTIONS & values.keys()}
        merged = merge_config(config, values)
        entries: list[NodeEntry] = []

        def decide(spec: FlowSpec) -> list[Edit]:
            made = build_entry(
                id=id or make_id(type_name, spec), type=type_name, config=merged, **options
            )
            self.session.refuse_config(type_name, made.id, made.config)
            entries.append(made)
            return [AddNode(node=made)]

        self._edit_by(decide)
        return entries[-1].id

    def connect(self, output: str, input: str) -> None:
        """Lead an output into an input: `flow.connect("flights.table", "late.flights")`.

        Raises:
            ConnectionRefused: With the code, reason and suggestion that the editor shows too.
        """
        self.edit([Connect(edge=parse_edge(f"{output} -> {input}"))])

    def disconnect(self, output: str, input: str) -> None:
        """Take an edge out.

        Raises:
            FlowError: `edit.unknown_edge`.
        """
        self.edit([Disconnect(edge=parse_edge(f"{output} -> {input}"))])

    def remove(self, node_id: str) -> None:
        """Take a node out, with its edges.

        Raises:
            FlowError: `edit.unknown_node`.
        """
        self.edit([RemoveNode(id=node_id)])

    def configure(self, node_id: str, /, **changes: Any) -> None:
        """Change config values and options of a node.

        Raises:
            FlowError: `edit.unknown_node`.
            ConfigError: `config.invalid`.
        """
        options = {key: changes.pop(key) for key in OPTIONS & changes.keys()}

        def decide(spec: FlowSpec) -> list[Edit]:
            entry = find_node(spec, node_id)
            config = {**entry.config, **changes}
            merged = build_entry(**{**dict(entry), "config": config, **options})
            self.session.refuse_config(entry.type, node_id, merged.config)
            kept = {key: getattr(merged, key) for key in OPTIONS}
            return [
                SetConfig(id=node_id, config=merged.config),
                SetOptions(id=node_id, **kept),
            ]

        self._edit_by(decide)

    def describe(self, **changes: Any) -> None:
        """Change fields of the flow itself.

        Args:
            **changes: description, parameters, failure_policy, timeout, node_timeout.

        Raises:
            FlowError: `flow.invalid`, `parameter.invalid`.
        """
        if "parameters" in changes:
            changes["parameters"] = read_declarations(changes["parameters"])
        self._edit_by(lambda spec: [build_fields(spec, changes)])

    def replace(self, spec: FlowSpec) -> None:
        """Put another description of this flow in place; undo leads back."""
        if spec != self.spec:
            self.draft.change([ReplaceFlow(flow=spec)])

    def edit(
        self,
        edits: Sequence[Edit],
        *,
        expected: int | None = None,
        positions: Mapping[str, Position] | None = None,
    ) -> int:
        """Apply edits, all or none, and return the new revision.

        Raises:
            ConflictError: `draft.stale` where `expected` is not the current revision.
            ConnectionRefused: An edge does not fit.
            UnknownName: `unknown.node_type`.
            FlowError: `edit.*`.
        """
        return self.draft.change(
            edits, expected=expected, positions=positions, check=self._check_edit
        )

    def undo(self) -> bool:
        """Take the last change back; return whether there was one."""
        return self.draft.undo()

    def redo(self) -> bool:
        """Do the last undone change again; return whether there was one."""
        return self.draft.redo()

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` after each change of the draft; return what ends that."""
        return self.draft.subscribe(callback)

    def check(self) -> list[Diagnostic]:
        """Return what would keep the flow from running, or might."""
        return self.session.check(self.spec)

    def run(
        self, /, *, timeout: float | None = None, runner: str | None = None, **parameters: Any
    ) -> RunHandle:
        """Start a run of the flow as it is now, and return at once.

        Args:
            timeout: Limit in seconds for the whole run; overrides the flow's own, 0 means none.
            runner: Where all bodies run, over what nodes and classes say.
            **parameters: Values of the flow's parameters.

        Raises:
            CheckFailed: `flow.check_failed`, with all diagnostics.
            FlowError: `parameter.unknown`, `parameter.type`, `parameter.missing`, `flow.no_runner`,
                `flow.timeout_invalid`.
        """
        return self.start(parameters, timeout=timeout, runner=runner)

    def start(
        self,
        parameters: Mapping[str, Any],
        *,
        timeout: float | None = None,
        runner: str | None = None,
    ) -> RunHandle:
        """As `run`, with the parameters in a mapping: so they may be named `timeout` or `runner`."""
        handle = self.session.start(self.spec, parameters, timeout=timeout, runner=runner)
        # Old runs hold their outputs: keep only what still runs, and the newest.
        with self.draft.lock:
            self.runs = [*(each for each in self.runs if not each.done), handle]
        for callback in tuple(self._run_watchers):
            try:
                callback(handle)
            except Exception:  # noqa: BLE001 - who watches must not take the handle from the caller
                _LOG.exception("A watcher of flow %s failed: %r", self.name, callback)
        return handle

    def watch_runs(self, callback: Callable[[RunHandle], None]) -> Callable[[], None]:
        """Call `callback` with the handle of each run that starts; return what ends that."""
        # Not `self`: who watches must not keep the flow alive.
        watchers = self._run_watchers
        watchers.append(callback)

        def unwatch() -> None:
            if callback in watchers:
                watchers.remove(callback)

        return unwatch

    def publish(self, reason: str = "", *, author: str = "") -> FlowVersion:
        """Make an immutable version of the flow as it is now.

        Raises:
            StoreError: The records cannot be written.
        """
        return self.session.publish(self.spec, author=author, reason=reason)

    def to_yaml(self) -> str:
        """Return the flow as text; `Flow.from_yaml` reads it back without loss."""
        return write_flow(self.spec)

    def __repr__(self) -> str:
        return f"<Flow {self.name}: {len(self.spec.nodes)} nodes, {len(self.spec.edges)} edges>"

    def _edit_by(self, decide: Callable[[FlowSpec], list[Edit]]) -> None:
        """Apply what `decide` makes of the flow; where another thread was faster, let it decide anew.

        Not done under the draft's lock: subscribers are told of the edit without it.
        """
        while True:
            with self.draft.lock:
                spec, revision = self.draft.spec, self.draft.revision
            try:
                self.edit(decide(spec), expected=revision)
            except ConflictError:
                continue
            return

    def _check_edit(self, spec: FlowSpec, edit: Edit) -> None:
        refuse_edit(spec, edit, self.session.registry.snapshot().specs)
