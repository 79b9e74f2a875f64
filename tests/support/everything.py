"""A small estate that rests on everything ThirdEye reads of OM: each of OM's tables holds what some item depends on."""

import json
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pymysql

from tests.support.api import ACCOUNTS
from tests.support.om_estate import OMEstate, has_a_past
from tests.support.om_rows import RUNS, OMRows, hash_of, identifier_of
from tests.verdict.test_verdicts import verdicts_of
from thirdeye.actions.detection.run import Detection, Outcome
from thirdeye.database import MySQL as Database
from thirdeye.mirror.openmetadata.source_tables import ASSETS, READABLE, grant_statements
from thirdeye.verdict.store import set_policy

CORE = "shop.main.core"
LARGE = 10**13
# What is told to people of their work, and what was measured: while nobody can see, not a row of it changes.
RECORDS = (
    "action_items", "action_event", "action_decision", "action_item_part", "campaign_item", "saving_baseline",
    "saving_entry", "verdict_record",
)  # fmt: skip
# Rules that administrators wrote: each looks at something else.
RULES: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("REVIEW_EXPENSIVE", 1, {"owner": ["ann"]}),
    ("REVIEW_EXPENSIVE", 2, {"owner": ["crew"]}),
    ("REVIEW_EXPENSIVE", 3, {"zombie": True, "minimumMonthlyCost": "100"}),
    ("ASSIGN_OWNER", 1, {"tag": ["PII.Sensitive"]}),
    ("ASSIGN_OWNER", 2, {"inUse": False, "owned": False}),
    ("DEDUPLICATE", 1, {"domain": ["Sales"]}),
    ("DEDUPLICATE", 2, {"tier": ["Tier3"]}),
    ("DEDUPLICATE", 3, {"minimumMonthlyCost": "3", "maximumMonthlyCost": "4"}),
    ("SET_RETENTION", 90, {"ownedByNobody": True}),
    ("SET_RETENTION", 91, {"formerOwner": ["user:bob"]}),
    ("SET_RETENTION", 92, {"domain": ["Sales.EMEA"]}),
    ("SET_RETENTION", 93, {"verdict": ["REVIEW"], "blocker": ["CARED_FOR"]}),
    ("SET_RETENTION", 94, {"blocker": ["IN_DATA_PRODUCT"]}),
    ("SET_RETENTION", 95, {"activity": ["DORMANT"], "maximumQueries": 0, "minimumBytes": LARGE}),
    ("SET_RETENTION", 96, {"service": ["pg"]}),
    ("SET_RETENTION", 97, {"database": ["old"], "activity": ["STALE", "DORMANT"]}),
    ("SET_RETENTION", 98, {"retention": False, "minimumBytes": 2 * LARGE}),
)


def add_tables_of_newer_versions(om: OMRows) -> list[str]:
    """Makes those of OM's tables that this version lacks; gives their names."""
    with om.connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (om.schema,))
        there = {row[0] for row in cursor.fetchall()}
    added = sorted(READABLE.keys() - there)
    for table in added:
        om.run(RUNS["metric_entity"].replace("metric_entity", table))
    return added


def named(om: OMRows, table: str, name: str, hashed: str = "nameHash", **more: Any) -> None:
    """A user, a team, a domain or an asset."""
    document = {"id": identifier_of(name), "name": name, "fullyQualifiedName": name, "deleted": False, **more}
    document |= {"updatedAt": om.milliseconds(800), "updatedBy": "admin"}
    om.run(f"REPLACE INTO {table} (json, {hashed}) VALUES (%s, %s)", json.dumps(document), hash_of(name))


def idle(om: OMRows, name: str, size: int = LARGE, ago: int = 710, **more: Any) -> str:
    """A table that nobody read for long, with a size."""
    fqn = f"{CORE}.{name}"
    om.table(fqn, **more)
    om.usage(fqn, [ago])
    om.profile(fqn, 20, size)
    return fqn


def has_everything(om: OMRows) -> None:
    """Something of each kind."""
    has_a_past(om)
    named(om, "user_entity", "ann", email="ann@shop.example")
    named(om, "team_entity", "crew", teamType="Group")
    named(om, "domain_entity", "Sales", "fqnHash")
    for name in ("going", "staged", "shrinking", "leaving", "dear_backup"):
        idle(om, name)
    om.write(idle(om, "written"), 3)
    om.read(f"{CORE}.dear", [3, 10])
    om.profile(f"{CORE}.dear", 20, LARGE)
    for owner, kind in (("ann", "user"), ("crew", "team")):
        om.relate(owner, idle(om, f"of_{owner}"), (kind, "table"), 8)
    om.relate("Sales", idle(om, "in_domain"), ("domain", "table"), 10)
    om.tag(idle(om, "tagged"), "PII.Sensitive")
    om.tag(idle(om, "tiered", size=10**9), "Tier.Tier3")
    om.tag(idle(om, "critical"), "Tier.Tier1")
    om.lineage(idle(om, "upstream"), "shop.main.core.busy")
    om.read(f"{CORE}.lake", range(1, 60))
    om.profile(f"{CORE}.lake", 20, 2 * 10**11)
    _has_places(om)
    _has_people_and_products(om)
    _has_costs_and_runs(om)
    for month in range(24):
        part = f"{CORE}.events_{om.day(30 * month + 1):%Y_%m_%d}"
        om.read(part, [1, 40, 80] if month < 3 else [30 * month + 1])
        om.profile(part, 20, 10**12)
    for kind, table in ASSETS.items():
        named(om, table.name, f"some_{kind}", "fqnHash")
        om.relate(idle(om, f"feeds_{kind}"), f"some_{kind}", ("table", kind), 13)


def _has_places(om: OMRows) -> None:
    """A schema and a database that hand down owners and a retention, and one whose use only its own rows tell."""
    for place, kind, table in (("shop.kept.all", "databaseSchema", "database_schema_entity"),
                               ("shop.kept", "database", "database_entity")):  # fmt: skip
        name = f"{place}.deep" if kind == "databaseSchema" else f"{place}.other.deep"
        om.table(name)
        om.usage(name, [600])
        om.profile(name, 20, 3 * LARGE)
        om.relate("ann", place, ("user", kind), 8)
        om.run(
            f"UPDATE {table} SET json = JSON_SET(json, '$.retentionPeriod', 'P30D') WHERE fqnHash = %s", hash_of(place)
        )
    om.table("shop.old.core.unread")
    om.usage("shop.old", range(1, 400, 3), kind="database")
    om.usage("shop.old.core", range(1, 400, 3), kind="databaseSchema")
    om.profile("shop.old.core.unread", 20, LARGE)


def _has_people_and_products(om: OMRows) -> None:
    """Who left, a domain that a service hands down, data products, a contract that is gone, and signs of care."""
    for left in ("user:bob", "team:ghosts"):
        om.person(left, deleted=True)
        om.owns(left, idle(om, f"left_by_{left[5:]}"))
    om.owns("user:bob", idle(om, "shared"))
    om.relate("ann", f"{CORE}.shared", ("user", "table"), 8)
    om.domain("Sales.EMEA")
    om.domain("Sales.Gone", deleted=True)
    om.within("Sales.Gone", idle(om, "in_no_domain"))
    om.table("sea.main.core.deep")
    om.profile("sea.main.core.deep", 20, LARGE)
    om.within("Sales.EMEA", "sea", "databaseService")
    om.product("sales", idle(om, "in_product"))
    om.product("sales", "shop.sold.all", "databaseSchema")
    om.table("shop.sold.all.deep")
    om.profile("shop.sold.all.deep", 20, LARGE)
    om.contract("void", idle(om, "without_contract"), deleted=True)
    om.person("user:robot", bot=True)
    idle(om, "by_robot", updated=30, updatedBy="robot")
    om.follow("fan", idle(om, "followed"))
    om.test_suite(idle(om, "tested"))


def _has_costs_and_runs(om: OMRows) -> None:
    """Queries that cost, a service whose usage has no dates, one whose watched days only its runs tell."""
    om.query_cost("a_query", [idle(om, "asked", size=10**9)], 2, cost=3.5)
    om.query_cost("loading", [idle(om, "loaded")], 2, cost=30, text="INSERT INTO core.loaded VALUES (1)")
    om.query_cost("another", [idle(om, "rarely_asked", size=10**12)], 25, cost=200)
    om.service("pg", "Postgres")
    for name, days in (("steady", range(1, 300)), ("gone", range(200, 300))):
        om.read(f"pg.main.core.{name}", days, 7)
        om.profile(f"pg.main.core.{name}", 20, LARGE)
    om.service("weekly")
    om.read("weekly.main.core.often", range(1, 500, 7))
    om.read("weekly.main.core.once", [400])
    om.profile("weekly.main.core.once", 20, LARGE)
    om.pipeline("weekly.agent")
    om.runs("weekly.agent", range(1, 500))


async def add_rules(thirdeye: Database, now: datetime) -> None:
    """What administrators and people wrote."""
    await set_policy(thirdeye, policy={"review_cared_for": True}, by="ann", now=now)
    for number, (category, position, document) in enumerate(RULES):
        await thirdeye.execute(
            "INSERT INTO action_rule (name, category, priority, position, table_filter, set_by, set_at) "
            "VALUES (%(name)s, %(category)s, 'LOW', %(position)s, %(filter)s, 'ann', '2026-01-01')",
            {"name": f"rule {number}", "category": category, "position": position, "filter": json.dumps(document)},
        )
    for name, document in (("idle", {"inUseThroughLineage": False}), ("large", {"minimumBytes": LARGE})):
        await thirdeye.execute(
            "INSERT INTO campaign (name, owner, item_filter, created_by, created_at) "
            "VALUES (%(name)s, 'ann', %(filter)s, 'ann', '2026-01-01')",
            {"name": name, "filter": json.dumps(document)},
        )


class Looking:
    """An estate with everything, the work that ThirdEye found in it, and the account that may be kept from seeing."""

    def __init__(self, estate: OMEstate) -> None:
        self.estate, self.om, self.thirdeye = estate, estate.om, estate.mirror.thirdeye
        self.warnings: list[str] = []

    async def refresh(self, kind: str = "AUTO", on_progress: Any = lambda _phase, _seen: None) -> dict[str, Any]:
        """Refreshes and detects."""
        self.estate.mirror.judged = None
        run = await self.estate.mirror.refreshing().run(kind, on_progress=on_progress)
        self.warnings = [f"{each['code']}: {'; '.join(each['examples'])}" for each in run["warnings"]]
        await self.detect()
        return run

    async def detect(self) -> Outcome:
        """Runs detection over what is published."""
        mirror = self.estate.mirror
        detection = Detection(
            settings=mirror.settings,
            thirdeye=self.thirdeye,
            estate=mirror.reader,
            clock=lambda: mirror.now,
        )
        outcome = await detection.run()
        assert outcome is not None
        return outcome

    async def records(self) -> dict[str, list[dict[str, Any]]]:
        """All that people are told of their work: items by what they are about, whichever was opened first."""
        items = {
            row["id"]: (row["table_number"], row["category"])
            for row in await self.thirdeye.fetch_all("SELECT id, table_number, category FROM action_items")
        }
        found = {}
        for table in RECORDS:
            rows = [dict(row) for row in await self.thirdeye.fetch_all(f"SELECT * FROM {table}")]
            for row in rows:
                row.pop("id", None)
                if "item" in row:
                    row["item"] = items[row["item"]]
            found[table] = sorted(rows, key=lambda row: tuple(map(repr, row.values())))
        return found

    async def published(self) -> dict[str, Any]:
        """What is published of each table, and of the score that it would get."""
        rows = await self.estate.mirror.inventory()
        verdicts = self.estate.seen_of(await verdicts_of(self.estate.mirror), rows)
        leave_out = {"generation", "seen_at", "owner_set", "tag_set", "domain_set", "place_number"}
        return {
            row["fqn"]: ({k: v for k, v in row.items() if k not in leave_out}, verdicts[row["fqn"]])
            for row in rows.values()
        }

    # ---- what the account may see

    def sql(self, statement: str) -> None:
        """A statement of somebody who may do everything."""
        with self.om.connection.cursor() as cursor:
            cursor.execute(statement)

    def revoke(self, table: str, *columns: str) -> None:
        """Takes the account's right to read a table, or some of its columns."""
        names = ", ".join(f"`{column}`" for column in columns or self.granted(table))
        self.sql(f"REVOKE SELECT ({names}) ON `{self.om.schema}`.`{table}` FROM '{ACCOUNTS.om_user}'@'%'")

    def granted(self, table: str) -> list[str]:
        """The columns of a table that exist among those that ThirdEye reads."""
        with self.om.connection.cursor() as cursor:
            cursor.execute(
                "SELECT column_name FROM information_schema.columns WHERE table_schema = %s AND table_name = %s",
                (self.om.schema, table),
            )
            existing = {row[0] for row in cursor.fetchall()}
        return [column for column in READABLE[table] if column in existing]

    def grant_all(self) -> None:
        """Gives the account all that it needs."""
        existing = {table: set(self.granted(table)) for table in READABLE}
        for statement in grant_statements(existing, self.om.schema, f"'{ACCOUNTS.om_user}'@'%'"):
            self.sql(statement)

    def revoke_all_but_tables(self) -> None:
        """Takes the right to read anything but the rows of tables."""
        for table in READABLE:
            if table != "table_entity":
                with suppress(pymysql.err.MySQLError):
                    self.revoke(table)


async def looking(estate: OMEstate) -> Looking:
    """The estate after some weeks of work: items in every state, savings that were measured."""
    om, looking = estate.om, Looking(estate)
    estate.mirror.now -= timedelta(days=9)
    om.today -= timedelta(days=9)
    has_everything(om)
    await add_rules(looking.thirdeye, estate.mirror.now)
    await looking.refresh()
    om.profile(f"{CORE}.lake", 0, 4 * 10**11)
    om.profile(f"{CORE}.shrinking", 0, 10**11)
    om.drop(f"{CORE}.leaving")
    await looking.thirdeye.execute(
        "UPDATE action_items JOIN table_inventory ON number = table_number "
        "SET stage = 'RESTRICTED', stage_since = %(now)s, status = 'IN_PROGRESS' WHERE table_inventory.name = 'staged'",
        {"now": estate.mirror.now},
    )
    for days in (2, 5, 2):
        estate.mirror.now += timedelta(days=days)
        om.today += timedelta(days=days)
        om.usage(f"{CORE}.busy", range(1, 10))
        om.usage(f"{CORE}.lake", range(1, 10))
        om.usage("pg.main.core.steady", range(1, 10), 7)
        om.runs("weekly.agent", range(1, 10))
        await looking.refresh()
    return looking


def change_before(om: OMRows, number: int) -> None:
    """Tables of which each is about to change in another way."""
    for name in ("used", "shrunk", "dropped", "untagged", "disowned", "freed"):
        idle(om, f"{name}_{number}")
    idle(om, f"grown_{number}", size=LARGE // 10)
    idle(om, f"down_{number}", size=10**9)
    om.tag(f"{CORE}.untagged_{number}", "Tier.Tier1")
    om.relate("ann", f"{CORE}.disowned_{number}", ("user", "table"), 8)
    for name in ("freed", "dropped"):
        om.lineage(f"{CORE}.{name}_{number}", f"{CORE}.busy")
    om.lineage(f"{CORE}.down_{number}", f"{CORE}.dropped_{number}")
    om.read(f"pg.main.core.new_{number}", range(100, 110), 7)


def change_meanwhile(om: OMRows, number: int) -> None:
    """What happens to these tables, and to new ones."""
    om.usage(f"{CORE}.used_{number}", [1])
    om.profile(f"{CORE}.shrunk_{number}", 0, 10**9)
    om.profile(f"{CORE}.grown_{number}", 0, LARGE // 2)
    om.drop(f"{CORE}.dropped_{number}")
    om.run("DELETE FROM tag_usage WHERE targetFQNHash = %s", hash_of(f"{CORE}.untagged_{number}"))
    for gone, other in ((f"{CORE}.disowned_{number}", "ann"), (f"{CORE}.freed_{number}", f"{CORE}.busy")):
        om.run("DELETE FROM entity_relationship WHERE %s IN (fromId, toId) AND %s IN (fromId, toId)",
               identifier_of(gone), identifier_of(other))  # fmt: skip
    idle(om, f"fresh_{number}")
    # A service of which nobody has heard, and whose usage has no dates.
    om.service(f"pg_{number}", "Postgres")
    om.read(f"pg_{number}.main.core.steady", range(1, 9), 7)
    om.usage(f"pg.main.core.new_{number}", range(1, 9), 7)
