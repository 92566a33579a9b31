"""A frozen dataclass in, a second way to make its instances out, at under half the cost.

Python sets each field of a frozen instance by a slow call: 0.1 µs each, 5 µs for the facts and calls that a
trivial node takes. Here an instance is filled while it is of a twin class, which has the same slots and is
not frozen, and turns to its own class when it is complete: whoever gets it finds it frozen.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, field, fields, make_dataclass
from typing import Any, TypeVar

Made = TypeVar("Made")


def make_quick(cls: type[Made]) -> type[Made]:
    """Return what is called as `cls` is, and gives an instance of `cls`.

    Args:
        cls: A frozen dataclass with slots, all fields by name only, and no `__post_init__`.

    Example:
        >>> make_preview = make_quick(Preview)
        >>> make_preview(type="int", summary="1") == Preview(type="int", summary="1")
        True
    """

    def turn(self: Any) -> None:
        self.__class__ = cls

    own: Any = cls
    given = [(each.name, Any, _copy(each)) for each in fields(own)]
    filled: Any = make_dataclass(
        cls.__name__, given, kw_only=True, namespace={"__post_init__": turn}
    )
    body = {
        "__slots__": own.__slots__,
        "__init__": filled.__init__,
        "__post_init__": turn,
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,  # one slot of the class holds both
    }
    return type(cls.__name__, cls.__bases__, body)


def _copy(of: Field[Any]) -> Any:
    """Return a field with the same default."""
    if of.default is not MISSING:
        return field(default=of.default)
    if of.default_factory is not MISSING:
        return field(default_factory=of.default_factory)
    return field()
