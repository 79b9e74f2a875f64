"""What a refresh found odd in OM's rows: counted by code, with the first ones named."""

from collections import Counter
from typing import Final, TypedDict

_MAX_EXAMPLE_LENGTH: Final = 512
# So many of each code are named, of ODD_ROW so many of each of OM's tables.
MAX_EXAMPLES: Final = 20


class WarningEntry(TypedDict):
    """One kind of oddity, as a run's row stores it: `examples` are the first ones, `example` the first of all."""

    code: str
    count: int
    example: str
    examples: list[str]


class RefreshWarnings:
    """Counts the warnings of one refresh and keeps the first examples of each code."""

    def __init__(self) -> None:
        self._entries: dict[str, WarningEntry] = {}
        # By code and the table of OM's.
        self._named = Counter[tuple[str, str]]()

    def add(self, code: str, example: str, count: int = 1, *, table: str = "") -> None:
        """Counts `count` more warnings of this code; `table` is the one of OM's that has the row, where that matters."""
        if count <= 0:
            return
        entry = self._entries.get(code)
        if entry is None:
            first = shown(example)
            entry = self._entries[code] = {"code": code, "count": 0, "example": first, "examples": []}
        entry["count"] += count
        if self._named[code, table] < MAX_EXAMPLES and (text := shown(example)) not in entry["examples"]:
            self._named[code, table] += 1
            entry["examples"].append(text)

    def odd_row(self, table: str, row: str, problem: str, count: int = 1) -> None:
        """Counts rows of one of OM's tables that hold what cannot be: the id or key of one, and what is wrong with it."""
        self.add("ODD_ROW", f"{table} {row}: {problem}", count, table=table)

    @property
    def entries(self) -> list[WarningEntry]:
        """The warnings so far, by code."""
        return [self._entries[code] for code in sorted(self._entries)]


def shown(text: str) -> str:
    """A text out of OM's rows as logs and answers may have it: of one line, not too long, nothing that is no character."""
    cut = text[:_MAX_EXAMPLE_LENGTH]
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)
