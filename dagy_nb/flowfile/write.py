"""A `FlowSpec` in, its text out: the same for the same flow, or an old text with only the difference."""

from __future__ import annotations

from typing import Any

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.document import make_document, same
from dagy_nb.flowfile.emit import SECTIONS, emit_document
from dagy_nb.flowfile.patch import CannotPatch, patch_text
from dagy_nb.flowfile.read import read_flow
from dagy_nb.flowfile.tree import parse_text
from dagy_nb.flowfile.values import Mapping
from dagy_nb.model.flow import FlowSpec


def write_flow(spec: FlowSpec, *, original: str | None = None) -> str:
    r"""Return the flow as YAML which `read_flow` reads back without loss.

    Args:
        spec: The flow.
        original: A text of the same flow, as it was before. Its comments, order and layout are kept,
            and only what differs is written anew. A text that cannot be read is not kept.

    Raises:
        FlowTextError: `text.unwritable` for a config value that has no form in YAML.

    Example:
        >>> spec = read_flow("nodes: {a: {type: Load}}  # the start", name="one")
        >>> write_flow(spec)
        'format: 1\nname: one\nnodes:\n  a: {type: Load}\n'
        >>> write_flow(spec, original="nodes: {a: {type: Load}}  # the start")
        'nodes: {a: {type: Load}}  # the start'
    """
    document = make_document(spec)
    patched = None if original is None else _change(original, spec)
    return emit_document(document) if patched is None else patched


def _change(original: str, spec: FlowSpec) -> str | None:
    """Return the original with the difference put in, or None where that does not work out."""
    text = original.removeprefix("\ufeff").replace("\r\n", "\n")
    text = text if text.endswith("\n") else f"{text}\n"
    try:
        before, after = make_document(read_flow(text, name=spec.name)), make_document(spec)
        if _say_same(before, after):
            return original
        root = parse_text(text)
        assert isinstance(root, Mapping)
        changed = patch_text(text, root, before, after)
        if not _say_same(make_document(read_flow(changed, name=spec.name)), after):
            return None
    except (FlowTextError, CannotPatch):
        return None
    if not original.endswith("\n"):
        changed = changed.removesuffix("\n")
    return changed.replace("\n", "\r\n") if "\r\n" in original else changed


def _say_same(left: dict[str, Any], right: dict[str, Any]) -> bool:
    orders = ([list(each.get(key, ())) for key in SECTIONS] for each in (left, right))
    return same(left, right) and next(orders) == next(orders)
