"""How much work it is to follow a verdict. Pure."""

from enum import StrEnum

from thirdeye.inventory.verdicts import Verdict


class Effort(StrEnum):
    """How much."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


def effort(verdict: Verdict, *, owners: int, is_written: bool) -> Effort | None:
    """To agree with several owners is most of it, then to stop what writes the table; None where it stays."""
    if verdict is Verdict.KEEP:
        return None
    if owners > 1:
        return Effort.HIGH
    return Effort.MEDIUM if is_written or verdict is Verdict.STOP_REFRESH else Effort.LOW
