"""dagy_nb: typed flow nodes in notebook cells, wired, run, recorded.

Names are loaded when they are first used, so `import dagy_nb` costs little and changes nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dagy_nb._version import __version__ as __version__
    from dagy_nb.errors import CheckFailed as CheckFailed
    from dagy_nb.errors import CheckWarning as CheckWarning
    from dagy_nb.errors import ConfigError as ConfigError
    from dagy_nb.errors import ConnectionRefused as ConnectionRefused
    from dagy_nb.errors import DagyError as DagyError
    from dagy_nb.errors import FlowTextError as FlowTextError
    from dagy_nb.errors import RunFailed as RunFailed
    from dagy_nb.model.datatype import DataType as DataType
    from dagy_nb.model.diagnostic import Diagnostic as Diagnostic
    from dagy_nb.model.state import NodeState as NodeState
    from dagy_nb.model.state import RunState as RunState
    from dagy_nb.nodes.base import FlowNode as FlowNode
    from dagy_nb.nodes.base import Input as Input
    from dagy_nb.nodes.base import Output as Output
    from dagy_nb.nodes.context import ExecutionContext as ExecutionContext
    from dagy_nb.nodes.function import node as node
    from dagy_nb.nodes.result import ExecutionResult as ExecutionResult
    from dagy_nb.nodes.retry import Retry as Retry
    from dagy_nb.session.dask import use_dask as use_dask
    from dagy_nb.session.flow import Flow as Flow
    from dagy_nb.session.handle import RunHandle as RunHandle
    from dagy_nb.session.history import connect as connect
    from dagy_nb.session.history import history as history
    from dagy_nb.session.replay import replay as replay
    from dagy_nb.session.result import RunResult as RunResult
    from dagy_nb.session.resume import resume as resume

_HOMES = {
    "CheckFailed": "dagy_nb.errors",
    "CheckWarning": "dagy_nb.errors",
    "ConfigError": "dagy_nb.errors",
    "ConnectionRefused": "dagy_nb.errors",
    "DagyError": "dagy_nb.errors",
    "FlowTextError": "dagy_nb.errors",
    "RunFailed": "dagy_nb.errors",
    "__version__": "dagy_nb._version",
    "DataType": "dagy_nb.model.datatype",
    "Diagnostic": "dagy_nb.model.diagnostic",
    "ExecutionContext": "dagy_nb.nodes.context",
    "ExecutionResult": "dagy_nb.nodes.result",
    "Flow": "dagy_nb.session.flow",
    "FlowNode": "dagy_nb.nodes.base",
    "Input": "dagy_nb.nodes.base",
    "NodeState": "dagy_nb.model.state",
    "Output": "dagy_nb.nodes.base",
    "Retry": "dagy_nb.nodes.retry",
    "RunHandle": "dagy_nb.session.handle",
    "RunResult": "dagy_nb.session.result",
    "RunState": "dagy_nb.model.state",
    "connect": "dagy_nb.session.history",
    "history": "dagy_nb.session.history",
    "node": "dagy_nb.nodes.function",
    "replay": "dagy_nb.session.replay",
    "resume": "dagy_nb.session.resume",
    "use_dask": "dagy_nb.session.dask",
}

__all__ = ["load_ipython_extension", "unload_ipython_extension", *sorted(_HOMES)]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    """Load a public name from its room."""
    home = _HOMES.get(name)
    if home is None:
        msg = f"module 'dagy_nb' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names."""
    return list(__all__)


def load_ipython_extension(ip: Any) -> None:
    """Bring the magics and the editor into an IPython shell: `%load_ext dagy_nb`.

    `import dagy_nb` inside a running IPython does the same; twice is as good as once.
    """
    importlib.import_module("dagy_nb.magics").install(ip)
    importlib.import_module("dagy_nb.widget.display").install_display(ip)


def unload_ipython_extension(ip: Any) -> None:
    """Take the magics out again: `%unload_ext dagy_nb`."""
    importlib.import_module("dagy_nb.magics").uninstall(ip)


def _greet_shell() -> None:
    # Outside IPython this looks up one module name and imports nothing.
    shell_module = sys.modules.get("IPython.core.getipython")
    shell = shell_module.get_ipython() if shell_module is not None else None
    if shell is not None:
        load_ipython_extension(shell)


_greet_shell()
