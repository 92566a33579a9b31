"""Names of modules in, the versions of the installed packages that they belong to out."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from importlib import metadata

_OURS = frozenset({"dagy_nb", "dagy_nb_cells", "dagy_nb_flows", "__main__", "__mp_main__", ""})
_KNOWN: dict[str, str] = {}


def list_versions(names: Iterable[str]) -> dict[str, str]:
    """Return package → version of those that say one, and Python's own.

    Example:
        >>> "Python" in list_versions([])
        True
    """
    tops = {name.partition(".")[0] for name in names} - _OURS - sys.stdlib_module_names
    found = {f"package {top}": _read_version(top) for top in sorted(tops)}
    found["Python"] = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {name: version for name, version in found.items() if version}


def _read_version(top: str) -> str:
    known = _KNOWN.get(top, "")
    if not known:
        try:
            known = metadata.version(top)
        except (metadata.PackageNotFoundError, ValueError):
            # Some packages are installed under another name than they are imported by.
            known = str(getattr(sys.modules.get(top), "__version__", ""))
        _KNOWN[top] = known
    return known
