"""The user's own modules that a worker has loaded in, whether their files are still the same out.

A worker outlives many calls, and a module is loaded once. Where somebody has edited such a file since, the
worker would run the old text: it must not serve the next call.
"""

from __future__ import annotations

import os
import sys
import sysconfig

_Stamp = tuple[int, int]
_UNKNOWN: _Stamp = (-1, -1)


class OwnModules:
    """What is known of the modules outside of Python, of installed packages and of dagy_nb."""

    def __init__(self) -> None:
        paths = sysconfig.get_paths()
        own = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
        libraries = (paths[each] for each in ("stdlib", "platstdlib", "purelib", "platlib"))
        self._foreign = tuple(os.path.join(each, "") for each in (own, *libraries))  # noqa: PTH118
        self._seen: set[str] = set()
        self._stamps: dict[str, _Stamp | None] = {}

    def note(self, began: int) -> None:
        """Take note of what was loaded since the last time.

        Args:
            began: When the call began that loaded it, in nanoseconds since the epoch. A file that was
                written since may be newer than what was read of it.
        """
        if len(self._seen) == len(sys.modules):
            return
        for name in set(sys.modules) - self._seen:
            path = getattr(sys.modules[name], "__file__", None)
            if isinstance(path, str) and os.path.isabs(path) and not path.startswith(self._foreign):  # noqa: PTH117
                stamp = _stamp(path)
                self._stamps[path] = stamp if stamp is None or stamp[0] < began else _UNKNOWN
        self._seen = set(sys.modules)

    @property
    def are_fresh(self) -> bool:
        """Whether every file is as it was when it was loaded."""
        return all(_stamp(path) == stamp for path, stamp in self._stamps.items())


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - before each call, for each module
    except OSError:
        return None
    return (found.st_mtime_ns, found.st_size)
