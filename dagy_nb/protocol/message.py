"""The messages between a browser and the kernel, both ways, and how they are read.

A browser edits optimistically and hears `patch` (its own edit accepted, or somebody else's change)
or `refused` with the reason. A patch leads from `base_revision` to `revision`; a browser that is
not at `base_revision` says `hello` again and gets a `snapshot`. The two revisions are equal where
the flow stayed as it is and only looks different, because a node type was redefined.

A browser sends one edit (or undo, redo) at a time and the next one after the answer, so that every
edit is built on a flow that the kernel knows.
"""

from __future__ import annotations

import json
import math
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from dagy_nb.errors import MessageError
from dagy_nb.model.connector import Name
from dagy_nb.model.edit import Edit
from dagy_nb.model.flow import FailurePolicy, Position
from dagy_nb.model.frozen import FrozenModel
from dagy_nb.protocol.picture import (
    DiagnosticPicture,
    EdgePicture,
    FlowPicture,
    ForecastPicture,
    NodePicture,
    PalettePicture,
    ParameterPicture,
    RoutePicture,
    RunPicture,
)

MAX_MESSAGE = 1_000_000
MAX_ID = 100
MessageId = Annotated[str, Field(min_length=1, max_length=MAX_ID)]
NodeNames = Annotated[tuple[Name, ...], Field(max_length=20_000)]


class Hello(FrozenModel):
    """A browser is there and wants everything."""

    kind: Literal["hello"] = "hello"
    id: MessageId


class EditRequested(FrozenModel):
    """The user changed the flow; `edits` were applied in the browser already."""

    kind: Literal["edit"] = "edit"
    id: MessageId
    base_revision: int
    edits: tuple[Edit, ...] = Field(min_length=1, max_length=5_000)
    positions: dict[Name, Position] = {}


class UndoRequested(FrozenModel):
    """Take the last change back."""

    kind: Literal["undo"] = "undo"
    id: MessageId


class RedoRequested(FrozenModel):
    """Do the last undone change again."""

    kind: Literal["redo"] = "redo"
    id: MessageId


class MoveRequested(FrozenModel):
    """Nodes were dragged; changes no meaning and no revision."""

    kind: Literal["move"] = "move"
    id: MessageId
    positions: dict[Name, Position] = Field(max_length=20_000)


class ArrangeRequested(FrozenModel):
    """Lay all nodes out anew, in Python (one layout for editor and static picture)."""

    kind: Literal["arrange"] = "arrange"
    id: MessageId


class RunRequested(FrozenModel):
    """Run the flow as it is at `base_revision`.

    Attributes:
        reuse: Take the outputs of earlier runs where nothing changed.
        force: Nodes that run all the same.
    """

    kind: Literal["run"] = "run"
    id: MessageId
    base_revision: int
    parameters: dict[str, Any] = {}
    reuse: bool = False
    force: NodeNames = ()


class PlanRequested(FrozenModel):
    """Say what a run with reuse would do with the flow as it is, and run nothing."""

    kind: Literal["plan"] = "plan"
    id: MessageId
    parameters: dict[str, Any] = {}
    force: NodeNames = ()


class RouteRequested(FrozenModel):
    """Say to which backend a run of the flow as it is would go, and why."""

    kind: Literal["route"] = "route"
    id: MessageId


class InsideRequested(FrozenModel):
    """Say what ran inside a node run: the items of a Map, the nodes of a sub-flow."""

    kind: Literal["inside"] = "inside"
    id: MessageId
    run_id: str = Field(max_length=100)
    node_id: str = Field(max_length=100)


class ResumeRequested(FrozenModel):
    """Go on with a run that failed or was cancelled: what is finished and unchanged is not run again.

    Attributes:
        parameters: Other values than that run had; those not named stay.
        force: Nodes that run all the same, though they completed or may be half done.
    """

    kind: Literal["resume"] = "resume"
    id: MessageId
    run_id: str = Field(max_length=100)
    parameters: dict[str, Any] = {}
    force: NodeNames = ()


class CancelRequested(FrozenModel):
    """Cancel a run, or one node of it."""

    kind: Literal["cancel"] = "cancel"
    id: MessageId
    run_id: str = Field(max_length=100)
    node_id: str = Field("", max_length=100)


Request = Annotated[
    Hello
    | EditRequested
    | UndoRequested
    | RedoRequested
    | MoveRequested
    | ArrangeRequested
    | RunRequested
    | PlanRequested
    | RouteRequested
    | InsideRequested
    | ResumeRequested
    | CancelRequested,
    Field(discriminator="kind"),
]


class Snapshot(FrozenModel):
    """Everything a browser needs to begin."""

    kind: Literal["snapshot"] = "snapshot"
    flow: FlowPicture
    palette: PalettePicture
    run: RunPicture | None = None
    reply_to: str = ""


class Patch(FrozenModel):
    """What changed between two revisions: whole nodes and edges that are new or different.

    Attributes:
        node_order: All node ids in order; empty where the order did not change.
        edge_order: All edge ids in order; empty where the order did not change.
    """

    kind: Literal["patch"] = "patch"
    base_revision: int
    revision: int
    reply_to: str = ""
    nodes: tuple[NodePicture, ...] = ()
    removed_nodes: tuple[str, ...] = ()
    node_order: tuple[str, ...] = ()
    edges: tuple[EdgePicture, ...] = ()
    removed_edges: tuple[str, ...] = ()
    edge_order: tuple[str, ...] = ()
    diagnostics: tuple[DiagnosticPicture, ...] = ()
    parameters: tuple[ParameterPicture, ...] = ()
    description: str = ""
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    timeout: float | None = None
    node_timeout: float | None = None
    backend: str | None = None
    undo: str = ""
    redo: str = ""


class Refused(FrozenModel):
    """A request was not carried out; the browser takes its optimistic change back."""

    kind: Literal["refused"] = "refused"
    reply_to: str
    code: str
    message: str
    suggestion: str = ""
    revision: int
    diagnostics: tuple[DiagnosticPicture, ...] = ()


class Moved(FrozenModel):
    """Nodes have new positions; `origin` is the id of the message that moved them."""

    kind: Literal["moved"] = "moved"
    positions: dict[str, Position]
    origin: str = ""


class PaletteChanged(FrozenModel):
    """The registry changed."""

    kind: Literal["palette"] = "palette"
    palette: PalettePicture


class StatusChanged(FrozenModel):
    """The run shown has news.

    `run.nodes` holds only nodes that changed since the last message of this run, unless `whole`.

    Attributes:
        reply_to: The id of the `run` or `resume` request that began it, in the first message of the run only.
    """

    kind: Literal["status"] = "status"
    run: RunPicture
    whole: bool = False
    reply_to: str = ""


class Planned(FrozenModel):
    """What a run would do, in answer to `plan`."""

    kind: Literal["planned"] = "planned"
    reply_to: str
    forecast: ForecastPicture


class Routed(FrozenModel):
    """Where a run would go, in answer to `route`."""

    kind: Literal["routed"] = "routed"
    reply_to: str
    route: RoutePicture


class Looked(FrozenModel):
    """What ran inside a node run, in answer to `inside`.

    Attributes:
        run: With the nodes that failed first and at most some hundred; None where nothing ran inside.
        total: How many nodes it has in all.
    """

    kind: Literal["looked"] = "looked"
    reply_to: str
    run: RunPicture | None = None
    total: int = 0


Reply = Annotated[
    Snapshot | Patch | Refused | Moved | PaletteChanged | StatusChanged | Planned | Routed | Looked,
    Field(discriminator="kind"),
]

_REQUEST: TypeAdapter[Request] = TypeAdapter(Request)


def encode(message: Request | Reply) -> dict[str, Any]:
    """Turn a message into plain JSON values, with every field.

    A value that JSON does not know (in a config or a default) goes as its `repr`; `nan` and the
    infinities, on which a browser's parser breaks the whole message, go as None.
    """
    finite = _finite(message.model_dump(mode="json", fallback=repr))
    assert isinstance(finite, dict)
    return finite


def read_id(content: object) -> str:
    """Return the id of whatever a browser sent, so that a refusal can name it; empty if none."""
    found = content.get("id") if isinstance(content, dict) else None
    return found if isinstance(found, str) and len(found) <= MAX_ID else ""


def read_request(content: object) -> Request:
    """Turn what a browser sent into a request.

    Raises:
        MessageError: `message.too_large`, `message.invalid`; nothing of the message was used.
    """
    try:
        size = len(json.dumps(content, default=str))
    except (TypeError, ValueError, RecursionError) as error:
        raise MessageError(f"The message is no JSON: {error}.") from error
    if size > MAX_MESSAGE:
        raise MessageError(
            f"The message has {size:,} characters, allowed are {MAX_MESSAGE:,}.",
            code="message.too_large",
            suggestion="Send fewer edits at a time.",
        )
    try:
        return _REQUEST.validate_python(content)
    except (ValidationError, RecursionError) as error:
        raise MessageError(f"The message has the wrong shape: {_first(error)}.") from error


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _first(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "it is nested too deeply"
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else first["msg"]
