"""A folder in, the paths of everything a store keeps there out.

```text
.dagy/
  journal/<time>-<pid>-<random>.jsonl   the truth: one segment per process, appended, never changed
  journal/<time>-<pid>-<random>.zip     a pack: many segments that are long over, named by the first
  fold.lock                             held for the moments of a fold
  base.duckdb                           ours: everything folded; opened under the lock only
  snap.duckdb                           the last copy of it, never written; views attach it
  runs.duckdb                           the user's copy: open it with anything (a link to the newest
                                        of `.runs-<time>.duckdb`)
  quarantine-<time>-<name>              what could not be read any more
```
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store lives; making one touches nothing."""

    folder: Path

    @property
    def journal(self) -> Path:
        """The folder of the segments."""
        return self.folder / "journal"

    @property
    def lock(self) -> Path:
        """The file whose lock a fold holds."""
        return self.folder / "fold.lock"

    @property
    def base(self) -> Path:
        """Everything folded."""
        return self.folder / "base.duckdb"

    @property
    def snap(self) -> Path:
        """The last copy of the base, for our views."""
        return self.folder / "snap.duckdb"

    @property
    def user_copy(self) -> Path:
        """The last copy of the base, for the user."""
        return self.folder / "runs.duckdb"

    def quarantine(self, name: str, stamp: int) -> Path:
        """Where a file that cannot be read is put."""
        return self.folder / f"quarantine-{stamp}-{name}"


def wal_of(path: Path) -> Path:
    """Return where DuckDB keeps the write-ahead log of a database file."""
    return path.with_name(path.name + ".wal")
