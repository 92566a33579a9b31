"""Nested values in, the same without secrets out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import SecretBytes, SecretStr
from pydantic.types import Secret

_SECRET_TYPES = (SecretStr, SecretBytes, Secret)


def is_secret(value: object) -> bool:
    """Whether `value` masks itself."""
    return isinstance(value, _SECRET_TYPES)


def drop_secrets(value: Any) -> Any:
    """Return `value` with secrets left out of its mappings, lists and tuples, at every depth.

    Example:
        >>> drop_secrets({"user": "ada", "password": SecretStr("x")})
        {'user': 'ada'}
    """
    if isinstance(value, Mapping):
        return {key: drop_secrets(item) for key, item in value.items() if not is_secret(item)}
    if type(value) in (list, tuple):
        return type(value)(drop_secrets(item) for item in value if not is_secret(item))
    return value
