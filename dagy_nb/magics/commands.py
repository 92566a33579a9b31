"""Nothing in, how each magic is written out: the tables behind reading, help and completion."""

from __future__ import annotations

from dagy_nb.errors import UsageError
from dagy_nb.magics.options import (
    RUNNER,
    TIMEOUT,
    Option,
    Usage,
    read_assignment,
    read_count,
    read_delays,
    read_kinds,
    read_megabytes,
    read_retries,
    read_state,
    read_version,
)
from dagy_nb.model.nearest import suggest_names
from dagy_nb.model.retry import RetryKind
from dagy_nb.model.state import RunState

_VERSION = Option(name="--version", value="N", read=read_version, about="a recorded version")

_FORCE = Option(
    name="--force", value="NODE", many=True, about="run this node, whatever is kept of it"
)
_PARAMETER = Option(
    name="--parameter",
    short="-p",
    value="NAME=VALUE",
    read=read_assignment,
    many=True,
    about="a value of a parameter",
)

FLOWNODE = Usage(
    command="%%flownode",
    about="define a node",
    options=(
        TIMEOUT,
        RUNNER,
        Option(name="--retries", value="N", read=read_retries, about="further attempts"),
        Option(
            name="--retry-delay",
            value="S[,S…]",
            read=read_delays,
            about="seconds before each of them",
        ),
        Option(
            name="--retry-on",
            value="KIND[,KIND…]",
            read=read_kinds,
            about="after what: raised, timed_out, crashed",
            choices=tuple(RetryKind),
        ),
        Option(
            name="--memory-mb",
            value="N",
            read=read_megabytes,
            about="limit of memory, with the runner process",
        ),
    ),
)
FLOW_CELL = Usage(
    command="%%flow",
    about="describe a flow",
    names=("NAME",),
    options=(
        Option(name="--show", about="show the editor below the cell"),
        Option(name="--node", value="TYPE", about="make it a node type that runs the flow inside"),
    ),
)
RUNS = Usage(
    command="%runs",
    about="list runs, or show one",
    names=("[RUN_ID]",),
    options=(
        Option(name="--flow", value="NAME", about="only runs of this flow"),
        Option(
            name="--state",
            value="STATE",
            read=read_state,
            about="only runs in this state",
            choices=tuple(RunState),
        ),
        Option(name="--parent", value="RUN_ID", about="only runs inside this run"),
        Option(name="--limit", short="-n", value="N", read=read_count, about="how many"),
        Option(name="--logs", about="what the nodes of the run wrote"),
    ),
)
FLOW_COMMANDS = {
    "run": Usage(
        command="%flow run",
        about="run a flow and wait for its end",
        names=("NAME",),
        options=(
            _PARAMETER,
            Option(name="--background", about="return a handle at once"),
            Option(name="--reuse", about="take kept outputs where nothing changed"),
            _FORCE,
            Option(name="--keep", about="keep the outputs of every node"),
            Option(name="--tap", about="keep the inputs of every node"),
            TIMEOUT,
            RUNNER,
            Option(name="--backend", value="B", about="where the whole run goes"),
        ),
    ),
    "plan": Usage(
        command="%flow plan",
        about="say what a run with --reuse would do, and why",
        names=("NAME",),
        options=(_PARAMETER, _FORCE),
    ),
    "resume": Usage(
        command="%flow resume",
        about="go on with a run that did not complete",
        names=("RUN_ID",),
        options=(
            _PARAMETER,
            _FORCE,
            Option(name="--background", about="return a handle at once"),
        ),
    ),
    "show": Usage(command="%flow show", about="show the editor", names=("NAME",)),
    "check": Usage(
        command="%flow check", about="say what would keep a flow from running", names=("NAME",)
    ),
    "cancel": Usage(
        command="%flow cancel",
        about="cancel a run, one node of it, or all runs of a flow",
        names=("RUN_ID_OR_NAME", "[NODE]"),
    ),
    "backend": Usage(
        command="%flow backend",
        about="say where a run would go, and why",
        names=("NAME",),
    ),
    "versions": Usage(command="%flow versions", about="list recorded versions", names=("NAME",)),
    "export": Usage(
        command="%flow export",
        about="print a flow as text, or write it to a file",
        names=("NAME", "[FILE]"),
        options=(_VERSION, Option(name="--overwrite", about="replace the file")),
    ),
    "list": Usage(command="%flow list", about="list flows: open, drawn and recorded ones"),
}


def find_command(name: str) -> Usage:
    """Return how `%flow NAME` is written.

    Raises:
        UsageError: `usage.unknown_command`, with the nearest command.
    """
    usage = FLOW_COMMANDS.get(name)
    if usage is None:
        raise UsageError(
            f"%flow has no command {name!r}." if name else "%flow needs a command.",
            code="usage.unknown_command",
            suggestion=suggest_names(name, FLOW_COMMANDS, what="commands"),
        )
    return usage
