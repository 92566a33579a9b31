"""A flow in, the static picture that a notebook keeps out: text, SVG, and PNG where it can be drawn.

It shows names, types and states, and nothing of the user's data.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from dagy_nb.dispatch.view import look_at_flow, look_at_run
from dagy_nb.protocol.png import to_png
from dagy_nb.protocol.svg import to_svg

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow

Bundle = dict[str, Any]


def make_bundle(flow: Flow) -> Bundle:
    """Return MIME type → data, with the states of the flow's last run."""
    handle = flow.last_run
    picture = look_at_flow(flow, handle)
    run = look_at_run(flow.session, handle) if handle is not None else None
    bundle: Bundle = {"text/plain": repr(flow), "image/svg+xml": to_svg(picture, run)}
    png = to_png(picture, run)
    if png is not None:
        bundle["image/png"] = base64.b64encode(png).decode("ascii")
    return bundle
