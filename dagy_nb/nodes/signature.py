"""A function in, its signature and its annotations out, also where an annotation names what is not there.

From Python 3.14 on annotations are evaluated when somebody asks for them, all at once: one that names what is
imported for type checkers only must neither end the definition of a node nor hide the other annotations.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


def read_signature(function: Callable[..., Any]) -> inspect.Signature:
    """Return what `inspect.signature` does.

    Raises:
        TypeError: It is nothing that can be called.
        ValueError: It has no signature that Python knows.
    """
    if sys.version_info >= (3, 14):
        from annotationlib import Format

        return inspect.signature(function, annotation_format=Format.FORWARDREF)
    return inspect.signature(function)


def list_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the annotations by name; texts and forward references stand for what is not there."""
    if sys.version_info >= (3, 14):
        from annotationlib import Format, get_annotations

        return get_annotations(function, format=Format.FORWARDREF)
    return dict(getattr(function, "__annotations__", {}))
