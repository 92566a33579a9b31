"""Backends of the house and of plug-ins in, one table of them by name out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from dagy_nb.abc import Backend, Capabilities, RunControl, Submission
from dagy_nb.backends.router import Offer
from dagy_nb.errors import BackendError, UnknownName
from dagy_nb.model.nearest import suggest_names

if TYPE_CHECKING:
    from dagy_nb.settings import Settings

GROUP = "dagy_nb.backends"
_LOG = logging.getLogger(__name__)

FindPlugins = Callable[[], Iterable[EntryPoint]]


def _find_plugins() -> Iterable[EntryPoint]:
    return entry_points(group=GROUP)


class Backends:
    """The backends of a session; those of plug-ins are loaded when they are first asked for.

    A plug-in declares an entry point in the group `dagy_nb.backends`: its name is the backend's, and what
    it points to is called with the session's `Settings` and returns a `dagy_nb.abc.Backend`.

    Args:
        own: The backends of the house.
        settings: What plug-ins are called with.
        find_plugins: Where plug-ins come from; the installed packages by default.
    """

    def __init__(
        self, own: Iterable[Backend], settings: Settings, *, find_plugins: FindPlugins | None = None
    ) -> None:
        self._own: dict[str, Backend] = {each.name: each for each in own}
        self._settings = settings
        self._find_plugins = find_plugins or _find_plugins
        self._loaded: dict[str, Backend] | None = None

    def get(self, name: str) -> Backend:
        """Return a backend.

        Raises:
            UnknownName: `unknown.backend`.
        """
        found = self._own.get(name) or self._plugins().get(name)
        if found is None:
            raise UnknownName(
                f"There is no backend {name!r}.",
                code="unknown.backend",
                suggestion=suggest_names(name, self.offers(), what="backends"),
            )
        return found

    def offers(self) -> dict[str, Offer]:
        """Return what each backend can do, the house's own first."""
        return {
            name: Offer(capabilities=each.capabilities, missing=each.missing)
            for name, each in {**self._plugins(), **self._own}.items()
        }

    def close(self) -> None:
        """Let go of what the backends hold."""
        for name, each in {**(self._loaded or {}), **self._own}.items():
            try:
                each.close()
            except Exception:  # noqa: BLE001 - it may fail in any way
                _LOG.exception("The backend %s did not let go.", name)

    def _plugins(self) -> Mapping[str, Backend]:
        if self._loaded is None:
            self._loaded = {
                entry.name: self._load(entry)
                for entry in self._find_plugins()
                if entry.name not in self._own
            }
        return self._loaded

    def _load(self, entry: EntryPoint) -> Backend:
        try:
            made = entry.load()(self._settings)
        except (Exception, SystemExit) as error:  # noqa: BLE001 - it may fail in any way
            _LOG.warning("The backend %s could not be loaded: %s", entry.name, error)
            return BrokenBackend(entry.name, f"{type(error).__name__}: {error}")
        if not isinstance(made, Backend):
            return BrokenBackend(entry.name, f"{entry.value} gives no backend but {made!r:.80}")
        return made


class BrokenBackend:
    """A plug-in's backend that could not be loaded; it stands in the table with its reason."""

    capabilities = Capabilities()

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.missing = f"Its plug-in could not be loaded: {reason}"

    def submit(self, submission: Submission) -> RunControl:
        """Refuse.

        Raises:
            BackendError: `backend.unavailable`, always.
        """
        raise BackendError(
            f"The backend {self.name} cannot be used here.",
            code="backend.unavailable",
            suggestion=self.missing,
        )

    def close(self) -> None:
        """Hold nothing."""
