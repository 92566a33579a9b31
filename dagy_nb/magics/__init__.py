"""An IPython shell in, our magics in it out: what `%load_ext dagy_nb` loads."""

from __future__ import annotations

from typing import Any

from dagy_nb.magics.awaiting import make_transformer
from dagy_nb.magics.cell import watch_cells
from dagy_nb.magics.completion import complete_magics
from dagy_nb.magics.flow import FlowMagics
from dagy_nb.magics.flownode import NodeMagics
from dagy_nb.magics.outdated import watch_taken
from dagy_nb.magics.records import RecordMagics
from dagy_nb.magics.tracebacks import leave_errors, shorten_errors

_CLASSES = (NodeMagics, FlowMagics, RecordMagics)
_KEPT = "_dagy_nb_magics"


def install(ip: Any) -> None:
    """Bring the magics into a shell; twice is as good as once."""
    if hasattr(ip, _KEPT):
        return
    ip.register_magics(*_CLASSES)
    transformer = make_transformer(ip)
    ip.input_transformers_post.append(transformer)
    ip.Completer.custom_matchers.append(complete_magics)
    shorten_errors(ip)
    setattr(ip, _KEPT, (transformer, watch_cells(ip), watch_taken(ip)))


def uninstall(ip: Any) -> None:
    """Take the magics out of a shell; a shell without them stays as it is."""
    kept = getattr(ip, _KEPT, None)
    if kept is None:
        return
    transformer, watcher, teller = kept
    ip.input_transformers_post.remove(transformer)
    ip.events.unregister("pre_run_cell", watcher)
    ip.events.unregister("post_run_cell", teller)
    ip.Completer.custom_matchers.remove(complete_magics)
    leave_errors()
    for each in _CLASSES:
        _forget(ip.magics_manager, each.__name__)
    delattr(ip, _KEPT)


def _forget(manager: Any, class_name: str) -> None:
    instance = manager.registry.pop(class_name, None)
    for kind in ("line", "cell"):
        table = manager.magics[kind]
        for name in [
            each for each, call in table.items() if getattr(call, "__self__", None) is instance
        ]:
            del table[name]
