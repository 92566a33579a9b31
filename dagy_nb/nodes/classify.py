"""A name of the notebook and its value in, where else that very value can be found out."""

from __future__ import annotations

import builtins
import sys
import typing
from collections.abc import Mapping
from types import FunctionType, ModuleType
from typing import Any

from dagy_nb.nodes.bundle import CELLS, CellBundle, DefinedObject, ImportedModule, ImportedObject
from dagy_nb.nodes.constants import NoConstant
from dagy_nb.nodes.source import unwrap

# What a node's cell may use although nobody imported it.
PRELUDE: Mapping[str, ImportedObject] = {
    "FlowNode": ImportedObject("dagy_nb.nodes.base", "FlowNode"),
    "Input": ImportedObject("dagy_nb.nodes.connectors", "Input"),
    "Output": ImportedObject("dagy_nb.nodes.connectors", "Output"),
    "DataType": ImportedObject("dagy_nb.model.datatype", "DataType"),
    "ExecutionContext": ImportedObject("dagy_nb.nodes.context", "ExecutionContext"),
    "ExecutionResult": ImportedObject("dagy_nb.nodes.result", "ExecutionResult"),
    "node": ImportedObject("dagy_nb.nodes.function", "node"),
    "Field": ImportedObject("pydantic", "Field"),
    "SecretStr": ImportedObject("pydantic", "SecretStr"),
}
_MAIN = frozenset({"__main__", "__mp_main__"})
_TYPE_ALIAS: Any = getattr(typing, "TypeAliasType", ())
_VALUES = (bool, int, float, complex, str, bytes, tuple, frozenset, type(None))


def is_builtin(name: str, value: Any) -> bool:
    """Whether a name means the builtin of that name, if in IPython's own version."""
    if not hasattr(builtins, name):
        return False
    inner = unwrap(value)
    home = str(getattr(value, "__module__", ""))
    return inner is getattr(builtins, name) or home.partition(".")[0] == "IPython"


def follow_alias(value: Any) -> Any:
    """Return what a `type` statement of a notebook, which Python has from 3.12 on, stands for.

    Raises:
        NoConstant: It stands for nothing yet, or for itself.
    """
    seen: list[Any] = []
    while isinstance(value, _TYPE_ALIAS) and value.__module__ in _MAIN:
        if value in seen or value.__type_params__:
            raise NoConstant("a type alias that stands for no one type")
        seen.append(value)
        try:
            value = value.__value__
        except Exception as error:  # noqa: BLE001  # any expression may stand in it
            raise NoConstant(f"a type alias of what is not there ({error})") from None
    return value


def bind_module(module: ModuleType) -> ImportedModule:
    """Return the binding of a module.

    Raises:
        NoConstant: Another process cannot import it.
    """
    name = module.__name__
    if sys.modules.get(name) is not module or getattr(module, "__spec__", None) is None:
        raise NoConstant(f"the module `{name}`, which no other process can import")
    return ImportedModule(name)


def find_defined(value: Any) -> DefinedObject | None:
    """Return the binding of what another cell's module holds, or None."""
    bundle = getattr(getattr(value, "__module__", None), "bundle", None)
    if not isinstance(bundle, CellBundle):
        return None
    qualname = getattr(value, "__qualname__", "")
    found = _look_up(sys.modules.get(bundle.module), qualname)
    return DefinedObject(bundle, qualname) if found is value else None


def find_importable(name: str, value: Any) -> ImportedObject | None:
    """Return where another process finds this very object by import, or None."""
    if name == "get_ipython" and "IPython" in sys.modules:
        return ImportedObject("IPython", "get_ipython")
    if type(value) in _VALUES:
        return None
    home = getattr(value, "__module__", None)
    for place in (getattr(value, "__qualname__", None), getattr(value, "__name__", None), name):
        if isinstance(home, str) and isinstance(place, str) and _is_at(home, place, value):
            return ImportedObject(home, place)
    if isinstance(value, FunctionType | type):
        return None
    found = next((each for each in list(sys.modules) if _is_at(each, name, value)), None)
    return ImportedObject(found, name) if found else None


def _is_at(module_name: str, qualname: str, value: Any) -> bool:
    module = sys.modules.get(module_name)
    if not isinstance(module, ModuleType) or module_name in _MAIN:
        return False
    if vars(module).get("__spec__") is None:
        return False
    if module_name.partition(".")[0] == CELLS:
        return False
    return _look_up(module, qualname) is value


def _look_up(module: ModuleType | None, qualname: str) -> Any:
    """Return what a module holds under a dotted name, without running any module's `__getattr__`."""
    first, *rest = qualname.split(".")
    found = vars(module).get(first) if module is not None else None
    for part in rest:
        found = getattr(found, part, None)
    return found
