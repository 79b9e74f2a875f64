"""Which of the processes that serve one port together this one is."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ServingProcess:
    """The process `number` of `count`, from 0. `folder` is theirs alone, for as long as they serve."""

    number: int
    count: int
    folder: Path

    def socket_of(self, number: int) -> Path:
        """Where a process tells the others its metrics."""
        return self.folder / f"metrics-{number}.sock"

    @property
    def columns(self) -> Path:
        """Where the columns of the estate are that all have in memory."""
        return self.folder / "columns"

    @property
    def log_lock(self) -> Path:
        """Held while lines are written to the output that all have: pipes mix what is longer than a page."""
        return self.folder / "log.lock"
