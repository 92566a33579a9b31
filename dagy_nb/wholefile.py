"""A path and what belongs there in, the file whole or as it was before out."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Put a file in place in one step: whoever reads it, or loses power, finds the old one or the new one.

    Args:
        path: Where; a file that is there keeps its rights, and its folder exists.
        content: All of it.

    Raises:
        OSError: It cannot be written; what was there is there still.
    """
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.chmod(mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
