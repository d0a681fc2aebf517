"""JSON as PostgreSQL can hold it. Pure."""

from typing import Any


def storable(value: Any) -> Any:
    """The value with the replacement character for NUL, which PostgreSQL holds in no text."""
    if isinstance(value, str):
        return value.replace("\0", "\ufffd")
    if isinstance(value, dict):
        return {storable(name): storable(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value
