"""A flow's plan and what was said about its backend in, the chosen backend or an explanation out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagy_nb.backends.estimate import estimate_run, find_needs
from dagy_nb.backends.explanation import BackendExplanation
from dagy_nb.backends.router import Wishes, route
from dagy_nb.backends.rules import Rule, load_rules, read_rules
from dagy_nb.errors import StoreError
from dagy_nb.model.state import RunKind, RunState

if TYPE_CHECKING:
    from dagy_nb.abc import Backend, Store
    from dagy_nb.backends.registry import Backends
    from dagy_nb.engine.plan import Plan
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.settings import Settings


class RunRouting:
    """Chooses the backend of each run of a session.

    Args:
        backends: The backends.
        settings: Names the default, the deployment's choice and the file of rules.
        store: Knows how long runs took.
        rules: Rules given by code; they stand in place of the file.
    """

    def __init__(
        self,
        backends: Backends,
        settings: Settings,
        store: Store,
        *,
        rules: Sequence[Rule | Mapping[str, Any]] | None = None,
    ) -> None:
        self.backends = backends
        self._settings = settings
        self._store = store
        self._given = None if rules is None else read_rules(rules)
        self._read: tuple[tuple[Path, int, int], tuple[Rule, ...]] | None = None

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules as they are now; a changed file is read anew.

        Raises:
            SettingError: `setting.rules`.
        """
        if self._given is not None:
            return self._given
        path = self._settings.rules
        return () if path is None else self._load(path)

    def explain(
        self, flow: FlowSpec, plan: Plan, *, call: str | None = None, reuse: bool = False
    ) -> BackendExplanation:
        """Return where a run would go, and why; raises only where the rules cannot be read.

        Raises:
            SettingError: `setting.rules`.
        """
        return self._route(flow, plan, call=call, reuse=reuse, in_full=True)

    def choose(
        self, flow: FlowSpec, plan: Plan, *, call: str | None = None, reuse: bool = False
    ) -> tuple[Backend, BackendExplanation]:
        """Return the backend of a run, and why it is that one.

        Raises:
            UnknownName: `unknown.backend`.
            BackendError: `backend.unavailable`, `backend.unfit`.
            SettingError: `setting.rules`.
        """
        found = self._route(flow, plan, call=call, reuse=reuse, in_full=False)
        if found.problem is not None:
            raise found.problem
        return self.backends.get(found.backend), found

    def _route(
        self, flow: FlowSpec, plan: Plan, *, call: str | None, reuse: bool, in_full: bool
    ) -> BackendExplanation:
        wishes = Wishes(
            call=call or "",
            deployment=self._settings.deployment_backend,
            flow=flow.backend or "",
            rules=self.rules,
            default=self._settings.backend,
            default_source=self._settings.sources.get("backend", "default"),
        )
        offers = self.backends.offers()
        asks_time = in_full or any(each.capabilities.max_seconds for each in offers.values())
        asks_time = asks_time or any(each.when.seconds is not None for each in wishes.rules)
        # To look into the records takes longer than a small run: only who asks for seconds pays for it.
        estimate = estimate_run(plan, self._find_duration if asks_time else _know_nothing)
        return route(wishes, estimate, find_needs(plan, reuse=reuse), offers)

    def _find_duration(self, flow: str) -> float | None:
        try:
            page = self._store.runs(limit=1, flow=flow, state=RunState.COMPLETED, kind=RunKind.FLOW)
        except StoreError:
            return None
        return page.runs[0].duration if page.runs else None

    def _load(self, path: Path) -> tuple[Rule, ...]:
        try:
            found = path.stat()
        except OSError:
            return load_rules(path)
        key = (path, found.st_mtime_ns, found.st_size)
        if self._read is None or self._read[0] != key:
            self._read = (key, load_rules(path))
        return self._read[1]


def _know_nothing(_flow: str) -> float | None:
    return None
