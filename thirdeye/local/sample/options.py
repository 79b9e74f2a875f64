"""What decides an estate: nothing but these values."""

from dataclasses import dataclass
from datetime import date, timedelta

HISTORY_DAYS = 730
DAY_MS = 86_400_000
# OpenMetadata came to the company so long ago.
CATALOGUED_DAYS = 900
EPOCH = date(1970, 1, 1).toordinal()
MAXIMUM_TABLES = 5_000_000
MAXIMUM_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class EstateOptions:
    """`usage_days` bounds how far back usage rows go, 0 to 730; the rhythms themselves do not change with it.

    `series_share` of the tables stand in schemas full of series and dated copies; `view_share` are views of any kind.
    Both are met more closely the larger the estate is.
    """

    today: date
    tables: int = 300
    seed: int = 7
    usage_days: int = HISTORY_DAYS
    series_share: float = 0.10
    view_share: float = 0.15

    def __post_init__(self) -> None:
        if not 0 <= self.tables <= MAXIMUM_TABLES:
            raise ValueError(f"tables must be 0 to {MAXIMUM_TABLES}, not {self.tables}")
        if not 0 <= self.usage_days <= HISTORY_DAYS:
            raise ValueError(f"usage_days must be 0 to {HISTORY_DAYS}, not {self.usage_days}")
        if not 0 <= self.seed < 2**31:
            raise ValueError(f"seed must be 0 to {2**31 - 1}, not {self.seed}")
        for name, share in (("series_share", self.series_share), ("view_share", self.view_share)):
            if not 0 <= share <= MAXIMUM_SHARE:
                raise ValueError(f"{name} must be 0 to {MAXIMUM_SHARE}, not {share}")

    def day(self, days_ago: int) -> date:
        """The date so many days before `today`."""
        return self.today - timedelta(days=days_ago)

    def moment_ms(self, days_ago: int, second: int = 0) -> int:
        """Milliseconds since the epoch of a second of that UTC day; negative days lie in the future."""
        return (self.today.toordinal() - EPOCH - days_ago) * DAY_MS + second * 1000
