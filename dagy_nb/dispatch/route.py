"""A flow as it is now in, the picture of where its runs would go out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dagy_nb.errors import DagyError
from dagy_nb.protocol.picture import BackendPicture, LevelPicture, RoutePicture

if TYPE_CHECKING:
    from dagy_nb.backends.explanation import BackendExplanation
    from dagy_nb.model.flow import FlowSpec
    from dagy_nb.session.session import Session


def look_at_route(session: Session, spec: FlowSpec, *, revision: int) -> RoutePicture:
    """Return where a run of the flow would go; a flow that cannot be planned has that as its problem."""
    backends = tuple(
        BackendPicture(name=name, missing=offer.missing)
        for name, offer in session.routing.backends.offers().items()
    )
    try:
        found = session.explain_backend(spec)
    except DagyError as error:
        return RoutePicture(
            revision=revision,
            problem=error.reason,
            suggestion=error.suggestion,
            backends=backends,
        )
    return _draw(found, backends, revision)


def _draw(
    found: BackendExplanation, backends: tuple[BackendPicture, ...], revision: int
) -> RoutePicture:
    problem = found.problem
    return RoutePicture(
        revision=revision,
        backend=found.backend,
        level=found.level.value,
        reason=found.reason,
        problem=problem.reason if problem else "",
        suggestion=problem.suggestion if problem else "",
        levels=tuple(
            LevelPicture(level=each.level.value, backend=each.backend, words=each.words)
            for each in found.levels
        ),
        backends=backends,
    )
