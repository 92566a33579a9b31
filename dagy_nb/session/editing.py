"""What a user does to a flow's draft in, its next revision or a refusal out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagy_nb.errors import ConflictError, UnknownName
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
from dagy_nb.model.flow import FlowSpec, NodeEntry, Position
from dagy_nb.model.nearest import suggest_names
from dagy_nb.nodes.base import FlowNode
from dagy_nb.session.entries import (
    OPTIONS,
    build_entry,
    build_fields,
    make_id,
    merge_config,
    parse_edge,
)
from dagy_nb.session.guard import name_type, refuse_edit
from dagy_nb.session.parameters import read_declarations

if TYPE_CHECKING:
    from dagy_nb.session.draft import Draft
    from dagy_nb.session.session import Session


class EditableFlow:
    """The edits of a draft.

    Attributes:
        session: Whose node types it may use.
        draft: The flow with its revisions.
    """

    session: Session
    draft: Draft

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
            **values: More config values by keyword; `label`, `timeout`, `runner`, `retries`, `retry`,
                `trigger`, `memory_mb` and `disabled` are options of the node instead.

        Raises:
            UnknownName: `unknown.node_type`.
            ConfigError: `config.invalid`, `config.not_plain`, naming each field.
            FlowError: `edit.node_taken`, `flow.node_invalid`, `flow.no_node`, `flow.retry_code`.
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
            **changes: description, parameters, failure_policy, timeout, node_timeout, backend.

        Raises:
            FlowError: `flow.invalid`, `parameter.invalid`.
        """
        if "parameters" in changes:
            changes["parameters"] = read_declarations(changes["parameters"])
        self._edit_by(lambda spec: [build_fields(spec, changes)])

    def replace(self, spec: FlowSpec) -> None:
        """Put another description of this flow in place; undo leads back."""
        # By their text too: 1, 1.0 and True are equal, and not the same.
        if spec != self.spec or spec.content_hash != self.spec.content_hash:
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
