"""Computing all forecasts after the day's first refresh, in the worker; until they are complete the old ones are served."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any, Final

import numpy as np
import orjson
import structlog

from thirdeye.clock import Clock
from thirdeye.database import MySQL, Row
from thirdeye.forecast import store
from thirdeye.forecast.daily_series import DailySeries, filled, level_shifts, series_of
from thirdeye.forecast.documents import ForecastDocument
from thirdeye.forecast.fitting import Fitting, Request
from thirdeye.forecast.intervals import Widening, learn, origins, ratios
from thirdeye.forecast.items import items_by_place
from thirdeye.forecast.months import HORIZON, Reduction, open_item_reductions
from thirdeye.forecast.place_forecast import PlaceHistory, document_of, nothing_known
from thirdeye.forecast.places import Place
from thirdeye.forecast.smoothing import MIN_DAYS
from thirdeye.forecast.table_costs.drivers import follow_tables
from thirdeye.inventory.columns import Array, day_number
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.reader import EstateReader, NotReadYet, Superseded
from thirdeye.inventory.snapshot import Snapshot
from thirdeye.inventory.store import prices

# Older days say nothing of the next months.
_DAYS: Final = 400
# A series under so many measured days has no trend; `ets.py` tells by the days that it is given.
_TREND_DAYS: Final = 30
_MAX_PLACES: Final = 5_000
_MAX_TAUGHT: Final = 150
_BATCH: Final = 20
_TRIES: Final = 3
log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, eq=False)
class Forecaster:
    """Forecasts every place of the newest day; one at a time across all processes."""

    thirdeye: MySQL
    estate: EstateReader
    clock: Clock
    # None: the extra is used if it is installed.
    with_extra: bool | None = field(default=None)

    async def is_due(self) -> bool:
        """Whether the newest day with facts has no complete forecast."""
        newest = await store.newest_day(self.thirdeye)
        if newest is None:
            return False
        done = await store.forecast_day(self.thirdeye)
        return done is None or done < newest

    async def compute(self) -> int | None:
        """Computes and stores all forecasts; how many places they are of, None while another process does.

        Raises NotReadYet, Superseded, DatabaseUnavailable. Killed half way, the next run begins again.
        """
        async with self.thirdeye.advisory_lock("forecast") as locked:
            if not locked:
                return None
            day = await store.newest_day(self.thirdeye)
            if day is None:
                raise NotReadYet
            for _ in range(_TRIES):
                try:
                    return await self._compute(day, await self.estate.snapshot(newest=True))
                except Superseded:
                    continue
            raise Superseded

    async def _compute(self, day: date, snapshot: Snapshot) -> int:
        # As the column holds it: what was computed now is not older than this.
        began, since = _milliseconds(self.clock()), day - timedelta(days=_DAYS)
        places = (await store.places_of_day(self.thirdeye, day))[-_MAX_PLACES:]
        # Services that are gone made steps.
        gone = [Place(service) for service in await store.services_since(self.thirdeye, since)]
        rows = {
            place: await store.measured(self.thirdeye, place, since, day) for place in dict.fromkeys((*places, *gone))
        }
        series = {place: series_of(of_place) for place, of_place in rows.items()}
        events = price_events(snapshot.directory, await prices(self.thirdeye), day)
        before = {
            place: series_of(await store.reconstructed(self.thirdeye, place, since, day))
            for place in places
            if place.domain is None
        }
        pasts = {place: _past_of(place, series, before.get(place, series_of(())), events, day) for place in places}
        items = items_by_place(await store.open_items(self.thirdeye), snapshot.directory)
        tables = await follow_tables(self.thirdeye, snapshot)
        async with Fitting(with_extra=self.with_extra) as fitting:
            widenings = await _learn(fitting, pasts)
            for batch in _batches(places):
                fitted = iter(
                    await fitting.forecast([_request(pasts[place]) for place in batch if len(pasts[place].values)])
                )
                documents = []
                for place in batch:
                    past = pasts[place]
                    if not len(past.values):
                        documents.append((place, day, began, _text(nothing_known())))
                        continue
                    potential = _potential(rows[place])
                    reductions, undated = open_item_reductions(items.get(place, ()), day)
                    document = document_of(
                        past, next(fitted), widenings[_kind(place)],
                        potential=None if potential is None else Reduction(day_number(day) + 1, potential),
                        open_items=reductions, undated_items=undated, with_extra=fitting.with_extra,
                        tables=None if tables is None else tables.of(place),
                    )  # fmt: skip
                    documents.append((place, day, began, _text(document)))
                await store.put_forecasts(self.thirdeye, documents)
        await store.delete_forecasts_before(self.thirdeye, began)
        log.info("forecast", day=day.isoformat(), places=len(places))
        return len(places)


def _milliseconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def price_events(directory: Directory, rows: Sequence[Row], today: date) -> list[tuple[str, int]]:
    """The services, and the days from which a price that somebody set was theirs; later days have not come."""
    events = []
    for row in rows:
        day = max(row["effective_from"], row["set_at"].date())
        for service in directory["services"]:
            kind = (service["type"] or "*").lower()
            if day <= today and (row["service"] == service["name"] or row["service_type"].lower() in (kind, "*")):
                events.append((service["name"], day_number(day)))
    return sorted(set(events))


def _past_of(
    place: Place,
    series: Mapping[Place, DailySeries],
    reconstructed: DailySeries,
    events: Sequence[tuple[str, int]],
    today: date,
) -> PlaceHistory:
    own = series[place]
    parts = {
        other.service: part
        for other, part in series.items()
        if other.service and other.domain == place.domain and place.service in (None, other.service)
    }
    shifts = level_shifts(own, parts, events)
    cost = own.cost
    first_day, values = filled(own.days, cost)
    if len(values):
        # What is not known of the last days is taken to be as before.
        values = np.concatenate([values, np.full(day_number(today) - first_day + 1 - len(values), values[-1])])
    measured_days = int(np.isfinite(cost).sum())
    return PlaceHistory(
        today=today,
        series=own,
        reconstructed=reconstructed,
        parts=parts,
        shifts=shifts,
        first_day=first_day,
        values=values,
        measured_days=measured_days,
    )


def _request(past: PlaceHistory) -> Request:
    return _usable(past.level, past.measured_days), HORIZON


def _usable(values: Array, measured_days: int) -> Array:
    """A series as long as the days that were measured allow: carried over gaps, few of them look like many."""
    if measured_days < MIN_DAYS:
        return values[-(MIN_DAYS - 1) :]
    return values[-(_TREND_DAYS - 1) :] if measured_days < _TREND_DAYS else values


def _kind(place: Place) -> str:
    return "service" if place.domain is None else "domain"


async def _learn(fitting: Fitting, pasts: Mapping[Place, PlaceHistory]) -> dict[str, Widening]:
    """By kind of place what its intervals have to be widened by."""
    found = {}
    for kind in ("service", "domain"):
        taught = islice(
            (past for place, past in pasts.items() if _kind(place) == kind and len(past.values)), _MAX_TAUGHT
        )
        found[kind] = learn([each async for each in _errors(fitting, list(taught))])
    return found


async def _errors(fitting: Fitting, pasts: Sequence[PlaceHistory]) -> Any:  # noqa: ANN401  an asynchronous generator
    requests, actual = list[Request](), list[Array]()
    for past in pasts:
        for start, horizon in origins(min(past.measured_days, len(past.level))):
            # From the end: carried over gaps, a past is longer than the days that were measured.
            cut = len(past.level) - min(past.measured_days, len(past.level)) + start
            requests.append((_usable(past.level[:cut], start), horizon))
            actual.append(past.level[cut : cut + horizon])
    for (_, path), came in zip(await fitting.forecast(requests), actual, strict=True):
        yield ratios(path, came)


def _potential(rows: Sequence[Row]) -> float | None:
    newest = rows[-1]["potential_usd"] if rows else None
    return None if newest is None else float(newest)


def _batches(places: Sequence[Place]) -> Iterator[Sequence[Place]]:
    return (places[start : start + _BATCH] for start in range(0, len(places), _BATCH))


def _text(document: ForecastDocument) -> str:
    return orjson.dumps(document).decode()
