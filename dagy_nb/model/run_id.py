"""A time in, a new run id out."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime


def make_run_id(now: float) -> str:
    """Return a new id that sorts by time: `20261121-060000123-5f3a9c`."""
    moment = datetime.fromtimestamp(now, UTC)
    return f"{moment:%Y%m%d-%H%M%S}{moment.microsecond // 1000:03d}-{secrets.token_hex(3)}"
