"""The text of a date and time, or of a time of day, in; the moment it means out."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def read_moment(text: str) -> dt.datetime | dt.time:
    """Return what a text says: a date and time, or a time of day.

    Raises:
        ValueError: It is neither.

    Example:
        >>> read_moment("06:30")
        datetime.time(6, 30)
    """
    words = text.strip()
    try:
        # `20261224` is a date, though it could be read as a time with parts of a second.
        if ":" in words:
            return dt.time.fromisoformat(words)
    except ValueError:
        pass
    try:
        return dt.datetime.fromisoformat(words)
    except ValueError:
        raise ValueError(
            f"{text!r} is no time: write 2026-12-24T18:00, with Z or +01:00 at its end or with `zone`, "
            "or a time of day such as 06:30"
        ) from None


def read_zone(name: str) -> ZoneInfo:
    """Return a time zone.

    Raises:
        ValueError: There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no time zone {name!r}: write UTC or, such as, Europe/Brussels"
        ) from None


def find_moment(text: str, zone: ZoneInfo, now: float) -> float:
    """Return when a text's moment is, in seconds since the epoch.

    A time of day is the next one to come, the present moment counted. One that a clock change leaves out is
    taken as if the clock had not changed; of two equal ones the first counts.

    Args:
        text: As `read_moment` takes it.
        zone: Where the text names no offset.
        now: Seconds since the epoch.

    Raises:
        ValueError: The text is no time.
    """
    read = read_moment(text)
    if isinstance(read, dt.datetime):
        return (read if read.tzinfo else read.replace(tzinfo=zone)).timestamp()
    place = read.tzinfo or zone
    today = dt.datetime.fromtimestamp(now, place).date()
    for days in range(3):
        day = today + dt.timedelta(days=days)
        at = dt.datetime.combine(day, read.replace(tzinfo=None), tzinfo=place).timestamp()
        if at >= now:
            return at
    raise ValueError(f"{text!r} does not come")
