"""Users and statements that do not count as use: what they cost is none, and nothing else follows from it."""

from typing import Any

import orjson
import pytest

from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import OMRows, identifier_of

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
TABLE = "shop.main.core.asked"
SCAN = "SELECT * FROM core.asked"


async def say(estate: OMEstate, **said: list[str]) -> None:
    values = {"document": orjson.dumps(said).decode(), "now": estate.mirror.now}
    await estate.mirror.thirdeye.execute(
        "INSERT INTO uncounted_use (document, set_by, set_at) VALUES (%(document)s, 'ann', %(now)s)", values
    )


@pytest.mark.parametrize(
    ("said", "uncounted"),
    [
        ({}, False),
        ({"users": ["backup_*"]}, True),
        ({"users": ["BACKUP_job"]}, True),
        ({"users": ["backup_*"], "except_users": ["*_job"]}, False),
        ({"users": ["ackup_*"]}, False),
        ({"users": ["other"]}, False),
        ({"statements": ["from CORE.asked"]}, True),
        ({"statements": ["select*asked"]}, True),
        ({"statements": ["asked*select"]}, False),
    ],
)
async def test_what_costs_without_use(
    om: OMRows, estate: OMEstate, said: dict[str, list[str]], uncounted: bool
) -> None:
    has_a_past(om)
    om.table(TABLE)
    await say(estate, **said)
    om.query_cost("a_query", [TABLE], 1, text="SELECT *\n  FROM core.asked", usedBy=["backup_job"])
    seen = (await estate.look_twice())[TABLE]
    assert seen.activity == ("DORMANT" if uncounted else "ACTIVE")


async def test_whoever_else_runs_it_uses_it(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.usage(TABLE, [1])
    await say(estate, users=["backup_*"])
    om.statement("a_query", [TABLE], SCAN, usedBy=["backup_job"])
    assert (await estate.look_twice())[TABLE].verdict == "REVIEW"
    # OpenMetadata changes nothing but who ran it.
    om.statement("a_query", [TABLE], SCAN, usedBy=["backup_job", "ann"])
    assert (await estate.look_twice())[TABLE].verdict == "KEEP"
    om.statement("a_query", [TABLE], SCAN, usedBy=["backup_job"])
    assert (await estate.look_twice())[TABLE].verdict == "REVIEW"
    om.person("user:ann", name="ann")
    om.relate("user:ann", "a_query", ("user", "query"), 7)
    assert (await estate.look_twice())[TABLE].verdict == "KEEP"


async def test_users_that_openmetadata_knows(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.usage(TABLE, [1])
    await say(estate, users=["backup_*"])
    om.person("user:job", name="backup_job")
    om.statement("a_query", [TABLE], SCAN)
    om.relate("user:job", "a_query", ("user", "query"), 7)
    assert (await estate.look_twice())[TABLE].verdict == "REVIEW"
    # One that is not there may be anybody.
    om.run("DELETE FROM user_entity WHERE id = %s", identifier_of("user:job"))
    assert (await estate.look_twice())[TABLE].verdict == "KEEP"


async def test_of_whom_nobody_knows_counts(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    await say(estate, users=["backup_*"])
    used_by: tuple[Any, ...] = (None, [], "backup_job", ["backup_job", 5], {"name": "backup_job"})
    for number, users in enumerate(used_by):
        om.table(f"{TABLE}_{number}")
        om.usage(f"{TABLE}_{number}", [1])
        om.statement(f"query_{number}", [f"{TABLE}_{number}"], SCAN, usedBy=users)
    seen = await estate.look_twice()
    assert [seen[f"{TABLE}_{number}"].verdict for number in range(len(used_by))] == ["KEEP"] * len(used_by)


async def test_what_is_said_can_change(om: OMRows, estate: OMEstate) -> None:
    has_a_past(om)
    om.table(TABLE)
    om.usage(TABLE, [1])
    om.statement("a_query", [TABLE], SCAN, usedBy=["backup_job"])
    for said, verdict in (
        ({"users": ["backup_*"]}, "REVIEW"),
        ({}, "KEEP"),
        ({"statements": ["from core.asked"]}, "REVIEW"),
        ({"statements": ["from core.other"]}, "KEEP"),
    ):
        await say(estate, **said)
        assert (await estate.look_twice())[TABLE].verdict == verdict
    settings = {"uncounted_users": ["*_job"]}
    estate.mirror.settings = estate.mirror.settings.model_copy(update=settings)
    await estate.mirror.refresh()
    assert (await estate.seen())[TABLE].verdict == "REVIEW"
