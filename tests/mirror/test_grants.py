"""What is read of OM's database is what `thirdeye grants` prints, no more and no less; without a part the rest goes on."""

import re
from typing import Any

import pytest

from tests.support.api import ACCOUNTS
from tests.support.clocks import NOON, TODAY
from tests.support.mirror import mirror
from tests.support.second_inventory import second_inventory
from thirdeye.database import Session
from thirdeye.errors import DatabaseUnavailable
from thirdeye.estate.loaders import advised_columns
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import ADVICE_FIELDS, BLOCKER_BIT, Blocker
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.mirror.openmetadata.source_tables import READABLE, SOURCE_TABLES
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
# Of `user_entity.email` a digest is read, to find who signs in through another provider.
SECRET = {("dbservice_entity", "json"), ("user_entity", "json"), ("team_entity", "json")}


def test_nothing_secret_is_among_them() -> None:
    granted = {(table, column) for table, columns in READABLE.items() for column in columns}
    assert not granted & SECRET
    assert "entity_extension" not in READABLE
    assert len(READABLE) == len(SOURCE_TABLES)


async def test_every_granted_column_is_read_and_no_other(
    settings: Settings, sql_server: MariaDB | MySQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = list[str]()
    for name in ("fetch_all", "stream"):
        original = getattr(Session, name)

        def recording(self: Session, sql: str, values: Any = None, original: Any = original) -> Any:
            if self._name == "openmetadata":
                sent.append(sql)
            return original(self, sql, values)

        monkeypatch.setattr(Session, name, recording)
    async with mirror(settings, NOON) as estate:
        run = await estate.refresh()
        # Services are asked whether they are deleted once a table of theirs is absent.
        await estate.thirdeye.execute("UPDATE table_inventory SET id = UUID(), fqn_key = RANDOM_BYTES(16) LIMIT 1")
        await estate.refresh("FULL")
    # The account has these grants and no others, so that reading more would have failed or warned.
    assert not {warning["code"] for warning in run["warnings"]} & {"NOT_READABLE", "EVIDENCE_INCOMPLETE"}
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (settings.om_mysql_db,)
        )
        there = {row[0] for row in cursor.fetchall()}
    assert there >= {"table_entity", "metric_entity"}
    for table, columns in READABLE.items():
        if table not in there:
            continue  # Of newer versions of OM.
        statements = [sql for sql in sent if re.search(rf"\b{table}\b", sql)]
        for column in columns:
            assert any(re.search(rf"\b{column}\b", sql) for sql in statements), (table, column)


@pytest.mark.parametrize(
    ("table", "code", "lost"),
    [
        ("entity_relationship", "EVIDENCE_INCOMPLETE", {"owners": set(), "domains": set()}),
        ("tag_usage", "EVIDENCE_INCOMPLETE", {"tags": set(), "tier": 0}),
        ("profiler_data_time_series", "EVIDENCE_INCOMPLETE", {"size_bytes": None}),
        ("entity_usage", "EVIDENCE_INCOMPLETE", {"last_use": None, "queries_30d": 0}),
        ("query_cost_time_series", "NOT_READABLE", {"query_cost_30d": None}),
        ("dashboard_entity", "NOT_READABLE", {}),
    ],
)
async def test_without_a_part_the_rest_goes_on_and_says_so(
    settings: Settings, sql_server: MariaDB | MySQL, table: str, code: str, lost: dict[str, Any]
) -> None:
    with sql_server.connect() as connection, connection.cursor() as cursor:
        columns = ", ".join(f"`{column}`" for column in READABLE[table])
        cursor.execute(f"REVOKE SELECT ({columns}) ON `{settings.om_mysql_db}`.`{table}` FROM '{ACCOUNTS.om_user}'@'%'")
        judged = second_inventory(connection, settings.om_mysql_db, TODAY)
    async with mirror(settings, NOON) as estate:
        run = await estate.refresh()
        assert run["phase"] == "DONE"
        (warning,) = [entry for entry in run["warnings"] if table in entry["example"]]
        assert (warning["code"], "cannot be read" in warning["example"]) == (code, True)
        inventory = await estate.inventory()
        assert inventory.keys() == judged.tables.keys()
        reader = EstateReader(estate.thirdeye)
        snapshot = await reader.snapshot()
        await snapshot.load(ADVICE_FIELDS)
        blocked = [advised_columns(snapshot, row["number"])["blockers"] for row in inventory.values()]
        incomplete = BLOCKER_BIT[Blocker.EVIDENCE_INCOMPLETE]
        assert {bool(bits & incomplete) for bits in blocked} == {code == "EVIDENCE_INCOMPLETE"}
        for name, value in lost.items():
            assert all(row[name] == value for row in inventory.values()), name
        assert (await estate.refresh())["changed"] == 0


async def test_relations_and_tags_are_read_without_what_marks_some_of_them(
    settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        before = await estate.inventory()
        with sql_server.connect() as connection, connection.cursor() as cursor:
            for table, column in (("entity_relationship", "deleted"), ("tag_usage", "state")):
                on = f"SELECT ({column}) ON `{settings.om_mysql_db}`.`{table}`"
                cursor.execute(f"REVOKE {on} FROM '{ACCOUNTS.om_user}'@'%'")
        for kind in ("AUTO", "FULL"):
            warnings = {warning["code"]: warning["count"] for warning in (await estate.refresh(kind))["warnings"]}
            assert warnings["NOT_READABLE"] == 2
            # Suggestions count like tags, and what is marked deleted like what is not.
            for id_, row in (await estate.inventory()).items():
                known = before[id_]
                assert row["tags"] >= known["tags"], row["fqn"]
                assert all(bool(row[name]) >= bool(known[name]) for name in ("owners", "nearest")), row["fqn"]


async def test_a_grant_that_comes_later_brings_the_part_back(settings: Settings, sql_server: MariaDB | MySQL) -> None:
    columns = ", ".join(f"`{column}`" for column in READABLE["tag_usage"])
    on = f"SELECT ({columns}) ON `{settings.om_mysql_db}`.`tag_usage`"
    with sql_server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"REVOKE {on} FROM '{ACCOUNTS.om_user}'@'%'")
        async with mirror(settings, NOON) as estate:
            await estate.refresh()
            cursor.execute(f"GRANT {on} TO '{ACCOUNTS.om_user}'@'%'")
            run = await estate.refresh()
            assert run["kind"] == "INCREMENTAL"
            assert any(row["tags"] for row in (await estate.inventory()).values())


async def test_what_is_known_is_not_given_up_for_a_missing_grant(
    settings: Settings, sql_server: MariaDB | MySQL
) -> None:
    async with mirror(settings, NOON) as estate:
        await estate.refresh()
        before = await estate.inventory()
        with sql_server.connect() as connection, connection.cursor() as cursor:
            columns = ", ".join(f"`{column}`" for column in READABLE["table_entity"])
            cursor.execute(
                f"REVOKE SELECT ({columns}) ON `{settings.om_mysql_db}`.`table_entity` FROM '{ACCOUNTS.om_user}'@'%'"
            )
        with pytest.raises(DatabaseUnavailable):
            await estate.refresh()
        rows = await estate.thirdeye.fetch_all("SELECT phase, error FROM refresh_run ORDER BY id")
        assert [row["phase"] for row in rows] == ["DONE", "FAILED"]
        assert "stays as it was" in rows[1]["error"]
        assert await estate.inventory() == before
