"""What `execute` returned in, outputs by connector out, checked against the declaration (D10).

`execute` may return

- a mapping from output to value, or an `ExecutionResult`,
- the bare value, where exactly one output carries a value (ERROR and SIGNAL outputs do not count),
- nothing, where no output must have a value.

A mapping whose keys are all declared outputs is read by its keys; any other mapping is the bare value of a
sole output, if that takes it. An OPTIONAL output may be left out, or be None where its types do not take
None: then the branch behind it is not taken. SIGNAL outputs need no value, and drop any. An ERROR output
gets its value from the engine when the node fails.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from dagy_nb.errors import ContractError
from dagy_nb.model.connector import Cardinality, ConnectorSpec
from dagy_nb.model.datatype import DataType
from dagy_nb.model.spec import NodeSpec
from dagy_nb.nodes.result import ExecutionResult
from dagy_nb.nodes.values import advise_type, check_value

if TYPE_CHECKING:
    from dagy_nb.nodes.base import FlowNode

_VALUELESS = frozenset({DataType.ERROR, DataType.SIGNAL})
_SCALARS = (True, 1, 1.0, "text")
_PLAIN = frozenset({int, float, str, bool, type(None), list, tuple, bytes})


class Contract:
    """What a node type declares of its outputs, sorted out once.

    Attributes:
        secret: Names of the outputs whose values are never shown.
        carrying: The outputs that take a value.
        sole: The name of the one output there is, if it takes a value; else empty.
        fitting: Classes whose every bare value is what the sole output takes: no need to look at it.
    """

    def __init__(self, spec: NodeSpec) -> None:
        self.spec = spec
        self.outputs = spec.outputs
        self.names = frozenset(each.name for each in self.outputs)
        self.secret = frozenset(each.name for each in self.outputs if each.secret)
        self.carrying = tuple(
            each for each in self.outputs if not _VALUELESS.intersection(each.data_types)
        )
        self.sole = self.outputs[0].name if len(self.outputs) == len(self.carrying) == 1 else ""
        self.fitting = _find_fitting(self.outputs[0]) if self.sole else frozenset()


_CONTRACTS: WeakKeyDictionary[type, Contract] = WeakKeyDictionary()


def take_outputs(node_class: type[FlowNode], result: Any) -> dict[str, Any]:
    """Return output → value, complete and of the declared types.

    Raises:
        ContractError: `contract.unknown_output`, `contract.missing_output`, `contract.wrong_type`,
            `contract.generator`, `contract.not_a_mapping`; names connector, expected and got.
    """
    return take_by(find_contract(node_class), result)


def take_by(contract: Contract, result: Any) -> dict[str, Any]:
    """Return output → value as `take_outputs` does, of a class whose contract is at hand."""
    # Nearly every trivial node ends here: that saves it 2 µs.
    kind, sole = type(result), contract.sole
    if kind in contract.fitting:
        return {sole: result}
    if kind is dict and len(result) == 1 and type(result.get(sole)) in contract.fitting:
        return {sole: result[sole]}
    given = _by_name(contract, result)
    outputs: dict[str, Any] = {}
    for connector in contract.outputs:
        if connector.name in given:
            _put(outputs, contract.spec, connector, given[connector.name])
        elif _may_miss(connector):
            continue
        elif DataType.SIGNAL in connector.data_types:
            outputs[connector.name] = None
        else:
            raise _missing(contract.spec, connector, given)
    return outputs


def find_secret_outputs(node_class: type[FlowNode]) -> frozenset[str]:
    """Return the names of the outputs whose values are never shown."""
    return find_contract(node_class).secret


def find_contract(node_class: type[FlowNode]) -> Contract:
    """Return what a node type declares of its outputs, sorted out once."""
    contract = _CONTRACTS.get(node_class)
    if contract is None:
        contract = _CONTRACTS[node_class] = Contract(node_class.spec)
    return contract


def _find_fitting(connector: ConnectorSpec) -> frozenset[type]:
    return frozenset(
        type(example) for example in _SCALARS if check_value(example, connector.data_types) is None
    )


def _by_name(contract: Contract, result: Any) -> Mapping[str, Any]:
    carrying = contract.carrying
    if len(carrying) == 1 and type(result) in _PLAIN:
        return {carrying[0].name: result}
    if isinstance(result, ExecutionResult):
        return _check_names(contract, result.outputs)
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        raise _refuse_generator(contract.spec, result)
    if isinstance(result, Mapping) and _is_by_name(contract, result):
        return _check_names(contract, result)
    if len(carrying) == 1:
        return {carrying[0].name: result}
    if result is None:
        return {}
    raise _refuse_bare(contract.spec, result, carrying)


def _is_by_name(contract: Contract, result: Mapping[Any, Any]) -> bool:
    carrying = contract.carrying
    if len(carrying) != 1 or (result and contract.names.issuperset(result)):
        return True
    return check_value(result, carrying[0].data_types) is not None


def _check_names(contract: Contract, given: Mapping[Any, Any]) -> Mapping[str, Any]:
    if contract.names.issuperset(given):
        return given
    declared = [each.name for each in contract.outputs]
    unknown = next(key for key in given if key not in contract.names)
    raise ContractError(
        f"{contract.spec.type} returned {_shorten(unknown)}, which is none of its outputs.",
        code="contract.unknown_output",
        connector=_shorten(unknown),
        expected=", ".join(declared) or "no outputs",
        got=", ".join(_shorten(key) for key in list(given)[:10]),
        suggestion=f"Its outputs are: {', '.join(declared) or 'none'}.",
    )


def _put(outputs: dict[str, Any], spec: NodeSpec, connector: ConnectorSpec, value: Any) -> None:
    if connector.data_types == (DataType.SIGNAL,):
        outputs[connector.name] = None
        return
    why_not = check_value(value, connector.data_types)
    if why_not is None:
        outputs[connector.name] = value
    elif value is not None or not _may_miss(connector):
        raise ContractError(
            f"{spec.type}.{connector.name} must be {_name_types(connector)}: {why_not}",
            code="contract.wrong_type",
            connector=connector.name,
            expected=_name_types(connector),
            got=type(value).__name__,
            suggestion=advise_type(
                value,
                connector.data_types,
                f"Return a value of that type, or declare the type of {connector.name} otherwise.",
            ),
        )


def _may_miss(connector: ConnectorSpec) -> bool:
    is_error = DataType.ERROR in connector.data_types
    return is_error or connector.cardinality is Cardinality.OPTIONAL


def _missing(spec: NodeSpec, connector: ConnectorSpec, given: Mapping[str, Any]) -> ContractError:
    return ContractError(
        f"{spec.type} returned no value for its output {connector.name}.",
        code="contract.missing_output",
        connector=connector.name,
        expected=_name_types(connector),
        got=", ".join(given) or "nothing",
        suggestion=f"Return a mapping with the key {connector.name!r}, or declare the output with the "
        "cardinality `optional`.",
    )


def _refuse_generator(spec: NodeSpec, result: Any) -> ContractError:
    return ContractError(
        f"{spec.type}.execute is a generator: it yields, and nobody takes what it yields.",
        code="contract.generator",
        expected=", ".join(each.name for each in spec.outputs) or "nothing",
        got=type(result).__name__,
        suggestion="Return the value; collect with `list(...)` what you would yield.",
    )


def _refuse_bare(spec: NodeSpec, result: Any, carrying: Sequence[ConnectorSpec]) -> ContractError:
    names = ", ".join(each.name for each in carrying)
    return ContractError(
        f"{spec.type} returned a bare {type(result).__name__}, but has "
        + (f"several outputs: {names}." if carrying else "no output that takes a value."),
        code="contract.not_a_mapping",
        expected=f"a mapping with {names}" if carrying else "nothing",
        got=type(result).__name__,
        suggestion="Return a mapping from output to value." if carrying else "Declare an output.",
    )


def _name_types(connector: ConnectorSpec) -> str:
    return " or ".join(connector.data_types)


def _shorten(key: Any) -> str:
    text = key if isinstance(key, str) else f"a key of type {type(key).__name__}"
    return repr(text[:100]) if isinstance(key, str) else text
