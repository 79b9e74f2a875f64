"""A question that a view asks."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Question:
    """An operation with its variables. `first`: the view asks it when it opens, with its others at once."""

    view: str
    name: str
    operation: str
    variables: dict[str, Any] = field(default_factory=dict)
    first: bool = False
