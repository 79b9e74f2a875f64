"""What a refresh found odd: counted by kind, with one example each."""

from typing import Any


class Problems:
    """Counts; `warnings` is what a run keeps of them."""

    def __init__(self) -> None:
        self._found: dict[str, dict[str, Any]] = {}

    def add(self, code: str, example: str, count: int = 1) -> None:
        """One more, or `count` more, of a kind."""
        if count <= 0:
            return
        entry = self._found.setdefault(code, {"code": code, "count": 0, "example": example[:512]})
        entry["count"] += count

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """By code: `code`, `count`, `example`."""
        return [self._found[code] for code in sorted(self._found)]
