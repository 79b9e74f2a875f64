"""Random estates whose rows come in another order, whose columns have another collation, whose names have another case."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest

from tests.mirror.conftest import SCHEMA
from tests.support.asking import Asker
from tests.support.database import empty_thirdeye
from tests.support.om_estate import OMEstate, watching
from tests.support.om_rows import OMRows, hash_of
from tests.support.random_om import PLACES, TABLES, RandomOM, random_om
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured]
SUMS = "tables bytes storageCost queryCost monthlyCost zombies zombieBytes zombieCost"
COLLATED = ("entity_relationship", "tag_usage", "user_entity", "team_entity", "domain_entity", "data_product_entity")
TOTALS = f"""{{ estate {{
  total {{ {SUMS} }} countedAgainByDomain {{ {SUMS} }} byService {{ name {SUMS} }} byDomain {{ fqn {SUMS} }}
  byTier {{ name {SUMS} }} byActivity {{ name {SUMS} }}
}} }}"""


async def answers(estate: OMEstate) -> dict[str, Any]:
    """What is published of each table, and the totals, without the order in which equals come."""
    mirror = estate.mirror
    found = await Asker(mirror.thirdeye, mirror.settings, lambda: mirror.now).ask(TOTALS)
    totals = {
        name: sorted(map(json.dumps, sums)) if isinstance(sums, list) else sums
        for name, sums in found["data"]["estate"].items()
    }
    return {"tables": await estate.seen(), **totals}


def in_another_order(model: RandomOM, random: Random) -> None:
    """The same entities, relations, tags and days, in which OM's database gives back the rows as it likes."""
    for om_table, entities in model.entities.items():
        model.entities[om_table] = dict(random.sample(list(entities.items()), len(entities)))
    model.edges = dict(random.sample(list(model.edges.items()), len(model.edges)))
    model.usage = dict(random.sample(list(model.usage.items()), len(model.usage)))
    for rows in (model.tags, model.attention):
        random.shuffle(rows)


@contextmanager
def another_collation(om: OMRows, collation: str) -> Iterator[None]:
    """Names and JSON of people, domains and tags compare otherwise meanwhile."""
    for table in COLLATED:
        om.run(f"CREATE TABLE {table}_kept LIKE {table}")
        # A key of all of a tag's columns is too long for any other.
        columns = (
            f"MODIFY tagFQN varchar(256) COLLATE {collation}"
            if table == "tag_usage"
            else f"CONVERT TO CHARACTER SET utf8mb4 COLLATE {collation}"
        )
        om.run(f"ALTER TABLE {table} {columns}")
    try:
        yield
    finally:
        for table in COLLATED:
            om.run(f"DROP TABLE {table}")
            om.run(f"RENAME TABLE {table}_kept TO {table}")


def with_names_in_another_case(model: RandomOM) -> None:
    """Services, databases, schemas and tables are called in capitals, in texts of views, too."""
    places = {
        document["fullyQualifiedName"]
        for om_table in PLACES.values()
        for document, _ in model.entities[om_table].values()
    }
    model.tags = [(target.upper() if target in places else target, *tag) for target, *tag in model.tags]
    for om_table in (TABLES, *PLACES.values()):
        for identifier, (document, _) in model.entities[om_table].items():
            for name in ("name", "fullyQualifiedName", "schemaDefinition"):
                if name in document:
                    document[name] = document[name].upper()
            model.entities[om_table][identifier] = document, hash_of(document["fullyQualifiedName"])


@pytest.mark.parametrize("seed", [6, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(300, 320))])
async def test_no_order_collation_or_case_changes_an_answer(
    om: OMRows, estate: OMEstate, rows_settings: Settings, sql_server: MariaDB | MySQL, seed: int
) -> None:
    model = random_om(Random(seed), om.today)
    model.write(om.connection)
    await estate.look()
    expected = await answers(estate)
    assert expected["total"]["tables"] == len(expected["tables"])

    in_another_order(model, Random(seed))
    with another_collation(om, "utf8mb4_general_ci" if seed % 2 else "utf8mb4_bin"):
        model.write(om.connection)
        await estate.look("FULL")
        assert await answers(estate) == expected

    with_names_in_another_case(model)
    model.write(om.connection)
    empty_thirdeye(sql_server, SCHEMA)
    async with watching(om, rows_settings) as other:
        await other.look()
        found = await answers(other)
    assert found["tables"] == {fqn.upper(): seen for fqn, seen in expected.pop("tables").items()}
    by_service = [row.replace('"SHOP"', '"shop"').replace('"LAKE"', '"lake"') for row in found["byService"]]
    assert {**found, "byService": sorted(by_service), "tables": None} == {**expected, "tables": None}
