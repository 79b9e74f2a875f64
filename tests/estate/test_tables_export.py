"""The tables as CSV and JSON lines."""

import csv
import io

import orjson
import pytest

from tests.estate.queries import all_of
from tests.support.api import Api
from tests.support.second_inventory import Judged
from thirdeye.rest.csv_cells import safe_cell
from thirdeye.rest.tables_export import COLUMNS

pytestmark = [pytest.mark.anyio, pytest.mark.one_server]


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


async def test_an_export_has_the_columns_that_are_asked_for_in_their_order(estate: Api) -> None:
    whole = (await estate.client.get(f"{PREFIX}/tables.csv?sortBy=cost")).text
    chosen = (await estate.client.get(f"{PREFIX}/tables.csv?sortBy=cost&columns=tags&columns=fqn&first=3")).text
    rows = list(csv.DictReader(io.StringIO(whole)))
    # Without the argument all of them, as ever; with it these alone, in the order of the argument.
    assert whole.splitlines()[0] == ",".join(COLUMNS)
    assert list(csv.reader(io.StringIO(chosen))) == [["tags", "fqn"], *([row["tags"], row["fqn"]] for row in rows[:3])]
    lines = (await estate.client.get(f"{PREFIX}/tables.jsonl?sortBy=cost&columns=fqn&first=2")).text.splitlines()
    assert [orjson.loads(line) for line in lines] == [{"fqn": row["fqn"]} for row in rows[:2]]
    # Of nothing the header alone.
    assert (await estate.client.get(f"{PREFIX}/tables.csv?first=0&columns=id")).text == "id\r\n"


async def test_an_export_with_one_row_for_each_series_is_the_list_with_one(estate: Api) -> None:
    """Its rows and their order are those of the list, whatever it is sorted by."""
    ask = """query List($sortBy: String, $after: String) {
      tables(sortBy: $sortBy, first: 100, after: $after, collapseSeries: true) {
        edges { node { fqn series { fqn tables monthlyCost } } } pageInfo { hasNextPage endCursor }
      }
    }"""
    for sort in ("cost", "name"):
        expected, after, more = list[list[str]](), None, True
        while more:
            page = (await estate.data(ask, sortBy=sort, after=after))["tables"]
            after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
            for node in (edge["node"] for edge in page["edges"]):
                series = node["series"] or {"fqn": "", "tables": "", "monthlyCost": ""}
                expected.append([node["fqn"], series["fqn"], str(series["tables"]), series["monthlyCost"]])
        columns = "columns=fqn&columns=series&columns=seriesTables&columns=seriesMonthlyCost"
        address = f"{PREFIX}/tables.csv?collapseSeries=true&sortBy={sort}&sortDir=desc&{columns}"
        rows = list(csv.reader(io.StringIO((await estate.client.get(address)).text)))[1:]
        assert rows == expected
        assert any(series for _, series, *_ in rows)
    whole = (await estate.client.get(f"{PREFIX}/tables.csv?columns=fqn")).text.splitlines()
    assert len(whole) - 1 > len(expected)


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
        "columns=fqn&columns=colour",
        "columns=",
        "columns=fqn,name",
        "columns=fqn&columns=fqn",
        "first=-1",
        "first=all",
        "first=1&first=2",
        "collapseSeries=perhaps",
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
