"""Installed metadata in, the version out (its one source is `labextension/package.json`)."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def read_version() -> str:
    """Return the version of the installed package, or `0+unknown` where it is not installed."""
    try:
        return version("dagy_nb")
    except PackageNotFoundError:
        return "0+unknown"


__version__ = read_version()
