"""The name of a built file in, its text out."""

from __future__ import annotations

from importlib.resources import files

from dagy_nb.errors import DagyError

BUILD = "npm ci && npm run build"


def read_asset(name: str) -> str:
    """Return the text of a file that the front end's build made.

    Raises:
        DagyError: `dagy.not_built`, with the command that builds it.
    """
    file = files("dagy_nb") / "static" / name
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise DagyError(
            f"The editor's {name} is not built.",
            code="dagy.not_built",
            suggestion=f"In a checkout run `{BUILD}` in labextension/, or install dagy_nb again.",
        ) from error
