"""A flow's text with its old and new document in, the text with only the difference changed out.

Entries that stay the same are taken over letter by letter, with the comments above and beside them.
Comments above an entry that goes stay where they are, for the person who wrote them to judge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from dagy_nb.flowfile.document import same
from dagy_nb.flowfile.emit import SECTIONS, emit_entry, emit_field, emit_inline
from dagy_nb.flowfile.values import Mapping, Scalar, Value
from dagy_nb.flowfile.values import Sequence as Items


class CannotPatch(Exception):
    """The text is laid out in a way that is not changed bit by bit."""


def patch_text(text: str, root: Mapping, old: dict[str, Any], new: dict[str, Any]) -> str:
    """Return `text` changed so that it says `new` instead of `old`.

    Args:
        text: The text, with line feeds only, the last line ended.
        root: Its tree.
        old: The document it says now.
        new: The document it shall say.

    Raises:
        CannotPatch: Write the text anew.
    """
    patcher = _Patcher(text)
    return patcher.patch_root(root, old, new)


class _Patcher:
    def __init__(self, text: str) -> None:
        self.text = text

    def patch_root(self, root: Mapping, old: dict[str, Any], new: dict[str, Any]) -> str:
        if root.is_flow or not root.items:
            raise CannotPatch
        begin = self._line_start(root.items[0][0])
        end = self._body_end(root)
        body = self._patch_block(root, old, new, depth=0)
        return self.text[:begin] + body + self.text[end:]

    def _patch_block(
        self,
        node: Mapping,
        old: dict[str, Any],
        new: dict[str, Any],
        *,
        depth: int,
        ordered: bool = False,
    ) -> str:
        """Return the lines of a mapping, from the line of its first key to that of its last value."""
        indent = self._indent(node.items[0][0])
        values = {key.value: (key, value) for key, value in node.items}
        kept = [key for key in values if key in new or key not in old]
        if ordered and kept != [key for key in new if key in values]:
            kept = [key for key in new if key in values]
        bodies: dict[str, list[str]] = {}
        for key in kept:
            bodies[key] = [self._patch_entry(*values[key], old, new, depth=depth)]
        for key in _find_added(values, old, new):
            write = emit_field(key, new[key]) if not depth else emit_entry(key, new[key], indent)
            bodies[key] = [f"{line}\n" for line in write]
        order = _insert_added(kept, new, bodies)
        leads, tail = self._share_leads(node, set(kept))
        return "".join(leads.get(key, "") + "".join(bodies[key]) for key in order) + tail

    def _patch_entry(
        self, key: Scalar, value: Value, old: dict[str, Any], new: dict[str, Any], *, depth: int
    ) -> str:
        begin, end = self._line_start(key), self._value_end(key, value)
        stop = self._line_end(end)
        name = key.value
        if name not in new or (name in old and same(old[name], new[name])):
            return self.text[begin:stop]
        before, after = old.get(name), new[name]
        inside = self._patch_inside(key, value, before, after, depth=depth)
        if inside is not None:
            return self.text[begin : self._first_line(value)] + inside
        if self._is_inline(value):
            changed = self._patch_inline(value, before, after)
            return self.text[begin : value.place.start] + changed + self.text[end:stop]
        indent = self._indent(key)
        lines = emit_field(name, after) if not depth else emit_entry(name, after, indent)
        return "".join(f"{line}\n" for line in lines)

    def _patch_inside(
        self, key: Scalar, value: Value, before: Any, after: Any, *, depth: int
    ) -> str | None:
        """Return the lines of a collection that goes on line by line, or None where it does not."""
        if value.place.shared or value.place.anchored or not after:
            return None
        if self._is_inline(value) or value.place.line == key.place.line:
            return None
        if isinstance(value, Mapping) and isinstance(before, dict) and isinstance(after, dict):
            ordered = depth == 0 and key.value in SECTIONS
            return self._patch_block(value, before, after, depth=depth + 1, ordered=ordered)
        if isinstance(value, Items) and isinstance(before, list) and isinstance(after, list):
            return self._patch_items(value, before, after)
        return None

    def _patch_items(self, node: Items, old: list[Any], new: list[Any]) -> str:
        """Return the lines of a list; items are known again by what they say."""
        prefix = self.text[self._line_start(node.items[0]) : node.items[0].place.start]
        if prefix.strip() != "-" or len(old) != len(node.items):
            raise CannotPatch
        free = list(range(len(old)))
        chosen: list[int | None] = []
        for value in new:
            found = next((index for index in free if same(old[index], value)), None)
            if found is not None:
                free.remove(found)
            chosen.append(found)
        leads, tail = self._share_item_leads(node, set(free))
        lines = []
        for index, value in zip(chosen, new, strict=True):
            if index is None:
                lines.append(f"{prefix}{emit_inline(value)}\n")
            else:
                item = node.items[index]
                stop = self._line_end(self._content_end(item))
                lines.append(leads[index] + self.text[self._line_start(item) : stop])
        return "".join(lines) + tail

    def _patch_inline(self, value: Value, before: Any, after: Any) -> str:
        """Return the new text of a value that stands between other things on its line."""
        whole = isinstance(value, Mapping) and isinstance(before, dict) and isinstance(after, dict)
        if not whole or value.place.shared or value.place.anchored:
            return emit_inline(after)
        assert isinstance(value, Mapping)
        values = {key.value: (key, item) for key, item in value.items}
        if not all(self._is_inline(item) for _, item in values.values()):
            return emit_inline(after)
        kept = [key for key in values if key in after or key not in before]
        added = _find_added(values, before, after)
        bodies = {key: self._patch_pair(*values[key], before, after) for key in kept}
        if len(kept) == len(values) and not added:
            return self._splice(value, bodies)
        bodies |= {key: emit_inline({key: after[key]})[1:-1] for key in added}
        return "{" + ", ".join(bodies[key] for key in _insert_added(kept, after, bodies)) + "}"

    def _patch_pair(
        self, key: Scalar, item: Value, before: dict[str, Any], after: dict[str, Any]
    ) -> str:
        name = key.value
        if name not in after or (name in before and same(before[name], after[name])):
            return self.text[key.place.start : item.place.end]
        changed = self._patch_inline(item, before.get(name), after[name])
        return self.text[key.place.start : item.place.start] + changed

    def _splice(self, value: Mapping, bodies: dict[str, str]) -> str:
        parts, at = [], value.place.start
        for key, item in value.items:
            parts += [self.text[at : key.place.start], bodies[key.value]]
            at = item.place.end
        return "".join(parts) + self.text[at : value.place.end]

    # --- places ---------------------------------------------------------------------------------

    def _is_inline(self, value: Value) -> bool:
        if isinstance(value, Scalar):
            return value.place.end > value.place.start and self.text[value.place.start] not in "|>"
        return value.is_flow or value.place.shared

    def _line_start(self, value: Value) -> int:
        return self.text.rfind("\n", 0, value.place.start) + 1

    def _first_line(self, value: Value) -> int:
        if isinstance(value, Mapping):
            return self._line_start(value.items[0][0])
        assert isinstance(value, Items)
        return self._line_start(value.items[0])

    def _indent(self, key: Scalar) -> int:
        blank = self.text[self._line_start(key) : key.place.start]
        if blank.strip(" "):
            raise CannotPatch
        return len(blank)

    def _line_end(self, offset: int) -> int:
        return self.text.index("\n", offset) + 1

    def _value_end(self, key: Scalar, value: Value) -> int:
        if value.place.end == value.place.start and isinstance(value, Scalar):
            return self.text.index(":", key.place.end) + 1
        return self._content_end(value)

    def _content_end(self, value: Value) -> int:
        if isinstance(value, Scalar) or value.is_flow or value.place.shared:
            return self._strip_back(value.place.end)
        if isinstance(value, Mapping):
            return self._value_end(*value.items[-1])
        return self._content_end(value.items[-1])

    def _strip_back(self, offset: int) -> int:
        while offset and self.text[offset - 1].isspace():
            offset -= 1
        return offset

    def _body_end(self, node: Mapping) -> int:
        return self._line_end(self._content_end(node))

    # --- comments and blank lines above entries -----------------------------------------------------

    def _share_leads(self, node: Mapping, kept: set[str]) -> tuple[dict[str, str], str]:
        spans = [
            (self._line_start(key), self._line_end(self._value_end(key, value)))
            for key, value in node.items
        ]
        names = [key.value for key, _ in node.items]
        leads, tail = self._collect(spans, [name in kept for name in names])
        return dict(zip(names, leads, strict=True)), tail

    def _share_item_leads(self, node: Items, gone: set[int]) -> tuple[list[str], str]:
        spans = [
            (self._line_start(item), self._line_end(self._content_end(item))) for item in node.items
        ]
        return self._collect(spans, [index not in gone for index in range(len(spans))])

    def _collect(
        self, spans: Sequence[tuple[int, int]], kept: Sequence[bool]
    ) -> tuple[list[str], str]:
        """Return what stands above each entry; what stood above one that goes moves to the next."""
        leads, waiting, at = [], "", spans[0][0]
        for (begin, end), stays in zip(spans, kept, strict=True):
            lead = self.text[at:begin]
            at = end
            if stays:
                leads.append(waiting + lead)
                waiting = ""
            else:
                leads.append("")
                waiting += lead if lead.strip() else ""
        return leads, waiting


def _find_added(values: dict[str, Any], old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [
        key for key in new if key not in values and not (key in old and same(old[key], new[key]))
    ]


def _insert_added(kept: list[str], new: dict[str, Any], bodies: dict[str, Any]) -> Iterator[str]:
    """Yield all keys: those kept in their order, new ones behind the key they follow in `new`."""
    order = list(kept)
    before: str | None = None
    for key in new:
        if key in bodies and key not in order:
            order.insert(0 if before is None else order.index(before) + 1, key)
        if key in order:
            before = key
    return iter(order)
