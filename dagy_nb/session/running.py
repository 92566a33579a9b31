"""A flow's draft in, runs of it out: started, planned, gone on with, sent elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import TYPE_CHECKING, Any

from dagy_nb.engine.keeping import NOTHING, Keeping
from dagy_nb.errors import FlowError
from dagy_nb.model.nearest import find_nearest
from dagy_nb.session.editing import EditableFlow
from dagy_nb.session.keeping import ask_keeping
from dagy_nb.session.lineage import describe_resumed, merge_parameters
from dagy_nb.session.remarks import warn_of

if TYPE_CHECKING:
    from dagy_nb.backends.explanation import BackendExplanation
    from dagy_nb.model.diagnostic import Diagnostic
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.session.draft import Draft
    from dagy_nb.session.forecast import RunForecast
    from dagy_nb.session.handle import RunHandle
    from dagy_nb.session.session import Session

_LOG = logging.getLogger(__name__)
OPTIONS = frozenset({"timeout", "runner", "backend", "reuse", "force", "keep", "tap"})
"""What `run` takes besides the flow's parameters."""


class RunnableFlow(EditableFlow):
    """The runs of a draft.

    Args:
        session: Where they go on and are recorded.
        draft: The flow with its revisions.

    Attributes:
        runs: Those that still run, and the newest.
    """

    def __init__(self, session: Session, draft: Draft) -> None:
        self.session = session
        self.draft = draft
        self.runs: list[RunHandle] = []
        self._run_watchers: list[Callable[[RunHandle], None]] = []
        self._told: tuple[object, object] = (None, None)

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
        _refuse_mistyped(self.spec, parameters)
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

    def watch_runs(self, callback: Callable[[RunHandle], None]) -> Callable[[], None]:
        """Call `callback` with the handle of each run that starts; return what ends that."""
        # Not `self`: who watches must not keep the flow alive.
        watchers = self._run_watchers
        watchers.append(callback)

        def unwatch() -> None:
            if callback in watchers:
                watchers.remove(callback)

        return unwatch

    def _warn(self) -> None:
        # Neither of them ever changes: other ones take their place.
        about = (self.spec, self.session.registry.snapshot())
        if self.session.settings.static or all(map(is_, about, self._told)):
            return
        warn_of(self.spec, self.check())
        self._told = about


def _refuse_mistyped(flow: FlowSpec, given: Mapping[str, Any]) -> None:
    """Name the option where what is given is no parameter, but nearly an option."""
    known = {each.name for each in flow.parameters}
    for name in given.keys() - known:
        nearest = find_nearest(name, {*known, *OPTIONS}, limit=1)
        if OPTIONS.issuperset(nearest) and nearest:
            raise FlowError(
                f"Flow {flow.name!r} has no parameter {name!r}.",
                code="parameter.unknown",
                suggestion=f"Did you mean the option `{nearest[0]}`?",
            )
