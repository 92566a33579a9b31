"""Specs of all node types in, the palette with the computed table of types out (D5)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dagy_nb.checks.rules import RULES
from dagy_nb.model.connector import ConnectorSpec
from dagy_nb.model.datatype import compare_accepted
from dagy_nb.model.frozen import thaw
from dagy_nb.model.spec import NodeSpec
from dagy_nb.protocol.draw import draw_connector
from dagy_nb.protocol.picture import PalettePicture, RulePicture, TypePicture, VerdictPicture

CONTROL = "Control"
Table = dict[str, dict[str, VerdictPicture]]


def draw_palette(specs: Mapping[str, NodeSpec], *, revision: int = 0) -> PalettePicture:
    """Return the picture of the palette.

    Args:
        specs: Node type → spec.
        revision: Of the registry.
    """
    ordered = sorted(specs.values(), key=_rank)
    return PalettePicture(
        revision=revision,
        types=tuple(draw_type(each) for each in ordered),
        table=draw_table(
            (each for spec in ordered for each in spec.outputs),
            (each for spec in ordered for each in spec.inputs),
        ),
        rules={
            code: RulePicture(message=rule.message, suggestion=rule.suggestion)
            for code, rule in sorted(RULES.items())
        },
    )


def draw_type(spec: NodeSpec) -> TypePicture:
    """Return the picture of a node type as the palette shows it."""
    words = (spec.type, _label(spec), spec.description, spec.category, *spec.tags)
    return TypePicture(
        type=spec.type,
        label=_label(spec),
        description=spec.description,
        category=spec.category,
        tags=spec.tags,
        icon=spec.icon,
        origin=str(spec.origin),
        version=spec.version,
        runner=spec.own_runner.value,
        timeout=spec.timeout,
        retries=spec.retries,
        retry=spec.retry,
        no_retry=_refuse_retry(spec),
        memory_mb=spec.memory_mb,
        side_effects=spec.side_effects,
        unavailable=spec.unavailable,
        inputs=tuple(draw_connector(each) for each in spec.inputs),
        outputs=tuple(draw_connector(each) for each in spec.outputs),
        config_schema=thaw(spec.config_schema),
        config_defaults=thaw(spec.config_defaults),
        search=" ".join(" ".join(words).lower().split()),
    )


def draw_table(outputs: Iterable[ConnectorSpec], inputs: Iterable[ConnectorSpec]) -> Table:
    """Return output `type_key` → input `type_key` → verdict, from the one matrix."""
    sources = {each.type_key: each.data_types for each in outputs}
    targets = {each.type_key: each.data_types for each in inputs}
    table: Table = {}
    for source, source_types in sorted(sources.items()):
        table[source] = {}
        for target, target_types in sorted(targets.items()):
            answer = compare_accepted(source_types, target_types)
            table[source][target] = VerdictPicture(
                verdict=answer.verdict.value,
                code=answer.code,
                reason=answer.reason,
                suggestion=answer.suggestion,
            )
    return table


def _rank(spec: NodeSpec) -> tuple[bool, str, str, str]:
    # What comes with us stands below what the user made.
    is_control = spec.category == CONTROL
    return is_control, spec.category.lower(), _label(spec).lower(), spec.type


def _refuse_retry(spec: NodeSpec) -> str:
    if spec.side_effects:
        return "It has side effects."
    return "" if spec.safe_to_retry else "It is not safe to retry."


def _label(spec: NodeSpec) -> str:
    return spec.label or spec.type
