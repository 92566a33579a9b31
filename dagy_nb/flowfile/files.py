"""A `*.flow.yaml` file in, a `FlowSpec` out, and back in one step that cannot leave half a file."""

from __future__ import annotations

from pathlib import Path

from dagy_nb.errors import FlowError, FlowTextError
from dagy_nb.flowfile.read import decode_text, read_flow
from dagy_nb.flowfile.tree import MAX_TEXT
from dagy_nb.flowfile.write import write_flow
from dagy_nb.model.connector import IDENTIFIER
from dagy_nb.model.flow import FlowSpec
from dagy_nb.wholefile import write_whole

_MAX_BYTES = 4 * MAX_TEXT


def load_flow_file(path: Path) -> FlowSpec:
    """Read a flow from a file; without a name in it, the flow is named as the file.

    Raises:
        FlowTextError: `text.*`.
        FlowError: `flow.unreadable`.
    """
    return read_flow(_read(path), name=_name_by(path))


def save_flow_file(path: Path, spec: FlowSpec) -> None:
    """Write a flow into a file, keeping comments and layout of the text that is there.

    Raises:
        FlowTextError: `text.unwritable`.
        FlowError: `flow.unwritable`.
    """
    original = decode_text(_read(path)) if path.exists() else None
    text = write_flow(spec, original=original)
    try:
        write_whole(path, text.encode())
    except (OSError, UnicodeEncodeError) as error:
        raise FlowError(
            f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.",
            code="flow.unwritable",
            suggestion="Choose another file, or make this one writable.",
        ) from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise FlowError(
            f"{path} cannot be read: {error.strerror or error}.",
            code="flow.unreadable",
            suggestion="Look at the path and its permissions.",
        ) from error
    if len(data) > _MAX_BYTES:
        raise FlowTextError(
            f"{path} has more than {_MAX_BYTES:,} bytes.",
            code="text.too_large",
            suggestion="Put data into files, and large graphs into several flows.",
        )
    return data


def _name_by(path: Path) -> str | None:
    stem = path.name.split(".")[0].replace("-", "_")
    return stem if IDENTIFIER.match(stem) else None
