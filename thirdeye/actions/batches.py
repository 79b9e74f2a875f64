"""Long lists in parts that one statement or transaction can take."""

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

BATCH_SIZE: Final = 1_000
Value = TypeVar("Value")


def batches(values: Sequence[Value]) -> Iterator[Sequence[Value]]:
    """The values in order, up to BATCH_SIZE at a time."""
    for start in range(0, len(values), BATCH_SIZE):
        yield values[start : start + BATCH_SIZE]
