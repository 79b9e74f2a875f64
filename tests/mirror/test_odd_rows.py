"""Whatever stands in OM's rows: a refresh ends, all else is as before, the row is named, and nothing goes because of it."""

import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pymysql
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.mirror.conftest import SCHEMA
from tests.support.asking import Asker
from tests.support.database import empty_thirdeye
from tests.support.odd_rows import (
    BUSY,
    PARTS,
    PLACE,
    PROTECTED,
    VALUES,
    OddWorld,
    Part,
    has_a_plain_past,
    json_texts,
    subject_of,
)
from tests.support.om_estate import OMEstate, watching
from tests.support.om_rows import OMRows, hash_of, identifier_of
from tests.verdict.test_verdicts import verdicts_of
from thirdeye.actions.detection.run import Detection
from thirdeye.inventory.columns import MAX_SUM
from thirdeye.inventory.reader import EstateReader
from thirdeye.local.servers import MariaDB, MySQL
from thirdeye.mirror import edges, labels, profiles, relations, usage
from thirdeye.mirror.openmetadata.source_tables import SOURCE_TABLES
from thirdeye.mirror.phases import lineage as lineage_phase
from thirdeye.mirror.phases import relations as relations_phase
from thirdeye.mirror.views.texts import ViewTextReader
from thirdeye.session import Session
from thirdeye.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
OPERATIONS = Path(__file__).parents[2] / "operations"
ASKED = ("list_tables", "get_estate", "list_services", "list_verdicts", "list_duplicates", "list_changes",
         "list_refresh_runs", "list_action_items")  # fmt: skip


def kind_of(part: Part) -> str:
    """What its row is: of a table, of usage, of an owner ..."""
    return part.name.split(":")[0]


GROUPS = sorted({kind_of(part) for part in PARTS})
# Several kinds of rows share an estate; odd usage has one of its own, for it changes how long all others are idle.
WORLDS = [["usage"], *([each for each in GROUPS if each != "usage"][start::3] for start in range(3))]
# What is numbered anew by each full refresh, or counts time.
_NUMBERS = frozenset({"seen_at", "owner_set", "tag_set", "domain", "place", "series"})


async def prepared(om: OMRows, estate: OMEstate) -> dict[str, Any]:
    """What is published of an estate without oddities."""
    has_a_plain_past(om)
    await estate.set_policy(protected_tags=[PROTECTED])
    await estate.confirm("shop", "LINEAGE")
    await refreshed(estate)
    return await everything(estate)


async def refreshed(estate: OMEstate, kind: str = "AUTO") -> dict[str, Any]:
    """The row of a run that ended well."""
    run = await estate.mirror.refresh(kind)
    assert (run["phase"], run["error"]) == ("DONE", None)
    estate.warnings = {warning["code"]: warning for warning in run["warnings"]}
    return run


def named(estate: OMEstate) -> str:
    """All that the warnings of the last refresh name."""
    return "\n".join(example for warning in estate.warnings.values() for example in warning["examples"])


async def everything(estate: OMEstate) -> dict[str, dict[str, Any]]:
    """What is published of each table, by id. How much there is to learn from is that of all tables together."""
    verdicts, found = await verdicts_of(estate.mirror), {}
    for identifier, row in (await estate.mirror.inventory()).items():
        verdict = verdicts[identifier]
        found[identifier] = {name: value for name, value in row.items() if name not in _NUMBERS}
        found[identifier] |= {"goes": verdict["verdict"] in ("DELETE", "ARCHIVE")}
        found[identifier] |= {"blockers": verdict["blockers"] - {"SHORT_HISTORY"}}
    return found


def differences(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What of the tables of `before` is otherwise."""
    return {
        identifier: {name: (value, after[identifier].get(name)) for name, value in row.items()
                     if after[identifier].get(name) != value} if identifier in after else "gone"
        for identifier, row in before.items() if after.get(identifier) != row
    }  # fmt: skip


async def answers(estate: OMEstate) -> None:
    """Everything can be asked, and items are found, with no error that nobody meant."""
    over = estate.mirror
    detection = Detection(
        settings=over.settings, thirdeye=over.thirdeye, estate=EstateReader(over.thirdeye), clock=lambda: over.now
    )
    assert await detection.run() is not None
    asker = Asker(over.thirdeye, over.settings, lambda: over.now)
    for operation in ASKED:
        answer = await asker.ask((OPERATIONS / f"{operation}.graphql").read_text(), first=100)
        assert "errors" not in answer, (operation, answer["errors"])


async def follows_oddities(om: OMRows, estate: OMEstate, cases: list[tuple[Part, str]], *kinds: str) -> None:
    """An estate into which these come is as it was beside them, in any kind of refresh."""
    before, world = await prepared(om, estate), OddWorld(om)
    subjects = {subject_of(number): case for number, case in enumerate(cases)}
    taken = {fqn: case for fqn, case in subjects.items() if world.add(*case, fqn)}
    assert {kind_of(part) for part, _ in taken.values()} >= {*kinds}
    await refreshed(estate)
    after = await everything(estate)
    if "usage" in kinds:
        # On more days than before somebody looked.
        before = {each: {**row, "idle_days": after[each]["idle_days"]} for each, row in before.items()}
    assert differences(before, after) == {}
    gone = [
        (part.name, value[:60]) for fqn, (part, value) in taken.items()
        if not part.harmless and not part.silent(value) and after.get(identifier_of(fqn), {}).get("goes")
    ]  # fmt: skip
    assert gone == []
    await answers(estate)
    assert (await refreshed(estate))["changed"] == 0
    await refreshed(estate, "FULL")
    full = await everything(estate)
    assert (differences(after, full), differences(full, after)) == ({}, {})


@pytest.mark.parametrize("kinds", WORLDS, ids=", ".join)
async def test_whatever_stands_in_a_row_all_else_is_as_before(om: OMRows, estate: OMEstate, kinds: list[str]) -> None:
    cases = [(part, value) for part in PARTS if kind_of(part) in kinds for value in VALUES]
    await follows_oddities(om, estate, cases, *kinds)


def test_every_table_that_is_read_has_odd_rows() -> None:
    om = object.__new__(OMRows)
    om.milliseconds, om.day, om.life_cycle = (lambda _: 0), (lambda _: None), (lambda **_: {})  # type: ignore[method-assign,assignment,misc]
    odd = {part.rows(om, subject_of(0))[0].table for part in PARTS}
    kinds = {table.name for table in SOURCE_TABLES if table.required == ("id", "name", "fqnHash")}
    # Of the kinds of assets that nothing tells apart one is enough.
    assert {table.name for table in SOURCE_TABLES} - kinds <= odd
    assert kinds & odd


# ---- what is named, by the id of its row or what else finds it

NAMED: tuple[tuple[str, str], ...] = (
    ("cost:cost", "1e26"), ("cost:cost", "1e308"), ("cost:cost", '"1e400"'), ("cost:cost", "-1"), ("cost:cost", "[]"),
    ("cost:timestamp", "null"), ("cost:timestamp", "1e26"), ("user:name", "missing"), ("team:name", '""'),
    ("user:name", "null"),
    ("profile:sizeInByte", '"1\\n2"'), ("profile:sizeInByte", "1e308"), ("profile:sizeInByte", "[]"),
    ("profile:profileData.sizeInByte", "{}"), ("profile:profileData", "[1]"), ("profile:operation", "[]"),
    ("profile:operation", "missing"), ("profile:timestamp", "0"),
    ("table:fullyQualifiedName", "1e26"), ("table:fullyQualifiedName", '"a.b"'), ("table:fullyQualifiedName", "missing"),
    ("table:fullyQualifiedName", '"' + "x" * 70_000 + '"'), ("table:tableType", "[]"), ("table:displayName", "true"),
    ("table:displayName", '"' + "x" * 700 + '"'), ("table:updatedBy", "{}"), ("table:lifeCycle", "[]"),
    ("table:lifeCycle.accessed", '"soon"'), ("table:lifeCycle.updated.timestamp", "true"), ("table:createdAt", "[]"),
    ("usage:count1", "-1"), ("usage:count1", "null"), ("usage:id", '"nobody"'), ("usage:usageDate", "null"),
    ("lineage:toId", '"' + "x" * 36 + '"'), ("lineage:fromId", '""'), ("lineage:toEntity", '"' + "x" * 250 + '"'),
    ("tag:tagFQN", '""'), ("mention:toId", '"no id"'), ("owner:toId", '"no id"'), ("in product:toId", '"no id"'),
    ("dashboard:id", '"no id"'), ("schema:id", '"no id"'), ("service:name", "null"), ("domain:fullyQualifiedName", "5"),
)  # fmt: skip


async def test_each_is_named(om: OMRows, estate: OMEstate, monkeypatch: pytest.MonkeyPatch) -> None:
    await prepared(om, estate)
    world, logged = OddWorld(om), list[str]()
    monkeypatch.setattr(
        "thirdeye.mirror.refresh.log.warning", lambda event, **more: logged.append(f"{event} {more}"), raising=False
    )
    cases = [(subject_of(number), *case) for number, case in enumerate(NAMED)]
    # A warning names up to twenty rows.
    for start in range(0, len(cases), 7):
        added = [
            (fqn, name, value) for fqn, name, value in cases[start : start + 7] if adds(om, world, fqn, name, value)
        ]
        await refreshed(estate)
        for fqn, name, value in added:
            keys = keys_of(om, fqn, name, value)
            assert any(key in named(estate) for key in keys), (name, value[:40], estate.warnings)
            assert any(key in line for key in keys for line in logged), (name, value[:40])


def adds(om: OMRows, world: OddWorld, fqn: str, name: str, value: str) -> bool:
    """Adds an odd row; MySQL holds no row of some."""
    taken = world.add(next(part for part in PARTS if part.name == name), value, fqn)
    assert taken or om.is_mysql(), (name, value)
    return taken


def keys_of(om: OMRows, fqn: str, name: str, value: str) -> set[str]:
    """What finds an odd row."""
    first = next(part for part in PARTS if part.name == name).rows(om, fqn)[0]
    document = first.document or {}
    keys = {fqn, identifier_of(fqn), str(document.get("id", fqn)), hash_of(document.get("name", fqn))}
    keys |= {identifier_of(f"{fqn}_query").replace("-", ""), str(first.columns.get("toId", fqn))}
    return keys | ({value.strip('"')} if value in ('"nobody"', '"no id"') else set())


async def test_only_the_first_of_many_are_named(om: OMRows, estate: OMEstate) -> None:
    await prepared(om, estate)
    world, part = OddWorld(om), next(part for part in PARTS if part.name == "table:displayName")
    for number in range(30):
        assert world.add(part, "[]", subject_of(number))
    await refreshed(estate)
    warning = estate.warnings["ODD_ROW"]
    assert (warning["count"], len(warning["examples"])) == (30, 20)


# ---- a table whose own row cannot be read


async def test_a_table_whose_row_cannot_be_read_stays_as_it_was(om: OMRows, estate: OMEstate) -> None:
    before = await prepared(om, estate)
    fqn, down = f"{PLACE}.gone_17", f"{PLACE}.gone_19"
    table = identifier_of(fqn)
    assert before[table]["goes"]
    om.lineage(fqn, BUSY)
    om.lineage(down, fqn)
    expected = {**before[table], "activity": "UNKNOWN", "unknown_reason": "UNREADABLE", "idle_days": None}
    for kind in ("AUTO", "AUTO", "FULL", "AUTO"):
        om.table(fqn, fullyQualifiedName="shop.main.core." + "💾" * 17_000, displayName="other", updated=0)
        om.run("UPDATE table_entity SET fqnHash = %s WHERE id = %s", hash_of(fqn), table)
        await refreshed(estate, kind)
        after = await everything(estate)
        assert table in named(estate)
        assert {name: after[table][name] for name in expected if name not in _MOVED} == {
            name: value for name, value in expected.items() if name not in _MOVED
        }
        assert (after[table]["goes"], after[table]["nearest"]) == (False, [(identifier_of(BUSY), 1)])
        assert not after[identifier_of(down)]["goes"]
    # Marked deleted, it is as absent as any other.
    om.delete(fqn)
    await refreshed(estate)
    assert (await everything(estate))[table]["absent_since"] is not None
    om.table(fqn)
    om.run("DELETE FROM entity_relationship WHERE %s IN (fromId, toId)", table)
    await refreshed(estate)
    assert "ODD_ROW" not in estate.warnings
    assert differences({table: before[table]}, await everything(estate)) == {}


_MOVED = frozenset({
    "goes", "blockers", "zombie", "flags", "in_use", "in_use_through_lineage", "nearest", "metadata_changed",
})  # fmt: skip


async def test_a_new_table_whose_row_cannot_be_read_is_none_and_holds_what_it_is_made_from(
    om: OMRows, estate: OMEstate
) -> None:
    await prepared(om, estate)
    fqn, up = f"{PLACE}.odd", f"{PLACE}.gone_21"
    om.lineage(up, fqn)
    # By a row that is before the oldest change that a refresh looks for.
    om.table(fqn, fullyQualifiedName=f"{PLACE}." + "x" * 70_000)
    for kind in ("AUTO", "FULL"):
        await refreshed(estate, kind)
        after = await everything(estate)
        assert identifier_of(fqn) not in after
        assert (after[identifier_of(up)]["goes"], after[identifier_of(up)]["blockers"]) == (
            False,
            {"UNKNOWN_DOWNSTREAM"},
        )
        assert identifier_of(fqn) in named(estate)


@pytest.mark.parametrize(
    "error", [pymysql.err.DataError(3156, "Invalid JSON value"), UnicodeDecodeError("utf-8", b"\xff", 0, 1, "x")]
)
async def test_a_row_that_the_server_cannot_give_is_found_among_its_page(
    om: OMRows, estate: OMEstate, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    before = await prepared(om, estate)
    bad, fetch_all, statements = identifier_of(f"{PLACE}.gone_23"), Session.fetch_all, list[str]()

    async def failing(self: Session, sql: str, values: Any = None) -> list[dict[str, Any]]:
        rows = await fetch_all(self, sql, values)
        if "$.lifeCycle" in sql:
            statements.append(sql)
            if any(row["id"] == bad for row in rows):
                raise error
        return rows

    monkeypatch.setattr(Session, "fetch_all", failing)
    for kind in ("FULL", "AUTO", "FULL"):
        om.table(f"{PLACE}.gone_23", updated=0, displayName=kind)
        await refreshed(estate, kind)
        after = await everything(estate)
        found, expected = after.pop(bad), {each: row for each, row in before.items() if each != bad}
        assert differences(expected, after) == {}
        assert (found["fqn"], found["unknown_reason"], found["goes"]) == (f"{PLACE}.gone_23", "UNREADABLE", False)
        assert bad in named(estate)
    assert len(statements) < 60
    monkeypatch.undo()
    await refreshed(estate)
    assert (await everything(estate))[bad]["display_name"] == "FULL"


async def test_a_server_that_gives_no_row_at_all_fails_the_refresh(
    om: OMRows, estate: OMEstate, monkeypatch: pytest.MonkeyPatch
) -> None:
    has_a_plain_past(om)
    om.read_once(PLACE, {f"more_{number}": 600 for number in range(80)})
    fetch_all = Session.fetch_all

    async def failing(self: Session, sql: str, values: Any = None) -> list[dict[str, Any]]:
        if "$.lifeCycle" in sql:
            raise pymysql.err.DataError(3156, "Invalid JSON value")
        return await fetch_all(self, sql, values)

    monkeypatch.setattr(Session, "fetch_all", failing)
    with pytest.raises(pymysql.err.DataError):
        await estate.mirror.refresh()


# ---- the last resort: something in rows that nobody has thought of

BROKEN: dict[str, tuple[object, str]] = {
    "ownership": (relations, "numbers_among"),
    "tags": (labels, "_tagged_among"),
    "attention": (labels, "numbers_among"),
    "profiles": (profiles, "read_size"),
    "usage": (usage, "day_of_rows"),
    "lineage": (edges, "records_of"),
    "costs": (lineage_phase, "read_query_costs"),
    "names": (relations_phase, "read_names"),
    "views": (ViewTextReader, "_found_in"),
}


@pytest.mark.parametrize("part", BROKEN)
async def test_what_defeats_a_reader_ends_no_refresh_and_lets_nothing_go(
    om: OMRows, estate: OMEstate, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    has_a_plain_past(om)
    om.view(f"{PLACE}.shown", f"SELECT * FROM {PLACE}.gone_31")
    om.query_cost("a_query", [f"{PLACE}.gone_33"], 3)
    om.product("reports", f"{PLACE}.gone_35")
    await estate.set_policy(protected_tags=[PROTECTED])
    await estate.confirm("shop", "LINEAGE")
    await refreshed(estate)
    before = await everything(estate)
    assert any(row["goes"] for row in before.values())

    def failing(*_: Any, **__: Any) -> Any:
        raise TypeError("unsupported operand")

    monkeypatch.setattr(*BROKEN[part], failing)
    # What is not known is asked for again.
    for kind in ("FULL", "AUTO"):
        await refreshed(estate, kind)
        found = await everything(estate)
        assert found.keys() == before.keys()
        assert not any(row["goes"] for row in found.values()), kind
    monkeypatch.undo()
    # The text of a view is read again when its row changes.
    await refreshed(estate, "FULL" if part == "views" else "AUTO")
    assert differences(before, await everything(estate)) == {}


# ---- sums


async def test_sizes_that_do_not_add_up_are_cut_and_named(om: OMRows, estate: OMEstate) -> None:
    has_a_plain_past(om)
    for number in range(1, 41):
        om.profile(f"{PLACE}.gone_{number}", 3, size=10**18)
    await refreshed(estate)
    await answers(estate)
    assert estate.warnings["SIZES_TOO_LARGE"]["example"].startswith("shop has more than")
    asker = Asker(estate.mirror.thirdeye, estate.mirror.settings, lambda: estate.mirror.now)
    answer = await asker.ask("{ estate { total { bytes zombieBytes } byService { bytes } } services { bytes } }")
    assert answer["data"]["estate"]["total"]["bytes"] == answer["data"]["services"][0]["bytes"] == MAX_SUM


async def test_an_edge_to_nobody_lets_nothing_go(om: OMRows, estate: OMEstate) -> None:
    """The id of zeros is no asset's: the number that stood for it was given to the next one that came."""
    _, world = await prepared(om, estate), OddWorld(om)
    to_dashboard = [part for part in PARTS if part.name == "lineage:toId"][1]
    first, second = subject_of(1), subject_of(2)
    assert world.add(to_dashboard, '"00000000-0000-0000-0000-000000000000"', first)
    await refreshed(estate)
    relation, dashboard, table = to_dashboard.rows(om, second)
    for row in (relation, replace(dashboard, document={**(dashboard.document or {}), "deleted": True}), table):
        world.put(row)
    await refreshed(estate)
    after = await everything(estate)
    held = ["UNKNOWN_DOWNSTREAM" in after[identifier_of(fqn)]["blockers"] for fqn in (first, second)]
    assert held == [True, False]


# ---- for long


@pytest.mark.soak
async def test_any_value_anywhere(om: OMRows, rows_settings: Settings, sql_server: MariaDB | MySQL) -> None:
    """THIRDEYE_SOAK_SECONDS: how long (600)."""
    batches, end = (
        list[list[tuple[Part, str]]](),
        time.monotonic() + float(os.environ.get("THIRDEYE_SOAK_SECONDS", "600")),
    )

    @settings(max_examples=400, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck))
    @given(st.lists(st.tuples(st.sampled_from(PARTS), json_texts()), min_size=20, max_size=120))
    def collect(cases: list[tuple[Part, str]]) -> None:
        batches.append(cases)

    collect()
    # The server may take no other row of a batch, and each is looked at as one with odd usage.
    taken = next(part for part in PARTS if part.name == "usage:count1"), "5"
    number = 0
    while time.monotonic() < end:
        cases = [taken, *batches[number % len(batches)]]
        number += 1
        # What another batch left would be absent in this one.
        empty_thirdeye(sql_server, SCHEMA)
        fresh = OMRows.create(om.connection, om.schema)
        async with watching(fresh, rows_settings) as estate:
            await follows_oddities(fresh, estate, cases, "usage")
