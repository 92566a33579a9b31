"""What a Map gets in, its items under names out; and what one item gave in, its result out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dagy_nb.errors import ConversionError
from dagy_nb.model.connector import Direction
from dagy_nb.model.datatype import DataType
from dagy_nb.model.flow import MAX_NODES
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.tables import count_rows, group_rows, load_table, slice_rows
from dagy_nb.nodes.values import check_value, is_of_type

ITEM = "item"
_VALUELESS = frozenset({DataType.ERROR, DataType.SIGNAL})


def list_elements(items: Any, *, by: str, size: int | None, combine: str = "list") -> list[Any]:
    """Return what a Map goes over.

    Args:
        items: A list, tuple, array or table.
        by: Column whose values part a table; empty for none.
        size: Rows of one part of a table, or items of one part of a list; None for none.
        combine: `table` where the parts must lead to a table: then one without rows is one part.

    Raises:
        ConversionError: `convert.no_list`, `convert.no_partition`, `convert.no_column`,
            `convert.too_many`.
    """
    if is_of_type(items, DataType.TABLE):
        found = _part_table(load_table(items), by=by, size=size, combine=combine)
    elif by:
        raise _refuse(items, "only a table can be parted by a column", "no_partition")
    elif isinstance(items, list | tuple):
        found = _part_list(items, size)
    elif is_of_type(items, DataType.ARRAY) and items.shape:
        found = _part_list(list(items), size)
    else:
        raise _refuse(items, "it is no list, array or table", "no_list")
    if len(found) > MAX_NODES:
        raise ConversionError(
            f"{len(found):,} items are too many; {MAX_NODES:,} are allowed.",
            code="convert.too_many",
            suggestion="Set partition_size, so that one node run takes several of them.",
        )
    return found


def name_elements(count: int) -> list[str]:
    """Return the node ids of so many items, such as `item_0001`."""
    width = max(4, len(str(count)))
    return [f"{ITEM}_{number:0{width}}" for number in range(1, count + 1)]


def choose_inputs(spec: NodeSpec, own: str, common: str) -> tuple[str, str]:
    """Return the inputs for the item and for the shared value; empty where there is none.

    Args:
        spec: The node type.
        own: The input for the item; empty chooses.
        common: The input for the shared value; empty chooses.

    Raises:
        ConversionError: `convert.no_input`, where it has no such input, or several could be meant, or a
            required one would get nothing.
    """
    names = [each.name for each in spec.inputs if DataType.ERROR not in each.data_types]
    required = [each.name for each in spec.inputs if each.is_required]
    for name in (own, common):
        if name and spec.connector(name, Direction.INPUT) is None:
            raise _refuse_input(f"{spec.type} has no input {name!r}", names)
    open_ones = [name for name in required if name not in (own, common)]
    if not own:
        choice = open_ones or [name for name in names if name != common]
        if len(choice) != 1:
            raise _refuse_input(
                f"{spec.type} has {len(choice)} inputs that could take the item", names
            )
        own = choice[0]
    rest = [name for name in names if name != own]
    if not common:
        needed = [name for name in required if name != own]
        common = needed[0] if len(needed) == 1 else rest[0] if len(rest) == 1 else ""
    left = [name for name in required if name not in (own, common)]
    if left or own == common:
        raise _refuse_input(
            f"{spec.type}.{(left or [own])[0]} would get no value of its own", names
        )
    return own, common


def refuse_missing(spec: NodeSpec, common: str) -> None:
    """Raise where no value came for an input that needs one, before each item fails by it.

    Args:
        spec: The node type.
        common: The input for the shared value; empty for none.

    Raises:
        ConversionError: `convert.no_input`.
    """
    connector = spec.connector(common, Direction.INPUT) if common else None
    if connector is None or not connector.is_required:
        return
    if check_value(None, connector.data_types) is not None:
        raise ConversionError(
            f"{spec.type}.{common} needs a value, and none came into `shared`.",
            code="convert.no_input",
            suggestion="Lead an output into `shared` of the Map.",
        )


def read_value(spec: NodeSpec, outputs: Mapping[str, Any]) -> Any:
    """Return the value of a node's only output that carries one, else a mapping of all of them."""
    names = [each.name for each in spec.outputs if not _VALUELESS.intersection(each.data_types)]
    if len(names) == 1:
        return outputs.get(names[0])
    return {name: outputs.get(name) for name in names}


def _part_list(items: Sequence[Any], size: int | None) -> list[Any]:
    if size is None:
        return list(items)
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


def _part_table(table: Any, *, by: str, size: int | None, combine: str) -> list[Any]:
    if not by and size is None:
        raise _refuse(table, "the Map does not say how to part a table", "no_partition")
    rows = count_rows(table) or 0
    if not rows and combine == "table":
        return [table]
    if by:
        return list(group_rows(table, by))
    assert size is not None
    return [slice_rows(table, start, size) for start in range(0, rows, size)]


def _refuse(items: Any, why: str, code: str) -> ConversionError:
    return ConversionError(
        f"A Map cannot go over this {type(items).__name__}: {why}.",
        code=f"convert.{code}",
        suggestion="Lead a list into it, or a table and set partition_by or partition_size.",
    )


def _refuse_input(what: str, names: Sequence[str]) -> ConversionError:
    return ConversionError(
        f"{what}.",
        code="convert.no_input",
        suggestion=f"Its inputs are: {', '.join(names) or 'none'}; set `input` and `shared_input`.",
    )
