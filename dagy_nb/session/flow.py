"""A flow's name, text or version in, the draft that a user edits, checks, runs and publishes out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.flowfile.read import read_flow
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.flow import FlowSpec, FlowVersion
from dagy_nb.session.current import current_session
from dagy_nb.session.draft import Draft
from dagy_nb.session.drawn import begin_draft, find_newest
from dagy_nb.session.editing import EditableFlow
from dagy_nb.session.entries import build_spec
from dagy_nb.session.keeping import ask_keeping
from dagy_nb.session.lineage import describe_resumed, merge_parameters
from dagy_nb.session.parameters import read_declarations
from dagy_nb.session.remarks import warn_of
from dagy_nb.session.subflow import register_subflow

if TYPE_CHECKING:
    from dagy_nb.backends.explanation import BackendExplanation
    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.nodes.base import FlowNode
    from dagy_nb.session.forecast import RunForecast
    from dagy_nb.session.handle import RunHandle
    from dagy_nb.session.session import Session

_LOG = logging.getLogger(__name__)


class Flow(EditableFlow):
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
        opened = session.flows.get(name)
        if version is None and isinstance(opened, cls):
            return opened
        if version is None:
            return cls.from_spec(find_newest(session, str(name)), session=session)
        loaded = cls.__new__(cls)
        spec = session.store.flow_version(str(name), version).spec
        loaded._begin(spec, session, beside=True)  # noqa: SLF001 - its own constructor
        return loaded

    def _begin(self, spec: FlowSpec, session: Session, *, beside: bool = False) -> None:
        self.session = session
        # Looking at an old version does not put away the draft that is being worked on.
        self.draft = Draft(spec) if beside else begin_draft(session, spec)
        self.runs: list[RunHandle] = []
        self._run_watchers: list[Callable[[RunHandle], None]] = []
        self._told: tuple[object, object] = (None, None)
        if beside:
            session.flows.setdefault(spec.name, self)
        else:
            session.flows[spec.name] = self

    @property
    def last_run(self) -> RunHandle | None:
        """The run that was started last, or None."""
        return self.runs[-1] if self.runs else None

    def check(self) -> list[Diagnostic]:
        """Return what would keep the flow from running, or might."""
        return self.session.check(self.spec)

    def run(
        self,
        /,
        *,
        timeout: float | None = None,
        runner: str | None = None,
        backend: str | None = None,
        reuse: bool = False,
        force: str | Iterable[str] = (),
        keep: bool = False,
        tap: bool = False,
        **parameters: Any,
    ) -> RunHandle:
        """Start a run of the flow as it is now, and return at once.

        What the check of the flow warns of is told by a `CheckWarning`, once until the flow or a node type
        changes; not in a notebook that runs by itself (`DAGY_STATIC`).

        Args:
            timeout: Limit in seconds for the whole run; overrides the flow's own, 0 means none.
            runner: Where all bodies run, over what nodes and classes say.
            backend: Where the whole run goes, over what the flow and all rules say.
            reuse: Where all that decides a node's outputs is as it was, take those that were kept.
            force: Ids of nodes that run all the same; what depends on them runs if they give other values.
            keep: Keep the outputs of every node, for later runs with `reuse` and for `resume`.
            tap: Keep the inputs of every node, for `replay`; those of nodes that fail are kept anyway.
            **parameters: Values of the flow's parameters.

        Raises:
            CheckFailed: `flow.check_failed`, with all diagnostics.
            FlowError: `parameter.unknown`, `parameter.type`, `parameter.missing`, `flow.no_runner`,
                `flow.timeout_invalid`.
            UnknownName: `unknown.backend`.
            UnknownName: `unknown.node` for a forced node.
            BackendError: `backend.*` where the run cannot go to its backend.
            CheckWarning: Where warnings are taken for errors.
        """
        self._warn()
        return self.start(
            parameters,
            timeout=timeout,
            runner=runner,
            backend=backend,
            keeping=ask_keeping(self.spec, reuse=reuse, force=force, keep=keep, tap=tap),
        )

    def start(
        self,
        parameters: Mapping[str, Any],
        *,
        timeout: float | None = None,
        runner: str | None = None,
        backend: str | None = None,
        keeping: Keeping = NOTHING,
    ) -> RunHandle:
        """As `run`, with the parameters in a mapping: so they may be named `timeout` or `runner`.

        Args:
            parameters: Name → value.
            timeout: As for `run`.
            runner: As for `run`.
            backend: As for `run`.
            keeping: What is taken from earlier runs and kept for later ones; see `ask_keeping`.
        """
        handle = self.session.start(
            self.spec,
            parameters,
            timeout=timeout,
            runner=runner,
            backend=backend,
            keeping=keeping,
        )
        # Old runs hold their outputs: keep only what still runs, and the newest.
        with self.draft.lock:
            self.runs = [*(each for each in self.runs if not each.done), handle]
        for callback in tuple(self._run_watchers):
            try:
                callback(handle)
            except Exception:  # noqa: BLE001 - who watches must not take the handle from the caller
                _LOG.exception("A watcher of flow %s failed: %r", self.name, callback)
        return handle

    def plan(
        self, /, *, reuse: bool = True, force: str | Iterable[str] = (), **parameters: Any
    ) -> RunForecast:
        """Return what a run of the flow as it is now would do, node by node, without running anything.

        Args:
            reuse: As for `run`.
            force: As for `run`.
            **parameters: Values of the flow's parameters.

        Raises:
            CheckFailed: `flow.check_failed`, with all diagnostics.
            FlowError: `parameter.*` where the parameters do not fit.
            UnknownName: `unknown.node` for a forced node.
            StoreError: `outputs.*` where what is kept cannot be read.

        Example:
            >>> flow.plan(month=2)  # doctest: +SKIP
            A run of delays would: 1 reuse, 2 run.
        """
        return self.forecast(parameters, reuse=reuse, force=force)

    def forecast(
        self,
        parameters: Mapping[str, Any],
        *,
        reuse: bool = True,
        force: str | Iterable[str] = (),
    ) -> RunForecast:
        """As `plan`, with the parameters in a mapping."""
        keeping = ask_keeping(self.spec, reuse=reuse, force=force)
        return self.session.forecast(self.spec, parameters, keeping)

    def resume(
        self, run_id: str, /, *, force: str | Iterable[str] = (), **parameters: Any
    ) -> RunHandle:
        """Go on with a run of this flow that did not complete, with the flow as it is now.

        Args:
            run_id: That run; the first characters are enough where they are its alone.
            force: Ids of nodes that run again although they completed, or may be half done.
            **parameters: Values of the flow's parameters, over those of that run.

        Raises:
            UnknownName: `unknown.run`, `unknown.node`.
            FlowError: `flow.not_resumable`, `flow.repeats_side_effects`, and whatever keeps the flow from
                running.
        """
        return self.go_on(run_id, parameters, force=force)

    def go_on(
        self, run_id: str, parameters: Mapping[str, Any], *, force: str | Iterable[str] = ()
    ) -> RunHandle:
        """As `resume`, with the parameters in a mapping."""
        store = self.session.store
        run = store.run(run_id)
        resumed = describe_resumed(store, run, self.name)
        values = merge_parameters(self.spec, run, parameters)
        return self.start(values, keeping=ask_keeping(self.spec, force=force, resumed=resumed))

    def use_backend(self, name: str | None) -> None:
        """Send the flow's runs to a backend, as `backend: NAME` in its text does; undo takes it back.

        Args:
            name: The backend; None leaves the choice to the rules and the setting.

        Raises:
            UnknownName: `unknown.backend`.
        """
        if name is not None:
            self.session.routing.backends.get(name)
        self.replace(self.spec.model_copy(update={"backend": name}))

    def explain_backend(
        self,
        backend: str | None = None,
        *,
        timeout: float | None = None,
        runner: str | None = None,
        reuse: bool = False,
    ) -> BackendExplanation:
        """Return where a run of the flow as it is now would go, and why; show it to read it.

        It says so of the parameters' defaults: others can change which nodes run inside nodes. To send runs
        elsewhere, name the backend in `run`, in `use_backend`, or in a rule.

        Args:
            backend: As for `run`.
            timeout: As for `run`.
            runner: As for `run`.
            reuse: As for `run`.

        Raises:
            UnknownName: `unknown.node_type`.
            FlowError: The flow cannot be planned, `flow.no_runner`, `flow.timeout_invalid`.
            SettingError: `setting.rules`.

        Example:
            >>> flow.explain_backend()  # doctest: +SKIP
            backend dask: Rule large: memory_mb 9,000 is > 8,000.
        """
        return self.session.explain_backend(
            self.spec, backend, timeout=timeout, runner=runner, reuse=reuse
        )

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

    def _warn(self) -> None:
        # Neither of them ever changes: other ones take their place.
        about = (self.spec, self.session.registry.snapshot())
        if self.session.settings.static or all(map(is_, about, self._told)):
            return
        warn_of(self.spec, self.check())
        self._told = about

    def __repr__(self) -> str:
        return f"<Flow {self.name}: {len(self.spec.nodes)} nodes, {len(self.spec.edges)} edges>"
