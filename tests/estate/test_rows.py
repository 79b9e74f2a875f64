"""Rows of the inventory, read as one value each, are those of a plain statement: of the estate, and odd ones."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest

from tests.estate.conftest import SCHEMA
from tests.support.api import prepare_accounts
from thirdeye.database import MySQL, thirdeye_database
from thirdeye.inventory import store
from thirdeye.settings import Settings

pytestmark = pytest.mark.anyio
_ROWS = f"SELECT {store._COLUMNS} FROM table_inventory"
_ODD = """UPDATE table_inventory SET name = %(text)s, display_name = %(text)s, schema_name = %(text)s, size_bytes = %(size)s,
  query_cost_30d = %(cost)s, removed_at = %(moment)s, absent_since = %(moment)s, created = %(day)s, metadata_changed = NULL"""


@pytest.fixture
async def thirdeye(refreshed: Settings, sql_server: Any) -> AsyncIterator[MySQL]:
    # Other tests make the accounts anew, for other schemas.
    prepare_accounts(sql_server, refreshed.om_mysql_db, SCHEMA)
    database = thirdeye_database(refreshed, lambda _name, _seconds: None)
    await database.start()
    yield database
    await database.stop()


async def test_the_rows_of_the_estate(thirdeye: MySQL) -> None:
    plain = {row["number"]: row for row in await thirdeye.fetch_all(_ROWS)}
    read = await store.rows_by_number(thirdeye, sorted(plain))
    # Equal numbers may be of several types.
    assert repr(sorted(read.items())) == repr(sorted(plain.items()))


@pytest.mark.parametrize(
    "text", ["", 'a "quoted" \\ name', "\t\n\r\b\f\x00\x01\x1f\x7f", "ümläut 売上 💾 \u2028", "null", "</x>'%(a)s"]
)
async def test_odd_rows(thirdeye: MySQL, text: str) -> None:
    odd = {"text": text, "size": 2**63 - 1, "cost": "99999999999999.999999", "moment": "2026-01-31 23:59:59.999", "day": "1000-01-01"}  # fmt: skip
    changed: Any
    with suppress(_TakenBack):
        async with thirdeye.transaction() as changed:
            await changed.execute(_ODD, odd)
            plain = {row["number"]: row for row in await changed.fetch_all(f"{_ROWS} WHERE number < 50")}
            assert repr(await store.rows_by_number(changed, sorted(plain))) == repr(plain)
            assert {row["name"] for row in plain.values()} == {text}
            raise _TakenBack


class _TakenBack(Exception):
    pass
