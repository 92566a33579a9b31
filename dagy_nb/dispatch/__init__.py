"""A browser's message in, messages out; used by the widget and by the server."""

from __future__ import annotations

from dagy_nb.dispatch.dispatcher import Dispatcher

__all__ = ["Dispatcher"]
