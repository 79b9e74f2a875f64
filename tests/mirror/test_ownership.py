"""Owners and domains as OpenMetadata means them: who left owns nothing, domains are inherited, names are compared exactly."""

from datetime import timedelta
from typing import Any

import pytest

from tests.support.api import ACCOUNTS
from tests.support.asking import ADMINISTRATOR, Asker
from tests.support.om_estate import OMEstate
from tests.support.om_rows import OMRows, identifier_of
from thirdeye.actions.permissions import caller_identity
from thirdeye.auth.principal import Principal
from thirdeye.inventory.filters import NONE
from thirdeye.mirror.openmetadata.source_tables import READABLE

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
CORE, MART = "shop.main.core", "shop.main.mart"
MANY = [f"user:many_{number}" for number in range(500)]
TABLES = """query ($filter: TableFilterInput) { tables(filter: $filter, first: 100) { edges { node {
  name ownedByNobody domain domains owners { name type } formerOwners { name type } described } } } }"""
DEPARTED = """{ departedOwners { totalCount warnings owners { owner { type name } deleted tables bytes monthlyCost zombies
  openItems sharedTables teamsToAsk { type name } } } }"""
GROUPS = "name fqn tables bytes monthlyCost zombies"
ESTATE = f"""{{ estate {{ total {{ {GROUPS} }} byDomain {{ {GROUPS} }} countedAgainByDomain {{ {GROUPS} }}
  rolledUp: byDomain(withSubdomains: true) {{ {GROUPS} }} byOwner(first: 1000) {{ name type tables }} }} }}"""


def people(om: OMRows) -> None:
    for named in ("user:ada", "user:finance", "team:Finance", "team:Data", "team:Residents", *MANY):
        om.person(named)
    for named in ("user:bob", "team:Ghosts"):
        om.person(named, deleted=True)
    om.person("user:nobody", name="")
    for team, user in (("Data", "bob"), ("Ghosts", "bob"), ("Residents", "ada"), ("Finance", "ada")):
        om.relate(f"team:{team}", f"user:{user}", ("team", "user"), 10)
    om.relate("team:Residents", "team:Ghosts", ("team", "team"), 9)


def owned_tables(om: OMRows) -> None:
    """By its name what each table is: `eve` and the team `Gone` have no row."""
    owners = {
        "living": ["user:ada"], "left": ["user:bob"], "shared": ["user:bob", "user:ada"], "missing": ["user:eve"],
        "by_user": ["user:finance"], "by_team": ["team:Finance"], "by_ghosts": ["team:Ghosts", "team:Gone"], "by_many": MANY,
        "nameless": ["user:nobody"], "nothing": [],
    }  # fmt: skip
    for name, named in owners.items():
        om.table(f"{CORE}.{name}", description="<p></p>" if name == "nothing" else "Sales")
        om.profile(f"{CORE}.{name}", 1, 10**12)
        for each in named:
            om.owns(each, f"{CORE}.{name}")
    om.table(f"{MART}.inherits")
    om.owns("user:bob", f"{MART}.inherits")
    om.owns("user:ada", MART, "databaseSchema")
    om.owns("user:bob", "shop.main", "database")
    # OpenMetadata hands no owners down from services.
    om.owns("user:ada", "shop", "databaseService")


async def asked(estate: OMEstate, query: str, principal: Principal = ADMINISTRATOR, **variables: Any) -> dict[str, Any]:
    mirror = estate.mirror
    asker = Asker(mirror.thirdeye, mirror.settings, lambda: mirror.now)
    return await asker.ask(query, principal=principal, **variables)


async def tables(estate: OMEstate, principal: Principal = ADMINISTRATOR, **filters: Any) -> dict[str, dict[str, Any]]:
    """By name."""
    answer = await asked(estate, TABLES, principal, filter=filters)
    assert "errors" not in answer, answer
    return {edge["node"]["name"]: edge["node"] for edge in answer["data"]["tables"]["edges"]}


async def refused(estate: OMEstate, **filters: Any) -> str:
    (error,) = (await asked(estate, TABLES, filter=filters))["errors"]
    assert (error["extensions"]["code"], error["extensions"].get("argument")) == ("BAD_USER_INPUT", next(iter(filters)))
    return str(error["message"])


def names(owners: list[dict[str, str]]) -> list[str]:
    return sorted(f"{owner['type']}:{owner['name']}" for owner in owners)


async def test_who_left_owns_nothing_and_what_they_leave_is_told(om: OMRows, estate: OMEstate) -> None:
    people(om)
    owned_tables(om)
    await estate.look()
    assert {"MANY_OWNERS", "OWNER_MISSING", "OWNER_WITHOUT_NAME"} <= estate.warnings.keys()
    assert estate.warnings["MANY_OWNERS"]["example"] == f"table {identifier_of(f'{CORE}.by_many')}"
    assert (estate.warnings["OWNER_MISSING"]["count"], estate.warnings["OWNER_WITHOUT_NAME"]["count"]) == (2, 1)
    found = await tables(estate)
    assert names(found["shared"]["owners"]) == names(found["living"]["owners"]) == ["user:ada"]
    assert names(found["inherits"]["owners"]) == ["user:ada"]
    assert [names(found[each]["formerOwners"]) for each in ("shared", "inherits", "left")] == [["user:bob"]] * 3
    assert names(found["by_ghosts"]["formerOwners"]) == ["team:Ghosts", f"team:team {identifier_of('team:Gone')[:8]}"]
    assert len(found["by_many"]["owners"]) == 500
    assert names(found["nameless"]["owners"]) == [f"user:user {identifier_of('user:nobody')[:8]}"]
    # Nobody is named for it itself, nor for its schema.
    assert names(found["nothing"]["formerOwners"]) == ["user:bob"]
    left = {"left", "missing", "by_ghosts", "nothing"}
    assert {name for name, table in found.items() if table["ownedByNobody"]} == left
    assert (await tables(estate, ownedByNobody=True)).keys() == (await tables(estate, owned=False)).keys() == left
    assert (await tables(estate, formerOwner=["bob"])).keys() == {"left", "shared", "inherits", "nothing"}
    assert (await tables(estate, formerOwner=["user:bob"], ownedByNobody=False)).keys() == {"shared", "inherits"}
    assert not await tables(estate, owner=["bob"])
    assert [name for name, table in found.items() if not table["described"]] == ["nothing"] + ["inherits"]
    await estate.mirror.thirdeye.execute(
        "INSERT INTO action_items (title, status, table_number) "
        "SELECT fqn, IF(name = 'missing', 'DONE', 'OPEN'), number FROM table_inventory "
        "WHERE name IN ('left', 'shared', 'missing')"
    )
    by_owner = {f"{each['owner']['type']}:{each['owner']['name']}": each for each in await departed(estate)}
    assert len(by_owner) == 4
    bob = by_owner["user:bob"]
    # A terabyte costs 23 USD.
    assert (bob["tables"], bob["bytes"], bob["monthlyCost"], bob["openItems"]) == (2, 2 * 10**12, "46.000000", 1)
    assert (bob["deleted"], bob["sharedTables"], names(bob["teamsToAsk"])) == (True, 2, ["team:Data"])
    assert names(by_owner["team:Ghosts"]["teamsToAsk"]) == ["team:Residents"]
    assert {name: each["deleted"] for name, each in by_owner.items() if not each["teamsToAsk"]} == {
        f"user:user {identifier_of('user:eve')[:8]}": False, f"team:team {identifier_of('team:Gone')[:8]}": False,
    }  # fmt: skip

    # What changes is noticed without reading all of it again, whichever of OM's tables it is in.
    for change in (
        lambda: om.person("user:ada", deleted=True), lambda: om.person("user:bob"), lambda: om.person("team:Gone"),
        lambda: om.run("DELETE FROM entity_relationship WHERE fromId = %s", identifier_of("user:many_3")),
    ):  # fmt: skip
        change()
        before = await estate.look()
        assert before == await estate.look("FULL")
    found = await tables(estate)
    assert not any(table["ownedByNobody"] for table in found.values())
    assert [names(found[each]["owners"]) for each in ("living", "missing", "by_ghosts")] == [["user:bob"]] * 2 + [
        ["team:Gone"]
    ]
    assert names(found["living"]["formerOwners"]) == ["user:ada"]
    assert len(found["by_many"]["owners"]) == 499


async def test_a_user_and_a_team_of_one_name_are_two(om: OMRows, estate: OMEstate) -> None:
    people(om)
    om.person("team:finance", name="finance")
    om.table(f"{CORE}.both")
    om.owns("team:finance", f"{CORE}.both")
    owned_tables(om)
    await estate.look()
    assert await refused(estate, owner=["finance"]) == "owner: finance may be team:finance, user:finance: say which"
    assert await refused(estate, formerOwner=["finance"])
    assert (await tables(estate, owner=["user:finance"])).keys() == {"by_user"}
    assert (await tables(estate, owner=["team:finance"])).keys() == {"both"}
    assert (await tables(estate, owner=["Finance"])).keys() == {"by_team"}
    assert (await tables(estate, owner=["ADA"])).keys() == {"living", "shared", "inherits"}
    groups = (await asked(estate, ESTATE))["data"]["estate"]["byOwner"]
    assert {(each["name"], each["type"]): each["tables"] for each in groups if each["name"] in ("finance", "Finance")} == {
        ("finance", "user"): 1, ("finance", "team"): 1, ("Finance", "team"): 1,
    }  # fmt: skip
    finance, ada = Principal(name="finance"), Principal(name="ada")
    assert (await tables(estate, finance, mine=True)).keys() == {"by_user"}
    assert (await tables(estate, ada, mine=True)).keys() == {"living", "shared", "inherits", "by_team"}
    until = estate.mirror.now.date() + timedelta(days=30)
    keep = f'mutation ($fqn: String!) {{ keepTable(fqn: $fqn, reason: "ours", until: "{until}") {{ fqn }} }}'
    for principal, name in ((finance, "by_team"), (finance, "both"), (Principal(name="bob"), "left")):
        (error,) = (await asked(estate, keep, principal, fqn=f"{CORE}.{name}"))["errors"]
        assert error["extensions"]["code"] == "FORBIDDEN"
    # What is assigned to a name that a team has is assigned to the team, whoever is called like it.
    for gone in ("user:nobody", "user:finance"):
        om.run("DELETE FROM user_entity WHERE id = %s", identifier_of(gone))
        await estate.look()
        assert (await identity(estate, "finance")).untold == frozenset()
        assert (await identity(estate, "ada")).untold == {"ada", "finance", "residents"}
    assert not await tables(estate, finance, mine=True)


async def identity(estate: OMEstate, name: str) -> Any:
    mirror = estate.mirror
    context = Asker(mirror.thirdeye, mirror.settings, lambda: mirror.now).context(Principal(name=name))
    return await caller_identity(context)


def domains(om: OMRows) -> None:
    for fqn in ("Sales", "Sales.EMEA", "Finance.EMEA", "Résumé", "Resume", "resume", '"a.b"."c"', "NONE"):
        om.domain(fqn, "c" if fqn.startswith('"') else None)
    om.domain("Unreadable", "Plain.Name", fullyQualifiedName=7)
    # In circles: what tells domains apart is their FQN.
    for one, other in (("Sales", "Sales.EMEA"), ("Sales.EMEA", "Sales")):
        om.relate(f"domain:{one}", f"domain:{other}", ("domain", "domain"), 0)
    om.domain("Dropped", deleted=True)
    own = {
        "one": ["Sales"], "sub": ["Sales.EMEA"], "two": ["Sales", "Finance.EMEA"], "accent": ["Résumé"], "none": ["NONE"],
        "plain": ["Resume"], "small": ["resume"], "quoted": ['"a.b"."c"'], "odd": ["Unreadable"],
        "gone": ["Dropped", "Nowhere"], "inherits": [],
    }  # fmt: skip
    for name, fqns in own.items():
        om.table(f"{CORE}.{name}")
        om.profile(f"{CORE}.{name}", 1, 10**12)
        for fqn in fqns:
            om.within(fqn, f"{CORE}.{name}")
    om.table(f"{MART}.from_schema")
    om.table("shop.other.core.from_database")
    om.table("lake.main.core.from_service")
    om.table("void.main.core.without")
    om.within("Finance.EMEA", "shop.main", "database")
    for fqn in ("Sales", "Résumé"):
        om.within(fqn, MART, "databaseSchema")
    om.within("Dropped", "shop.other.core", "databaseSchema")
    om.within("Sales.EMEA", "shop.other", "database")
    om.within("Resume", "shop", "databaseService")
    om.within("Sales", "lake", "databaseService")


async def test_domains_are_inherited_and_told_apart_by_fqn(om: OMRows, estate: OMEstate) -> None:
    domains(om)
    await estate.look()
    assert {code: estate.warnings[code]["count"] for code in ("DOMAIN_WITHOUT_FQN", "DOMAIN_MISSING")} == {
        "DOMAIN_WITHOUT_FQN": 1, "DOMAIN_MISSING": 1,
    }  # fmt: skip
    found = await tables(estate)
    expected = {
        "two": ["Finance.EMEA", "Sales"], "quoted": ['"a.b"."c"'], "odd": ['"Plain.Name"'], "gone": ["Finance.EMEA"],
        "inherits": ["Finance.EMEA"], "from_schema": ["Résumé", "Sales"], "from_database": ["Sales.EMEA"],
        "from_service": ["Sales"], "without": [],
    }  # fmt: skip
    assert {name: sorted(found[name]["domains"]) for name in expected} == expected
    assert (found["two"]["domain"], found["quoted"]["domain"], found["without"]["domain"]) == ("EMEA", "c", None)
    in_sales = {"one", "sub", "two", "from_schema", "from_database", "from_service"}
    cases: dict[str, set[str]] = {
        "Sales": in_sales, "Sales.EMEA": {"sub", "from_database"}, "Finance": {"two", "gone", "inherits"},
        "Résumé": {"accent", "from_schema"},
        "Resume": {"plain"}, "resume": {"small"}, "a.b": {"quoted"}, '"a.b"': {"quoted"}, '"a.b".c': {"quoted"},
        "c": {"quoted"},
        "Plain.Name": {"odd"}, NONE: {"without"}, f'"{NONE}"': {"none"}, "sales": set(), "Dropped": set(), "emea": set(),
    }  # fmt: skip
    for name, tables_in_it in cases.items():
        assert (await tables(estate, domain=[name])).keys() == tables_in_it, name
    assert (await tables(estate, domain=["Resume", NONE])).keys() == {"plain", "without"}
    assert await refused(estate, domain=["EMEA"]) == "domain: EMEA may be Finance.EMEA, Sales.EMEA: say which"
    totals = (await asked(estate, ESTATE))["data"]["estate"]
    own, rolled_up = ({each["fqn"]: each["tables"] for each in totals[key]} for key in ("byDomain", "rolledUp"))
    assert own == {
        "Sales": 4, "Sales.EMEA": 2, "Finance.EMEA": 3, "Résumé": 2, "Resume": 1, "resume": 1, '"a.b".c': 1, '"Plain.Name"': 1,
        "NONE": 1, None: 1,
    }  # fmt: skip
    assert rolled_up == {**own, "Sales": 6, "Finance": 3, '"a.b"': 1}
    assert {each["name"] for each in totals["byDomain"] if each["fqn"] in ("Sales.EMEA", "Finance.EMEA")} == {"EMEA"}
    assert totals["total"]["tables"] == sum(own.values()) - totals["countedAgainByDomain"]["tables"] == 15

    await no_collation_changes_an_answer(om, estate)
    om.domain("Sales", fullyQualifiedName="Moved.Sales")
    om.run("DELETE FROM entity_relationship WHERE toEntity = 'databaseService'")
    await estate.look()
    assert (await tables(estate, domain=["Moved"])).keys() == {"one", "two", "from_schema"}
    # What it was called is still what another domain lies in.
    assert (await tables(estate, domain=["Sales"])).keys() == {"sub", "from_database"}


async def no_collation_changes_an_answer(om: OMRows, estate: OMEstate) -> None:
    before = [(await asked(estate, ESTATE))["data"]["estate"], await tables(estate)]
    for collation in ("utf8mb4_general_ci", "utf8mb4_bin"):
        for table in ("entity_relationship", "domain_entity", "user_entity"):
            om.run(f"CREATE TABLE other LIKE {table}")
            columns = ("json", "fqnHash" if table == "domain_entity" else "nameHash")
            if table == "entity_relationship":
                columns = ("fromId", "toId", "fromEntity", "toEntity", "relation")
            order = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[-1]}, {columns[0]} DESC"
            om.run(f"INSERT INTO other ({', '.join(columns)}) {order}")
            om.run(f"ALTER TABLE other CONVERT TO CHARACTER SET utf8mb4 COLLATE {collation}")
            om.run(f"RENAME TABLE {table} TO {table}_kept, other TO {table}")
        try:
            await estate.look("FULL")
            assert before == [(await asked(estate, ESTATE))["data"]["estate"], await tables(estate)]
        finally:
            for table in ("entity_relationship", "domain_entity", "user_entity"):
                om.run(f"DROP TABLE {table}")
                om.run(f"RENAME TABLE {table}_kept TO {table}")


async def test_what_cannot_be_read_now_stays_as_it_was(om: OMRows, estate: OMEstate) -> None:
    people(om)
    owned_tables(om)
    om.domain("Sales.EMEA")
    om.within("Sales.EMEA", CORE, "databaseSchema")
    om.within("Nowhere", f"{CORE}.left")
    await estate.look()
    before = [
        await tables(estate),
        await departed(estate),
        await seen(estate),
    ]
    user = f"'{ACCOUNTS.om_user}'@'%%'"
    for table, columns in (
        ("user_entity", READABLE["user_entity"]), ("team_entity", READABLE["team_entity"]),
        ("domain_entity", (*READABLE["domain_entity"], "name")),
    ):  # fmt: skip
        on = f"SELECT ({', '.join(f'`{column}`' for column in dict.fromkeys(columns))}) ON `{om.schema}`.`{table}`"
        om.run(f"REVOKE {on} FROM {user}")
        for kind in ("AUTO", "FULL"):
            await estate.mirror.refresh(kind)
            now = [
                await tables(estate),
                await departed(estate),
                await seen(estate),
            ]
            for owner in (*before[1], *now[1]):
                # Whom to ask is known by the names of teams that are there.
                owner["teamsToAsk"] = []
            assert before == now, (table, kind)
            assert (await tables(estate, domain=["EMEA"])).keys() >= {"living"}
        om.run(f"GRANT {on} TO {user}")
    # Nor does anything happen to those who own it while a table of OM's is as good as empty.
    om.run("DELETE FROM user_entity")
    await estate.mirror.refresh()
    assert (await tables(estate))["left"] == before[0]["left"]


async def departed(estate: OMEstate) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await asked(estate, DEPARTED))["data"]["departedOwners"]["owners"]
    return found


async def seen(estate: OMEstate) -> Any:
    return {fqn: (table.verdict, table.blockers) for fqn, table in (await estate.seen()).items()}
