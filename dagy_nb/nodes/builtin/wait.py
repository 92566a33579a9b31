"""A value in, the same value out later: after some seconds, at a time, or when a condition holds."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from dagy_nb.model.connector import Cardinality
from dagy_nb.model.datatype import DataType
from dagy_nb.nodes.base import FlowNode, Input, Output
from dagy_nb.nodes.builtin.beside import run_beside
from dagy_nb.nodes.builtin.branch import NAMES, check_condition, gather_seen
from dagy_nb.nodes.builtin.moment import find_moment, read_moment, read_zone
from dagy_nb.nodes.condition import MAX_LENGTH, Condition
from dagy_nb.nodes.config import NodeConfig
from dagy_nb.nodes.context import ExecutionContext

MAX_SECONDS = 86_400.0 * 366
MAX_PAUSE = 1.0
"""Seconds between two looks at the clock, so that a turned clock or a sleeping laptop is noticed."""
MIN_PROGRESS = 0.005
"""Progress is told so seldom that a wait of days does not fill the records."""


class Wait(FlowNode, register=False):
    """Waits for some seconds, until a time, or until a condition holds; then passes its value on.

    It takes no thread while it waits, and ends at once where the run is cancelled, also while it looks at a
    folder that hangs. It waits as long as it takes: give the node a `timeout` to fail instead.
    """

    category = "Control"
    passes_values = True
    icon = "clock"
    tags = ("sleep", "delay", "until", "poll", "sensor")
    deterministic = False
    timeout: ClassVar[float | None] = 0

    clock: ClassVar[Callable[[], float]] = time.time
    """Seconds since the epoch, UTC."""

    value = Input(
        DataType.ANY,
        cardinality=Cardinality.OPTIONAL,
        description="Passed on when the wait is over.",
    )
    passed = Output(DataType.ANY, description="The value that came in, or None.")
    error = Output(DataType.ERROR, description="Why the wait failed, such as its limit.")

    class Config(NodeConfig):
        """What it waits for: exactly one of `seconds`, `until` and `when`."""

        needs_values: ClassVar[bool] = True

        seconds: float | None = Field(
            None,
            ge=0,
            le=MAX_SECONDS,
            allow_inf_nan=False,
            title="Seconds",
            description="Wait so long.",
        )
        until: str | None = Field(
            None,
            title="Until",
            description="Wait until then: a date and time (`2026-12-24T18:00`), or a time of day (`06:30`), "
            "the next one to come.",
            examples=["2026-12-24T18:00", "06:30"],
        )
        zone: str = Field(
            "UTC",
            title="Time zone",
            description="Of `until`, where that names none: `Europe/Brussels`.",
        )
        when: str | None = Field(
            None,
            max_length=MAX_LENGTH,
            title="Condition",
            description="Wait until this holds, in CEL, with `exists(path)`, `modified(path)`, `now()`: "
            '`exists("data/today.csv")`, `now() > timestamp("2026-12-24T18:00:00Z")`.',
            examples=['exists("data/today.csv")'],
        )
        every: float = Field(
            5.0,
            ge=0.05,
            le=86_400,
            title="Look every",
            description="Seconds between two looks at the condition.",
        )

        @field_validator("until", mode="before")
        @classmethod
        def _write(cls, value: Any) -> Any:
            return value.isoformat() if isinstance(value, dt.date | dt.time) else value

        @field_validator("until")
        @classmethod
        def _check_until(cls, text: str | None) -> str | None:
            if text is not None:
                read_moment(text)
            return text

        @field_validator("zone")
        @classmethod
        def _check_zone(cls, name: str) -> str:
            read_zone(name)
            return name

        @field_validator("when")
        @classmethod
        def _check_when(cls, text: str | None) -> str | None:
            return text if text is None else check_condition(text, NAMES, **FUNCTIONS)

        @model_validator(mode="after")
        def _choose(self) -> Wait.Config:
            given = [each for each in (self.seconds, self.until, self.when) if each is not None]
            if len(given) != 1:
                raise ValueError("give exactly one of seconds, until and when")
            return self

    async def execute(self, context: ExecutionContext, value: Any) -> Any:
        """Wait, then pass the value on."""
        if self.config.when is not None:
            await self._wait_for_condition(context, value)
        else:
            await self._wait_for_moment(context)
        return {"passed": value}

    async def pause(self, seconds: float) -> None:
        """Let so many seconds go by."""
        await asyncio.sleep(seconds)

    async def look(self, decide: Callable[[], bool]) -> bool:
        """Ask a condition; a file that it looks at may be in a folder that hangs."""
        return await run_beside(decide)

    async def _wait_for_moment(self, context: ExecutionContext) -> None:
        config, began = self.config, type(self).clock()
        if config.seconds is not None:
            ends = began + config.seconds
        else:
            ends = find_moment(config.until, ZoneInfo(config.zone), began)
            context.logger.info("Waiting until %s.", tell_moment(ends, config.zone))
        told = -1.0
        while (left := ends - type(self).clock()) > 0:
            done = 1 - left / max(ends - began, left)
            if done >= told + MIN_PROGRESS:
                told = done
                context.progress(done, f"{left:,.0f} s left")
            await self.pause(min(left, MAX_PAUSE))

    async def _wait_for_condition(self, context: ExecutionContext, value: Any) -> None:
        now = {"now": lambda: dt.datetime.fromtimestamp(type(self).clock(), dt.UTC)}
        condition = Condition(self.config.when, names=NAMES, functions={**FUNCTIONS, **now})
        seen = gather_seen(condition, context, value)
        looks, told = 1, 0
        while not await self.look(partial(condition.decide, seen)):
            if looks >= 2 * told:
                told = looks
                context.progress(0.0, f"looked {looks} time{'s' if looks > 1 else ''}")
            await self.pause(self.config.every)
            looks += 1


def tell_moment(at: float, zone: str) -> str:
    """Return a time in words."""
    return f"{dt.datetime.fromtimestamp(at, ZoneInfo(zone)):%Y-%m-%d %H:%M:%S} {zone}"


def path_exists(path: str) -> bool:
    """Say whether there is a file or folder."""
    return Path(path).exists()


def find_modified(path: str) -> dt.datetime:
    """Return when a file was last changed; long ago where there is none."""
    try:
        return dt.datetime.fromtimestamp(Path(path).stat().st_mtime, dt.UTC)
    except FileNotFoundError:
        return dt.datetime.fromtimestamp(0, dt.UTC)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "exists": path_exists,
    "modified": find_modified,
    "now": _now,
}
