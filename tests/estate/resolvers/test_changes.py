"""What refreshes found changed."""

from datetime import timedelta

import pytest

from tests.estate.queries import TABLE, all_of
from tests.support.api import Api, running
from tests.support.mirror import mirror
from tests.support.published import NOON
from tests.support.second_inventory import Judged
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.local.tokens import Signer
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


async def test_a_removed_table_is_answered_with_its_removal(
    settings: Settings, signer: Signer, sql_server: MariaDB | MySQL, own_estate: Api, judged: Judged
) -> None:
    identifier = next(each for each, table in judged.tables.items() if table["fqn"].startswith("oracle_erp."))
    with sql_server.connect(settings.om_mysql_db) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT json, fqnHash FROM table_entity WHERE id = %s", (identifier,))
        kept = cursor.fetchone()
        cursor.execute("DELETE FROM table_entity WHERE id = %s", (identifier,))
        try:
            async with mirror(settings, NOON) as refreshed:
                await refreshed.refresh()
                # It is away for days before it counts as gone.
                refreshed.now += timedelta(days=8)
                await refreshed.refresh()
        finally:
            cursor.execute("INSERT INTO table_entity (json, fqnHash) VALUES (%s, %s)", kept)
    async with running(settings, signer, clock=lambda: NOON) as api:
        table = (await api.data(TABLE, fqn=judged.tables[identifier]["fqn"]))["table"]
        assert table["removedAt"] is not None
        assert identifier not in {node["id"] for node in await all_of(api)}
        changes = (await api.data("{ changes { edges { node { kind table { id } } } } }"))["changes"]["edges"]
        assert [(edge["node"]["kind"], edge["node"]["table"]["id"]) for edge in changes] == [("GONE", identifier)]


async def test_a_change_of_a_table_that_the_inventory_lacks_is_not_listed(
    sql_server: MariaDB | MySQL, settings: Settings, own_estate: Api
) -> None:
    # Older versions wrote such.
    with sql_server.connect(settings.thirdeye_mysql_schema) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO table_change (generation, changed_at, kind, number) VALUES (1, %s, 'NEW', 4000000000)", (NOON,)
        )
    assert (await own_estate.data("{ changes { edges { node { table { id } } } } }"))["changes"]["edges"] == []
