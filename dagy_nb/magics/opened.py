"""Nothing in, the flows of this kernel out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagy_nb.session.flow import Flow


def list_opened() -> dict[str, Flow]:
    """Return the drafts that are open in this kernel, by name."""
    from dagy_nb.session.current import current_session
    from dagy_nb.session.flow import Flow

    flows = current_session().flows
    return {name: each for name, each in flows.items() if isinstance(each, Flow)}


def list_names() -> list[str]:
    """Return the names of all flows, open, drawn or recorded."""
    from dagy_nb.session.current import current_session

    session = current_session()
    recorded = (each.flow for each in session.store.flow_versions())
    return sorted({*list_opened(), *session.drafts.names(), *recorded})
