"""A node type's spec in, the card that its cell shows out: text and HTML."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from dagy_nb.model.connector import Cardinality, ConnectorSpec, Direction
from dagy_nb.model.retry import RetrySpec
from dagy_nb.model.spec import NodeSpec

_MARKS = {Cardinality.OPTIONAL: " (optional)", Cardinality.MANY: " (many)"}
_QUIET = "color:var(--jp-content-font-color2, #757575)"
_LOUD = "color:var(--jp-error-color1, #d32f2f)"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCard:
    """What a cell has just defined.

    Attributes:
        spec: The node type.
        notices: What the cell captured, and anything else worth a line.
        changes: What differs from the definition before; empty for the first.
        broken: What no longer fits in open flows, one line each.
        coded: Which parts of its `retry` are the class's own code: `delay`, `when`.
    """

    spec: NodeSpec
    notices: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    coded: tuple[str, ...] = ()

    def __repr__(self) -> str:
        about = _first_line(self.spec.description)
        lines = [self._head(), *([f"  {about}"] if about else [])]
        width = max((len(word) for word, _, _ in self._rows()), default=0)
        lines += [f"  {word:<{width}}  {text}".rstrip() for word, text, _ in self._rows()]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        about = _first_line(self.spec.description)
        note = f'<div style="{_QUIET}">{escape(about)}</div>' if about else ""
        rows = "".join(_html_row(*row) for row in self._rows())
        return (
            f"<div><b>{escape(self.spec.type)}</b> "
            f'<span style="{_QUIET}">{escape(self._edition())}</span></div>{note}'
            f'<table style="text-align:left;margin:0">{rows}</table>'
        )

    def _head(self) -> str:
        return f"{self.spec.type}  {self._edition()}"

    def _edition(self) -> str:
        return f"version {self.spec.version}, revision {self.spec.revision}"

    def _rows(self) -> Iterator[tuple[str, str, bool]]:
        for each in self.spec.inputs:
            yield "in", _tell_connector(each), False
        for each in self.spec.outputs:
            yield "out", _tell_connector(each), False
        for name, field in self.spec.config_schema.get("properties", {}).items():
            yield "config", _tell_field(self.spec, name, field), False
        yield "runs", _tell_run(self.spec), False
        if self.spec.retries or self.spec.retry != RetrySpec() or self.coded:
            yield "retry", _tell_retry(self.spec.retry, self.coded), False
        for text in self.changes:
            yield "changed", text, False
        for text in self.notices:
            yield "note", text, False
        for text in self.broken:
            yield "broken", text, True


def _tell_connector(connector: ConnectorSpec) -> str:
    types = " or ".join(connector.data_types)
    about = f" — {_first_line(connector.description)}" if connector.description else ""
    # An output feeds any number of edges anyway, so only an input's cardinality is worth a word.
    mark = _MARKS.get(connector.cardinality, "") if connector.direction is Direction.INPUT else ""
    return f"{connector.name}: {types}{mark}{about}"


def _tell_field(spec: NodeSpec, name: str, field: Mapping[str, Any]) -> str:
    default = f" = {spec.config_defaults[name]!r}" if name in spec.config_defaults else ""
    about = f" — {_first_line(field['description'])}" if field.get("description") else ""
    return f"{name}: {_tell_type(field)}{default}{about}"


def _tell_type(field: Mapping[str, Any]) -> str:
    if "enum" in field:
        return " | ".join(repr(each) for each in field["enum"])
    choices = field.get("anyOf") or field.get("oneOf")
    if choices:
        return " | ".join(_tell_type(each) for each in choices)
    if "$ref" in field:
        return str(field["$ref"]).rsplit("/", 1)[-1]
    return str(field.get("format") or field.get("type") or "any")


def _tell_run(spec: NodeSpec) -> str:
    told = [spec.own_runner.value]
    if spec.timeout is not None:
        told.append(f"limit {spec.timeout:g} s")
    if spec.retries:
        told.append(f"{spec.retries} further attempt{'' if spec.retries == 1 else 's'}")
    if spec.memory_mb is not None:
        told.append(f"at most {spec.memory_mb:g} MB")
    return ", ".join(told)


def _tell_retry(retry: RetrySpec, coded: tuple[str, ...]) -> str:
    told = ["after " + " or ".join(retry.on)]
    if retry.errors:
        told.append(f"only {', '.join(retry.errors)}")
    if "when" in coded:
        told.append("where the class's `when` agrees")
    told.append("waits by the class's `delay`" if "delay" in coded else _tell_waits(retry))
    if retry.jitter:
        told.append(f"± {retry.jitter:.0%} by chance")
    return ", ".join(told)


def _tell_waits(retry: RetrySpec) -> str:
    if not retry.delay:
        return "at once"
    if isinstance(retry.delay, tuple):
        return f"waits {', '.join(f'{each:g}' for each in retry.delay)} s"
    growing = f" × {retry.backoff:g} each time" if retry.backoff > 1 else ""
    return f"waits {retry.delay:g} s{growing}"


def _html_row(word: str, text: str, loud: bool) -> str:
    cell = "text-align:left;vertical-align:top"
    style = f"{cell};{_LOUD}" if loud else cell
    return (
        f'<tr><td style="{cell};{_QUIET}">{escape(word)}</td>'
        f'<td style="{style}">{escape(text)}</td></tr>'
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else ""
