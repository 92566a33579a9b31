"""A call for another process in, a warning where that one reads another text than this one runs out."""

from __future__ import annotations

from dagy_nb.abc import CallReporter, NodeCall
from dagy_nb.nodes.parts import list_edited

CODE = "runner.module_edited"


def warn_of_edits(call: NodeCall, reporter: CallReporter) -> None:
    """Write into the node's log which modules of the user's own were edited since they were loaded here.

    A node that runs here runs what was loaded, in another process what the files hold now. What it makes
    there is not kept: its key tells the text that is loaded here.
    """
    edited = list_edited(call.node_class)
    if edited:
        names = ", ".join(f"`{name}`" for name in edited)
        reporter.wrote(
            "WARNING",
            f"{CODE}: {names} changed on disk since this kernel loaded it. {call.node_id} runs the new "
            "text in another process, and what it makes is not kept. Load it anew here "
            "(`importlib.reload`, `%autoreload 2`), or restart the kernel.",
        )
