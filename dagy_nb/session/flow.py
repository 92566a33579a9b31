"""A flow's name, text or version in, the draft that a user edits, checks, runs and publishes out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from dagy_nb.flowfile.read import read_flow
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.flow import FlowSpec, FlowVersion
from dagy_nb.session.current import current_session
from dagy_nb.session.draft import Draft
from dagy_nb.session.drawn import begin_draft, find_newest
from dagy_nb.session.entries import build_spec
from dagy_nb.session.parameters import read_declarations
from dagy_nb.session.running import RunnableFlow
from dagy_nb.session.subflow import register_subflow

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode
    from dagy_nb.session.session import Session


class Flow(RunnableFlow):
    """The one mutable draft of a flow; publishing makes an immutable version.

    Shown at the end of a cell it is the graph editor. Where a flow of this name is open here, or was drawn in
    the editor by an earlier kernel, the new one takes its place and undo leads back; `Flow.load(name)` goes
    on with that one.

    Args:
        name: The flow's name; letters, digits and `_`.
        parameters: Name → default, or name → `{"type": …, "default": …, "description": …}`.
        description: Free text.
        failure_policy: `continue`, `stop` or `isolate`.
        timeout: Limit in seconds of a whole run.
        node_timeout: Limit in seconds for nodes that name none.
        backend: Where its runs go: `kernel`, `dask`, `papermill`; None leaves that to rules and settings.
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
        backend: str | None = None,
        session: Session | None = None,
    ) -> None:
        spec = build_spec(
            name=name,
            parameters=read_declarations({} if parameters is None else parameters),
            description=description,
            failure_policy=failure_policy,
            timeout=timeout,
            node_timeout=node_timeout,
            backend=backend,
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
        """Return the draft that is open in this kernel, or one made from what is recorded.

        Args:
            name: The flow.
            version: A published or recorded version, as a draft beside the open one; None takes the
                open draft, else the newest of all versions and, but for a notebook that runs by itself
                (`DAGY_STATIC`), of what was drawn in the editor.
            session: Where to look; the current one by default.

        Raises:
            UnknownName: `unknown.flow`, `unknown.flow_version`.
        """
        session = session or current_session()
        if version is not None:
            spec = session.store.flow_version(str(name), version).spec
            loaded = cls.__new__(cls)
            loaded._begin(spec, session, beside=True)  # noqa: SLF001 - its own constructor
            return loaded
        opened = session.flows.get(name)
        if isinstance(opened, cls):
            return opened
        return cls.from_spec(find_newest(session, str(name)), session=session)

    def _begin(self, spec: FlowSpec, session: Session, *, beside: bool = False) -> None:
        # Looking at an old version does not put away the draft that is being worked on.
        super().__init__(session, Draft(spec) if beside else begin_draft(session, spec))
        if beside:
            session.flows.setdefault(spec.name, self)
        else:
            session.flows[spec.name] = self

    def as_node(self, name: str, *, label: str = "", category: str = "Sub-flows") -> type[FlowNode]:
        """Register a node type that runs this flow as it is now inside one node, and return it.

        Its inputs are the flow's open required inputs, its outputs those of the flow's last nodes, its
        config are the flow's parameters. A name that several of them have is made longer: `node_connector`.

        Args:
            name: Of the node type; letters, digits and `_`.
            label: Shown to people.
            category: Palette group.

        Raises:
            FlowError: `flow.node_name`, `flow.recursive`.
            CheckFailed: The flow has other errors than open inputs.
            NameTaken: Another origin defines this node type.

        Example:
            >>> Clean = flow.as_node("Clean")  # doctest: +SKIP
            >>> other.add("Clean", id="clean", minutes=15)  # doctest: +SKIP
        """
        return register_subflow(self.session, self.spec, name, label=label, category=category)

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
