"""Refreshing an inventory in a test, and reading what it holds."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import count
from typing import Any

import numpy as np

from tests.support.second_inventory import Judged
from thirdeye.database import MySQL as Database
from thirdeye.database import om_database, thirdeye_database
from thirdeye.inventory.columns import CARED_FOR, TESTED
from thirdeye.inventory.graph_walk import nearest
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import LABEL_FIELDS, UNKNOWN_IDLE_DAYS
from thirdeye.migrations import migrate
from thirdeye.mirror.refresh import EstateRefresh
from thirdeye.observability.metrics import Metrics
from thirdeye.pruning.references.store import numbers_referred_to
from thirdeye.settings import Settings
from thirdeye.verdict.advisor import advisors


def nothing(_name: str, _seconds: float) -> None:
    """No observer."""


@dataclass
class Mirror:
    """An inventory over one pair of schemas; `now` is its clock, `statements` counts round trips by database."""

    settings: Settings
    om: Database
    thirdeye: Database
    now: datetime
    statements: Counter[str] = field(default_factory=Counter)
    # The numbers of tables that somebody is removing.
    removals: set[int] = field(default_factory=set)
    # What the second inventory said of the last refresh, where a test compared the two.
    judged: Judged | None = None
    # What was read last of the inventory, and of its verdicts.
    last_inventory: dict[str, dict[str, Any]] = field(default_factory=dict)
    last_verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @cached_property
    def reader(self) -> EstateReader:
        """A reader that looks each time whether there is a newer estate, and keeps what is the same, as processes do."""
        return EstateReader(self.thirdeye, clock=count().__next__)

    def refreshing(self) -> EstateRefresh:
        """A refresh with this clock."""
        return EstateRefresh(
            settings=self.settings,
            om=self.om,
            thirdeye=self.thirdeye,
            clock=lambda: self.now,
            metrics=Metrics(),
            advisor=advisors(self.settings, self.thirdeye),
            removals=self.being_removed,
            references=partial(numbers_referred_to, self.thirdeye, lambda: self.now),
        )

    async def being_removed(self) -> set[int]:
        """The numbers of tables that somebody is removing."""
        return self.removals

    async def refresh(self, kind: Any = "AUTO") -> dict[str, Any]:
        """Runs one; the run's row."""
        self.judged = None
        return await self.refreshing().run(kind)

    async def inventory(self) -> dict[str, dict[str, Any]]:
        """The tables that are there, by id, in the words of the second inventory."""
        reader = self.reader
        snapshot = await reader.snapshot()
        names = ("flags", "place", "idle", "series", "departed", *LABEL_FIELDS)
        await snapshot.load(names)
        columns = {name: _column(snapshot, name) for name in names}
        directory = snapshot.directory
        labels = directory["labels"]
        rows = await self.thirdeye.fetch_all("SELECT * FROM table_inventory WHERE removed_at IS NULL")
        assets = await self.thirdeye.fetch_all("SELECT number, id FROM lineage_asset")
        ids = {row["number"]: row["id"] for row in rows} | {row["number"]: row["id"] for row in assets}

        async def load(name: str) -> bytes | None:
            return await reader.chunk(snapshot, name)

        found = {}
        for row in rows:
            near = await nearest(load, row["number"])
            cells = {name: int(column[row["number"]]) for name, column in columns.items()}
            idle, place, flags = cells["idle"], cells["place"], cells["flags"]
            marks, products, editor, followers = (cells[name] for name in LABEL_FIELDS)
            editor_name, is_person = labels["editors"][editor]
            found[row["id"]] = {
                **row,
                "idle_days": None if idle == UNKNOWN_IDLE_DAYS else idle,
                "owners": {(kind, identifier) for identifier, kind, _ in directory["owner_sets"][row["owner_set"]]},
                "tags": set(directory["tag_sets"][row["tag_set"]]),
                "departed": {(kind, identifier) for identifier, kind, _ in directory["owner_sets"][cells["departed"]]},
                "domains": {directory["domains"][each]["id"] for each in directory["domain_sets"][row["domain"]]},
                "nearest": [(ids[node], distance) for node, distance in near],
                "flags": flags,
                "series": cells["series"],
                "place": directory["places"][place],
                "marks": set(map(tuple, labels["marks"][marks])),
                "products": set(map(tuple, labels["products"][products])),
                "place_tags": set(map(tuple, labels["place_tags"][place])),
                "place_products": set(map(tuple, labels["place_products"][place])),
                "edited_by": editor_name if is_person else None,
                "followers": followers,
                "tested": bool(flags & TESTED),
                "cared_for": bool(flags & CARED_FOR),
            }
        self.last_inventory = found
        return found


def _column(snapshot: Any, name: str) -> Any:
    columns = snapshot.catalogue.columns
    parts = [columns.parts(chunk)[name] for chunk in range(columns.chunks)]
    return np.concatenate(parts) if parts else []


@asynccontextmanager
async def mirror(settings: Settings, now: datetime) -> AsyncIterator[Mirror]:
    """A mirror over migrated schemas."""
    statements = Counter[str]()

    def count(name: str, _seconds: float) -> None:
        statements[name] += 1

    om, thirdeye = om_database(settings, count), thirdeye_database(settings, count)
    await om.start()
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        yield Mirror(settings, om, thirdeye, now.astimezone(UTC), statements)
    finally:
        await om.stop()
        await thirdeye.stop()
