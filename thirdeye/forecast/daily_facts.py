"""Writing the facts of the day: after each refresh, of the newest estate; the last of a day wins."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

import structlog

from thirdeye.database import MySQL
from thirdeye.forecast import store
from thirdeye.forecast.facts import FACT_COLUMNS, PlaceFacts, facts_by_place
from thirdeye.forecast.places import EVERYTHING, Place
from thirdeye.forecast.rules import KINDS
from thirdeye.inventory.reader import EstateReader, NotReadYet, Superseded
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.score.answers import bands_of, weights_of
from thirdeye.score.rules import Tally, zi_score
from thirdeye.settings import Settings

_TRIES: Final = 3
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class DailyFacts:
    """Writes them from the published estate; one at a time across all processes."""

    settings: Settings
    thirdeye: MySQL
    estate: EstateReader

    async def is_due(self) -> bool:
        """Whether the published estate is not yet in the facts of its day."""
        try:
            snapshot = await self.estate.snapshot(newest=True)
        except NotReadYet:
            return False
        return not await store.is_recorded(self.thirdeye, snapshot.as_of, snapshot.generation, snapshot.refreshed_at)

    async def record(self) -> bool:
        """Writes the facts of the newest estate; False while another process does. Raises NotReadYet, DatabaseUnavailable."""
        async with self.thirdeye.advisory_lock("daily facts") as locked:
            if not locked:
                return False
            for _ in range(_TRIES):
                try:
                    # Within the lock, so that whoever writes later has read a later estate.
                    await self._record(await self.estate.snapshot(newest=True))
                except Superseded:
                    continue
                return True
            raise Superseded

    async def _record(self, snapshot: Snapshot) -> None:
        await snapshot.load(FACT_COLUMNS)
        places = await asyncio.to_thread(facts_by_place, snapshot, self.settings.recent_days)
        realized = await store.realized_by_service(self.thirdeye)
        for service in realized:
            # What was saved on a service outlives its last table.
            places.setdefault(Place(service), PlaceFacts())
        rows = list(self._rows(snapshot, places, realized))
        async with self.thirdeye.transaction() as session:
            await store.put_day(session, snapshot.as_of, rows)
        log.info("daily_facts", day=snapshot.as_of.isoformat(), generation=snapshot.generation, places=len(rows))

    def _rows(
        self, snapshot: Snapshot, places: Mapping[Place, PlaceFacts], realized: Mapping[str, Decimal]
    ) -> Iterator[tuple[Any, ...]]:
        for place, found in places.items():
            facts = found.facts
            usd = {f"{kind}_usd": facts.amounts[kind].value for kind in KINDS}
            values: dict[str, Any] = {
                **usd,
                "day": snapshot.as_of.isoformat(),
                "place": place.key,
                "service": place.service,
                "domain": place.domain,
                "reconstructed": 0,
                "generation": snapshot.generation,
                "refreshed_at": snapshot.refreshed_at,
                "tables_count": facts.tables,
                "sized_tables": facts.sized,
                "bytes": None if facts.tables and not facts.sized else facts.bytes,
                "in_use_tables": facts.amounts["in_use"].tables,
                "idle_tables": facts.amounts["idle"].tables,
                "score": self._score(snapshot, found.tally),
                "potential_usd": facts.potential,
                "realized_usd": _realized(place, realized),
            }
            yield tuple(column_value(values[name]) for name in store.DAILY_COLUMNS)

    def _score(self, snapshot: Snapshot, tally: Tally) -> int | None:
        if not tally.tables:
            return None
        missing, settings = snapshot.missing_evidence, self.settings
        score = zi_score({"": tally}, weights_of(settings), bands_of(settings), drivers=0, missing=missing)
        return score.score if any(component.value is not None for component in score.components) else None


def _realized(place: Place, by_service: Mapping[str, Decimal]) -> Decimal | None:
    if place == EVERYTHING:
        return sum(by_service.values(), Decimal(0))
    # In which domains a table was that is gone nobody remembers.
    return by_service.get(place.service or "", Decimal(0)) if place.domain is None else None


def column_value(value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    """A value of a daily fact as it is written."""
    return f"{value:f}" if isinstance(value, Decimal) else value
