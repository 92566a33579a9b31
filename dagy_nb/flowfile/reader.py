"""Text in, the tree of its YAML values out, built from the parser's events: the only speaker of ruamel.yaml.

Only its parser is used, never a constructor: no tag can make an object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from dagy_nb.errors import FlowTextError
from dagy_nb.flowfile.scalars import NumberRefused, read_plain
from dagy_nb.flowfile.syntax import describe_syntax, locate
from dagy_nb.flowfile.values import Mapping, Place, Scalar, Sequence, Value, refuse

MAX_DEPTH = 60
MAX_VALUES = 500_000


def read_tree(text: str) -> Value | None:
    """Return the one document of a text as a tree; see `dagy_nb.flowfile.tree.parse_text`."""
    try:
        return _Reader(text).read()
    except ReaderError as error:
        line, column = locate(text, error.position)
        raise FlowTextError(
            f"The character U+{ord(text[error.position]):04X} cannot stand in a text.",
            code="text.character",
            suggestion='Write it as "\\u….", in double quotes.',
            line=line,
            column=column,
        ) from None
    except MarkedYAMLError as error:
        raise describe_syntax(text, error) from None
    except (ValueError, OverflowError) as error:
        raise refuse(
            "text.syntax", f"This is no YAML: {error}.", suggestion='Look at escapes like "\\U….".'
        ) from None


@dataclass(slots=True)
class _Open:
    """A collection whose end has not come yet."""

    event: Any
    items: list[Value] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)
    size: int = 1


class _Reader:
    """Builds the tree from the parser's events."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.anchors: dict[str, Value | None] = {}
        self.stack: list[_Open] = []
        self.root: Value | None = None
        self.documents = 0
        self.count = 0

    def read(self) -> Value | None:
        for event in self._events():
            if isinstance(event, MappingStartEvent | SequenceStartEvent):
                self._open(event)
            elif isinstance(event, MappingEndEvent | SequenceEndEvent):
                self._close(event)
            elif isinstance(event, ScalarEvent):
                self._take(self._read_scalar(event))
            elif isinstance(event, AliasEvent):
                self._take(self._follow(event))
            elif isinstance(event, DocumentStartEvent):
                self._begin_document(event)
        if isinstance(self.root, Scalar) and self.root.value is None and self.root.is_plain:
            return None
        return self.root

    def _events(self) -> Iterator[Any]:
        return YAML(typ="safe", pure=True).parse(self.text)  # type: ignore[no-any-return]

    def _begin_document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise refuse(
                "text.documents",
                "A second document begins here; a text is one flow.",
                self._place(event),
                "Put each flow into a text of its own.",
            )

    def _open(self, event: Any) -> None:
        self._check_properties(event)
        if len(self.stack) >= MAX_DEPTH:
            raise refuse(
                "text.too_deep",
                f"Values are nested more than {MAX_DEPTH} levels deep.",
                self._place(event),
            )
        if event.anchor:
            self.anchors[event.anchor] = None
        self.stack.append(_Open(event))

    def _close(self, event: Any) -> None:
        opened = self.stack.pop()
        start, end = opened.event, event.end_mark.index
        place = replace(self._place(start), end=end, anchored=bool(start.anchor))
        made: Value
        if isinstance(start, MappingStartEvent):
            pairs = zip(opened.items[::2], opened.items[1::2], strict=True)
            items = tuple((key, item) for key, item in pairs if isinstance(key, Scalar))
            made = Mapping(place=place, items=items, is_flow=start.flow_style, size=opened.size)
        else:
            made = Sequence(
                place=place,
                items=tuple(opened.items),
                is_flow=start.flow_style,
                size=opened.size,
            )
        if start.anchor:
            self.anchors[start.anchor] = made
        self._take(made)

    def _read_scalar(self, event: Any) -> Scalar:
        self._check_properties(event)
        place = self._place(event)
        is_plain = event.style is None
        try:
            value = read_plain(event.value) if is_plain else event.value
        except NumberRefused as error:
            raise refuse(
                error.code, f"{error}.", place, "Quote it where it is meant as text."
            ) from None
        scalar = Scalar(place=place, value=value, is_plain=is_plain)
        if event.anchor:
            scalar = replace(scalar, place=replace(place, anchored=True))
            self.anchors[event.anchor] = scalar
        return scalar

    def _follow(self, event: Any) -> Value:
        target = self.anchors.get(event.anchor)
        if target is None:
            known = event.anchor in self.anchors
            what = "refers to itself" if known else "refers to no anchor before it"
            raise refuse("text.alias", f"The alias *{event.anchor} {what}.", self._place(event))
        self.count += target.size
        return replace(target, place=replace(self._place(event), shared=True))

    def _take(self, value: Value) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            raise refuse(
                "text.too_many",
                f"The text stands for more than {MAX_VALUES:,} values.",
                value.place,
                "Aliases multiply what they stand for: write less of them.",
            )
        if not self.stack:
            self.root = value
            return
        opened = self.stack[-1]
        if isinstance(opened.event, MappingStartEvent) and len(opened.items) % 2 == 0:
            self._check_key(opened, value)
        opened.items.append(value)
        opened.size += value.size

    def _check_key(self, opened: _Open, key: Value) -> None:
        if not isinstance(key, Scalar) or not isinstance(key.value, str):
            shown = self.text[key.place.start : key.place.end][:40]
            raise refuse(
                "text.key_type",
                f"The key {shown or 'here'} is no text.",
                key.place,
                "Quote it." if isinstance(key, Scalar) else "Use a name as the key.",
            )
        if key.value == "<<" and key.is_plain:
            raise refuse(
                "text.merge_key",
                "YAML 1.2 has no merge keys (`<<`).",
                key.place,
                "Write the fields out.",
            )
        if key.value in opened.keys:
            raise refuse(
                "text.duplicate_key",
                f"The key {key.value!r} stands twice in one mapping.",
                key.place,
                "Remove or rename one of them.",
            )
        opened.keys[key.value] = None

    def _check_properties(self, event: Any) -> None:
        if event.tag is not None:
            raise refuse(
                "text.tag",
                f"The tag {event.tag} is not read: flow text makes no objects.",
                self._place(event),
                "Remove the tag; quote what is meant as text.",
            )

    def _place(self, event: Any) -> Place:
        mark = event.start_mark
        return Place(
            line=mark.line + 1,
            column=mark.column + 1,
            start=mark.index,
            end=event.end_mark.index,
        )
