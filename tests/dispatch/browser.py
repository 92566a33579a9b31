"""Messages of a dispatcher in, what a browser then knows out: the far end of the wire, in Python."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter

from dagy_nb.dispatch import Dispatcher
from dagy_nb.dispatch.view import look_at_flow
from dagy_nb.model.flow import EdgeSpec, NodeEntry
from dagy_nb.protocol.message import Reply, Snapshot, encode
from dagy_nb.protocol.palette import draw_palette

REPLY: TypeAdapter[Reply] = TypeAdapter(Reply)
PATIENCE = 20.0


class Browser:
    """Keeps every message, and the flow, palette and run that follow from them."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.flow: dict[str, Any] | None = None
        self.palette: dict[str, Any] | None = None
        self.run: dict[str, Any] | None = None
        self.missed = 0
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)

    def hear(self, content: dict[str, Any]) -> None:
        """Take a message, as it comes from the wire."""
        content = json.loads(json.dumps(content, allow_nan=False))
        message = REPLY.validate_python(content)
        with self._changed:
            getattr(self, f"_take_{message.kind}")(content)
            self.messages.append(message)
            self._changed.notify_all()

    def ask(self, dispatcher: Dispatcher, kind: str, **fields: Any) -> list[Any]:
        """Send a request and return what was answered while it was handled."""
        request = {"kind": kind, "id": f"{kind}-{next(self._numbers)}", **fields}
        if kind in ("edit", "run"):
            request.setdefault("base_revision", self.flow["revision"])
        heard = len(self.messages)
        dispatcher.handle(json.loads(json.dumps(request)))
        return [
            each
            for each in self.messages[heard:]
            if request["id"] in (getattr(each, "reply_to", ""), getattr(each, "origin", ""))
        ]

    def wait(self, condition: Callable[[], object]) -> None:
        """Wait until a condition holds after some message."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE), [m.kind for m in self.messages]

    def of_kind(self, kind: str) -> list[Any]:
        return [each for each in self.messages if each.kind == kind]

    def node(self, node_id: str) -> dict[str, Any]:
        return next(each for each in self.flow["nodes"] if each["id"] == node_id)

    def state(self, node_id: str) -> str:
        return self.run["nodes"][node_id]["state"] if self.run else ""

    def _take_snapshot(self, content: dict[str, Any]) -> None:
        self.flow, self.palette, self.run = content["flow"], content["palette"], content["run"]

    def _take_patch(self, content: dict[str, Any]) -> None:
        if self.flow is None or content["base_revision"] != self.flow["revision"]:
            self.missed += 1
            return
        for items in ("nodes", "edges"):
            kept = {
                each["id"]: each
                for each in self.flow[items]
                if each["id"] not in content[f"removed_{items}"]
            }
            kept |= {each["id"]: each for each in content[items]}
            order = content[f"{items[:-1]}_order"] or kept
            self.flow = {**self.flow, items: [kept[each] for each in order]}
        carried = self.flow.keys() - {"name", "nodes", "edges"}
        self.flow = {**self.flow, **{key: content[key] for key in carried}}

    def _take_moved(self, content: dict[str, Any]) -> None:
        nodes = [
            {**node, **content["positions"].get(node["id"], {})} for node in self.flow["nodes"]
        ]
        self.flow = {**self.flow, "nodes": nodes}

    def _take_status(self, content: dict[str, Any]) -> None:
        run = content["run"]
        if content["whole"]:
            self.run = run
        elif self.run is not None and self.run["run_id"] == run["run_id"]:
            self.run = {**run, "nodes": {**self.run["nodes"], **run["nodes"]}}
        else:
            self.missed += 1

    def _take_palette(self, content: dict[str, Any]) -> None:
        self.palette = content["palette"]

    def _take_planned(self, content: dict[str, Any]) -> None:
        """What a run would do is no part of what is there."""

    def _take_routed(self, content: dict[str, Any]) -> None:
        """Nor is where it would go."""

    def _take_looked(self, content: dict[str, Any]) -> None:
        """Nor is what ran inside a node."""

    def _take_refused(self, content: dict[str, Any]) -> None:
        """A browser takes its own optimistic change back; this one makes none."""


def entry(node_id, type_name="double", **fields):
    return NodeEntry(id=node_id, type=type_name, **fields).model_dump(mode="json")


def add(node_id, type_name="double", **fields):
    return {"kind": "add_node", "node": entry(node_id, type_name, **fields)}


def edge(text):
    return EdgeSpec.parse(text).model_dump()


def lead(text):
    return {"kind": "connect", "edge": edge(text)}


def fresh(flow):
    """The flow's picture as a new browser would get it."""
    empty = draw_palette({})
    return encode(Snapshot(flow=look_at_flow(flow, flow.last_run), palette=empty))["flow"]
