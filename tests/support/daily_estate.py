"""Estates of several services and domains, made up at random and published where the worker publishes."""

import random
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from tests.support.prices import tariffs_of
from tests.support.synthetic import OWNER_SETS, Synthetic, _directory
from thirdeye.database import MySQL
from thirdeye.inventory.columns import (
    ABSENT,
    IN_USE,
    IN_USE_THROUGH_LINEAGE,
    PRESENT,
    QUERY_FIELDS,
    WITHOUT_STORAGE,
    ZOMBIE,
    Columns,
)  # fmt: skip
from thirdeye.inventory.rules import ACTIVITIES, EVIDENCES
from thirdeye.inventory.totals import Summary, summarise
from thirdeye.inventory.verdicts import BLOCKERS, VERDICTS

SERVICES = ("shop", "lake", "crm")
_DOMAINS = ("Sales", "Sales.EMEA", "Finance")
_DOMAIN_SETS = ([], [0], [1], [0, 1], [1, 2])
PRICES = ("0.023", "0.031", "0.02")
# What a schema charges in which nobody has set a price.
DEFAULT_PRICES = ("0.023",) * 3


def directory() -> dict[str, Any]:
    """Three services, and five sets of three domains, one of which lies in another."""
    service = _directory()["services"][0]
    domains = [{"id": f"id-{fqn}", "name": fqn.rpartition(".")[2], "fqn": fqn} for fqn in _DOMAINS]
    return {
        **_directory(),
        "services": [{**service, "name": name} for name in SERVICES],
        "places": [(number, "main", "core") for number in range(len(SERVICES))],
        "places_watched": [120] * 3,
        "places_days": [2**30 - 1] * 3,
        "places_observed": [400] * 3,
        "domains": domains,
        "domain_sets": [list(each) for each in _DOMAIN_SETS],
    }


def random_columns(generator: random.Random, most: int = 60) -> Columns:
    """Up to so many tables of any kind, some of unknown size and cost."""
    count = generator.randint(0, most)
    columns = Columns(QUERY_FIELDS, count)
    services = generator.randint(1, len(SERVICES))

    def draw(make: Any) -> Any:
        return np.array([make() for _ in range(count)])

    optional = (ABSENT, IN_USE, IN_USE_THROUGH_LINEAGE, WITHOUT_STORAGE, ZOMBIE)
    columns["flags"] = draw(
        lambda: sum(bit for bit in optional if generator.random() < 0.3) | (PRESENT if generator.random() < 0.9 else 0)
    )
    columns["place"] = draw(lambda: generator.randrange(services))
    columns["domains"] = draw(lambda: generator.randrange(len(_DOMAIN_SETS)))
    columns["size"] = draw(lambda: generator.choice((-1, 0, generator.randrange(10**15), 2**62)))
    columns["query_cost"] = draw(lambda: generator.choice((float("nan"), 0.0, round(generator.random() * 1e4, 6))))
    columns["write_cost"] = draw(lambda: generator.choice((0.0, round(generator.random() * 100, 2))))
    columns["written"] = draw(lambda: generator.choice((0, 20_000, 20_700)))
    columns["accessed"] = draw(lambda: generator.choice((0, 20_000, 20_700)))
    columns["verdict"] = draw(lambda: generator.randrange(len(VERDICTS)))
    columns["activity"] = draw(lambda: generator.randrange(len(ACTIVITIES)))
    columns["evidence"] = draw(lambda: generator.randrange(len(EVIDENCES)))
    columns["blockers"] = draw(lambda: generator.choice((0, 1 << generator.randrange(len(BLOCKERS)))))
    columns["owners"] = draw(lambda: generator.randrange(len(OWNER_SETS)))
    columns["tier"] = draw(lambda: generator.randrange(6))
    return columns


def summary_of(columns: Columns, prices: Sequence[str] = PRICES) -> Summary:
    """What `estate` answers of it."""
    return summarise(columns, directory(), tariffs_of(*prices))  # type: ignore[arg-type]


class DailyEstate(Synthetic):
    """Publishes such estates; with their summary, so that the API answers `estate`."""

    def __init__(self, thirdeye: MySQL) -> None:
        super().__init__(thirdeye)

    async def publish_random(self, columns: Columns, now: datetime) -> None:
        """What a refresh at this moment leaves."""
        await self.publish_columns(columns, iter(()), now)
        for name, document in (("directory", directory()), ("summary", summary_of(columns, DEFAULT_PRICES))):
            values = {"name": name, "generation": self.generation, "data": orjson.dumps(document)}
            await self.thirdeye.execute(
                "REPLACE INTO estate_blob (name, generation, data) VALUES (%(name)s, %(generation)s, %(data)s)", values
            )
