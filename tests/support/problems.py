"""Problems (RFC 9457) as tests look at them."""

from collections.abc import Mapping
from typing import Any


def slug(problem: Mapping[str, Any]) -> str:
    """What a problem's type says without what all types begin with: ``not-found``."""
    return str(problem["type"]).rpartition(":")[2]
