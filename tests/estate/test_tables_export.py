"""The tables as CSV and JSON lines."""

import csv
import io

import orjson
import pytest

from tests.estate.queries import all_of
from tests.support.api import Api
from tests.support.second_inventory import Judged
from thirdeye.rest.csv_cells import safe_cell

pytestmark = pytest.mark.anyio


PREFIX = "/api/v1/thirdeye"


async def test_an_export_holds_every_table_that_a_list_holds(estate: Api, judged: Judged) -> None:
    answer = await estate.client.get(f"{PREFIX}/tables.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["id"] for row in rows} == set(judged.tables)
    lines = (await estate.client.get(f"{PREFIX}/tables.jsonl")).text.splitlines()
    assert {orjson.loads(line)["id"] for line in lines} == set(judged.tables)
    filtered = (
        await estate.client.get(
            f"{PREFIX}/tables.jsonl?zombie=true&sortBy=cost&service=snowflake_prod&service=oracle_erp"
        )
    ).text
    listed_ = await all_of(estate, filter={"zombie": True, "service": ["snowflake_prod", "oracle_erp"]}, sortBy="cost")
    assert [orjson.loads(line)["id"] for line in filtered.splitlines()] == [node["id"] for node in listed_]
    nothing = await estate.client.get(f"{PREFIX}/tables.jsonl?service=nobody")
    assert (nothing.status_code, nothing.text) == (200, "")


@pytest.mark.parametrize(
    "query",
    [
        "zombie=maybe",
        "colour=red",
        "tier=Tier9",
        "activity=BUSY",
        "minimumBytes=x",
        "sortBy=age",
        "lastAccessedAfter=1.1.2026",
        "mine=true&mine=false",
    ],
)
async def test_a_bad_parameter_of_an_export_is_named(estate: Api, query: str) -> None:
    answer = await estate.client.get(f"{PREFIX}/tables.csv?{query}")
    assert answer.status_code == 400
    assert query.split("=")[0] in answer.json()["message"]


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain", "plain"),
        ("=1+1", "'=1+1"),
        ("  @SUM(A1)", "'  @SUM(A1)"),
        ("-5", "'-5"),
        ("+49", "'+49"),
        ("\t=1", "'\t=1"),
        ("a=b", "a=b"),
        ("", ""),
    ],
)
def test_cells_are_no_formulas(text: str, safe: str) -> None:
    assert safe_cell(text) == safe
