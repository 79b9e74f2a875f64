"""What a refresh found odd in OM's rows: counted by code, with one example each."""

from typing import TypedDict

_MAX_EXAMPLE_LENGTH = 512


class WarningEntry(TypedDict):
    """One kind of oddity, as a run's row stores it."""

    code: str
    count: int
    example: str


class RefreshWarnings:
    """Counts the warnings of one refresh and keeps the first example of each code."""

    def __init__(self) -> None:
        self._entries: dict[str, WarningEntry] = {}

    def add(self, code: str, example: str, count: int = 1) -> None:
        """Counts `count` more warnings of this code."""
        if count <= 0:
            return
        entry = self._entries.setdefault(code, {"code": code, "count": 0, "example": example[:_MAX_EXAMPLE_LENGTH]})
        entry["count"] += count

    @property
    def entries(self) -> list[WarningEntry]:
        """The warnings so far, by code."""
        return [self._entries[code] for code in sorted(self._entries)]
