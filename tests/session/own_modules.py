"""Texts in, modules of the user's own out, which may be edited and loaded anew."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path

OWN = ("own_top", "own_low", "own_pack", "own_space")


class Files:
    """The user's own modules."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def write(self, **files: str) -> None:
        """Write modules: `own_pack__low` is `own_pack/low.py`."""
        for name, text in files.items():
            path = self._folder / (name.replace("__", "/").replace("INIT", "__init__") + ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
            self._count += 1  # so that no compiled file is taken for it
            os.utime(path, (self._count, self._count))
        importlib.invalidate_caches()

    @staticmethod
    def forget() -> None:
        """Unload all of them, as a new kernel has not loaded them."""
        for name in list(sys.modules):
            if name.partition(".")[0] in OWN:
                del sys.modules[name]
