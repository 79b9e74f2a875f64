"""Tags, data products, data contracts and signs of care: what OM's rows of them protect."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support.om_estate import OMEstate, Seen, has_a_past
from tests.support.om_rows import OMRows, hash_of, identifier_of
from thirdeye.inventory.verdicts import Blocker
from thirdeye.local.servers import MariaDB, MySQL

pytestmark = [pytest.mark.anyio, pytest.mark.unmeasured, pytest.mark.one_server]
CORE = "shop.main.core"
PROTECTED = ["Legal.Hold", "PII", "Words.Money", '"Odd.One"', "Tier.Tier4", "Résumé.Read", "Tier.Gold"]
GLOSSARY = 1
LABELS = {Blocker.PROTECTED_TAG, Blocker.CRITICAL_TIER, Blocker.IN_DATA_PRODUCT, Blocker.CARED_FOR}


def with_labels(om: OMRows) -> dict[str, set[str]]:
    """Tables that all were idle for a year, each with something of its own; the blockers that it must have by that."""
    has_a_past(om)
    tag, critical, product = {"PROTECTED_TAG"}, {"CRITICAL_TIER"}, {"IN_DATA_PRODUCT"}
    expected = dict[str, set[str]]()

    def table(name: str, blockers: set[str], schema: str = CORE, **more: Any) -> str:
        fqn = f"{schema}.{name}"
        om.table(fqn, **more)
        om.usage(fqn, [400])
        expected[fqn] = blockers
        return fqn

    # ---- tags of tables
    om.tag(table("held", tag), "Legal.Hold")
    om.tag(table("held_in_capitals", set()), "Legal.HOLD")
    om.tag(table("below_hold", tag), "Legal.Hold.Until2030")
    om.tag(table("beside_hold", set()), "Legal.Holder")
    om.tag(table("of_the_classification", tag), "PII.Sensitive")
    om.tag(table("of_another", set()), "PIIx.Sensitive")
    om.tag(table("suggested", tag), "Legal.Hold", state=0)
    # One of the two is protected; OM's collations take them for one.
    accents = table("accents", tag)
    om.tag(accents, "Résumé.Read")
    om.tag(accents, "Resume.Read")
    om.tag(table("no_accents", set()), "Resume.Read")
    om.tag(table("quoted", tag), '"Odd.One".Two')
    om.tag(table("not_quoted", set()), "Odd.One.Two")
    # ---- columns
    column = [{"name": "id"}, {"name": "address", "children": [{"name": "street.1", "children": [{"name": "x"}]}]}]
    om.tag(table("of_a_column", tag, columns=column), "PII.Mail", column="id")
    om.tag(table("of_a_nested_column", tag, columns=column), "PII.Mail", column='address."street.1".x')
    om.tag(table("suggested_for_a_column", tag, columns=column), "PII.Mail", column="address", state=0)
    om.tag(table("of_no_column", tag, columns=column), "PII.Mail", column="address.no_more")
    om.tag(table("column_critical", set(), columns=column), "Tier.Tier1", column="id")
    # ---- tiers
    om.tag(table("critical", critical), "Tier.Tier2")
    om.tag(table("critical_suggested", critical), "Tier.Tier1", state=0)
    om.tag(table("tier_five", set()), "Tier.Tier5")
    om.tag(table("tier_four", tag), "Tier.Tier4")
    om.tag(table("tier_in_small_letters", set()), "Tier.tier1")
    om.tag(table("tier_gold", tag), "Tier.Gold")
    om.tag(table("tier_of_a_glossary", set()), "Tier.Tier1", source=GLOSSARY)
    both = table("two_tiers", tag)
    om.tag(both, "Tier.Tier3")
    om.tag(both, "Tier.Tier4")
    # ---- glossary terms
    om.tag(table("with_a_term", tag), "Words.Money", source=GLOSSARY)
    om.tag(table("with_a_term_below", tag), "Words.Money.Coins", source=GLOSSARY)
    om.tag(table("with_a_term_that_carries", tag), "Words.Case", source=GLOSSARY)
    om.tag("Words.Case", "Legal.Hold")
    om.tag(table("with_a_term_that_carries_one", tag), 'Words."Big.Case"', source=GLOSSARY)
    om.tag('Words."Big.Case"', "Words.Case", source=GLOSSARY)
    # No table has the term in the middle.
    om.tag(table("with_a_term_of_a_term", tag), "Words.Outer", source=GLOSSARY)
    om.tag("Words.Outer", "Words.Inner", source=GLOSSARY)
    om.tag("Words.Inner", "Legal.Hold")
    om.tag(table("with_a_critical_term", critical), "Words.Important", source=GLOSSARY)
    om.tag("Words.Important", "Tier.Tier1")
    om.tag(table("with_a_deep_term", tag), "Words.a.b.c.d", source=GLOSSARY)
    om.tag("Words.a.b.c.d", "Legal.Hold", state=0)
    om.tag(table("column_with_a_term", tag, columns=column), "Words.Case", source=GLOSSARY, column="id")
    om.tag(table("column_with_a_critical_term", set(), columns=column), "Words.Important", source=GLOSSARY, column="id")
    for fqn, term in (("round", "Words.One"), ("round_and_held", "Words.Self")):
        om.tag(table(fqn, set() if fqn == "round" else tag), term, source=GLOSSARY)
    om.tag("Words.One", "Words.Two", source=GLOSSARY)
    om.tag("Words.Two", "Words.One", source=GLOSSARY)
    om.tag("Words.Self", "Words.Self", source=GLOSSARY)
    om.tag("Words.Self", "PII.Mail")
    # ---- schemas and databases
    table("in_a_held_schema", tag, "shop.main.held")
    om.tag("shop.main.held", "Legal.Hold")
    table("in_a_held_database", tag, "shop.held.any")
    om.tag("shop.held", "Words.Case", source=GLOSSARY, state=0)
    # ---- data products and contracts
    om.product("Sales", table("in_a_product", product))
    om.product("Sales", table("port_of_a_product", product), relation=23)
    om.contract("Daily sales", table("with_a_contract", product))
    om.contract("Gone", table("with_a_deleted_contract", set()), deleted=True)
    om.relate("Nobody", table("in_an_unknown_product", product), ("dataProduct", "table"), 10)
    om.relate(table("lineage_to_a_product", set()), "Sales", ("table", "dataProduct"), 13)
    table("in_a_schema_of_a_product", product, "shop.main.product")
    om.product("Sales", "shop.main.product", "databaseSchema")
    table("in_a_database_with_a_contract", product, "shop.product.any")
    om.contract("All of it", "shop.product", "database")
    # ---- signs of care
    om.person("user:ann")
    om.person("user:robot", bot=True)
    om.follow("ann", table("followed", {"CARED_FOR"}))
    om.relate("ann", table("liked", set()), ("user", "table"), 18)
    om.test_suite(table("tested", {"CARED_FOR"}))
    table("edited", {"CARED_FOR"}, updated=90, updatedBy="ann")
    table("edited_long_ago", set(), updated=91, updatedBy="ann")
    table("edited_by_a_bot", set(), updated=10, updatedBy="robot")
    table("edited_by_an_agent", set(), updated=10, updatedBy="profiler-bot")
    table("edited_by_nobody_knows_whom", {"CARED_FOR"}, updated=10, updatedBy="carl")
    table("edited_by_nobody", set(), updated=10, updatedBy=None)
    return expected


def labelled(seen: dict[str, Seen], expected: dict[str, set[str]]) -> dict[str, set[str]]:
    """Of these tables the blockers that labels give."""
    return {fqn: seen[fqn].blockers & LABELS for fqn in expected}


@pytest.fixture
async def expected(om: OMRows, estate: OMEstate) -> AsyncIterator[dict[str, set[str]]]:
    """The blockers of each table of `with_labels`, under a policy that protects PROTECTED and whatever is cared for."""
    expected = with_labels(om)
    await estate.confirm("shop", "LINEAGE")
    await estate.set_policy(protected_tags=PROTECTED, review_cared_for=True)
    yield expected


async def test_each_label_protects_as_openmetadata_means_it(
    om: OMRows, estate: OMEstate, expected: dict[str, set[str]]
) -> None:
    seen = await estate.look()
    assert labelled(seen, expected) == expected
    # What is only suggested is no stewardship.
    inventory = await estate.mirror.inventory()
    assert inventory[identifier_of(f"{CORE}.critical_suggested")]["tier"] == 0
    assert inventory[identifier_of(f"{CORE}.suggested")]["tags"] == set()
    # All else speaks for letting each of them go.
    for fqn, blockers in expected.items():
        assert seen[fqn].verdict == ("REVIEW" if blockers else "DELETE"), (fqn, seen[fqn])
    warnings = {code: estate.warnings[code] for code in ("TERMS_IN_A_CIRCLE", "TAG_ON_A_MISSING_COLUMN")}
    assert [warnings[code]["count"] for code in sorted(warnings)] == [1, 3]
    assert f"{CORE}.of_no_column" in warnings["TAG_ON_A_MISSING_COLUMN"]["example"]
    # Nothing changes, and a full refresh says the same.
    assert await estate.look() == seen
    assert await estate.look("FULL") == seen

    # Without the policy nothing but tiers, products and contracts keeps them.
    await estate.set_policy()
    seen = await estate.look()
    for fqn, blockers in expected.items():
        assert seen[fqn].blockers & LABELS == blockers & {"CRITICAL_TIER", "IN_DATA_PRODUCT"}, fqn


async def test_every_change_of_a_label_is_noticed(om: OMRows, estate: OMEstate, expected: dict[str, set[str]]) -> None:
    """By an incremental refresh, though no table has changed."""
    seen = await estate.look()
    bare = f"{CORE}.bare"
    om.table(bare)
    om.usage(bare, [400])

    async def after(*blockers: str) -> None:
        nonlocal seen
        before, seen = seen, await estate.look()
        assert seen[bare].blockers & LABELS == set(blockers)
        assert {fqn: found for fqn, found in seen.items() if fqn != bare} == {
            fqn: found for fqn, found in before.items() if fqn != bare
        }

    await after()
    om.tag(bare, "Words.New", source=GLOSSARY)
    await after()
    # A tag on what the table has, and not on the table.
    om.tag("Words.New", "Legal.Hold")
    await after("PROTECTED_TAG")
    om.run("DELETE FROM tag_usage WHERE targetFQNHash = %s", hash_of("Words.New"))
    await after()
    om.tag(bare, "PII.Mail", column="id")
    await after("PROTECTED_TAG")
    om.run("UPDATE tag_usage SET tagFQN = 'pii.Mail' WHERE targetFQNHash = %s", hash_of(f"{bare}.id"))
    await after()
    om.tag(bare, "Tier.Tier1", state=0)
    await after("CRITICAL_TIER")
    om.run("UPDATE tag_usage SET state = 1 WHERE targetFQNHash = %s", hash_of(bare))
    await after("CRITICAL_TIER")
    assert (await estate.mirror.inventory())[identifier_of(bare)]["tier"] == 1
    om.run("DELETE FROM tag_usage WHERE tagFQN = 'Words.New'")
    await after("CRITICAL_TIER")
    assert (await estate.mirror.inventory())[identifier_of(bare)]["tags"] == set()
    om.run("DELETE FROM tag_usage WHERE targetFQNHash = %s", hash_of(bare))
    om.product("Sales", bare)
    await after("IN_DATA_PRODUCT")
    om.run("DELETE FROM entity_relationship WHERE fromEntity = 'dataProduct' AND toId = %s", identifier_of(bare))
    om.follow("ann", bare)
    await after("CARED_FOR")
    om.run("UPDATE entity_relationship SET deleted = 1 WHERE toId = %s AND relation = 11", identifier_of(bare))
    await after()
    om.contract("New", bare)
    om.test_suite(bare)
    await after("IN_DATA_PRODUCT", "CARED_FOR")
    # The place of the table.
    om.run("DELETE FROM entity_relationship WHERE fromId = %s", identifier_of(bare))
    await after()
    assert await estate.look("FULL") == seen


async def test_a_person_who_turns_out_to_be_a_bot_cares_no_more(
    om: OMRows, estate: OMEstate, expected: dict[str, set[str]]
) -> None:
    await estate.look()
    om.person("user:ann", bot=True)
    seen = await estate.look()
    assert seen[f"{CORE}.edited"].verdict == "DELETE"
    assert seen[f"{CORE}.followed"].verdict == "REVIEW"


@pytest.mark.parametrize("om_table", ["tag_usage", "entity_relationship", "database_schema_entity", "database_entity"])
async def test_what_cannot_be_read_lets_nothing_go(
    om: OMRows, estate: OMEstate, expected: dict[str, set[str]], sql_server: MariaDB | MySQL, om_table: str
) -> None:
    before = await estate.look()
    om.run(f"RENAME TABLE {om_table} TO out_of_sight")
    try:
        run = await estate.mirror.refresh()
        assert (run["phase"], run["error"]) == ("DONE", None)
        assert "EVIDENCE_INCOMPLETE" in {warning["code"] for warning in run["warnings"]}
        assert not [fqn for fqn, found in (await estate.seen()).items() if found.may_go]
    finally:
        om.run(f"RENAME TABLE out_of_sight TO {om_table}")
    assert await estate.look() == before


@pytest.mark.parametrize("om_table", ["data_product_entity", "data_contract_entity", "user_entity"])
async def test_without_names_everything_protects_all_the_same(
    om: OMRows, estate: OMEstate, expected: dict[str, set[str]], om_table: str
) -> None:
    await estate.look()
    om.run(f"RENAME TABLE {om_table} TO out_of_sight")
    try:
        run = await estate.mirror.refresh()
        assert [w["code"] for w in run["warnings"] if om_table in w["example"]] == ["NOT_READABLE"]
        seen = await estate.seen()
        assert all(seen[fqn].blockers >= blockers for fqn, blockers in expected.items())
        more = {fqn: found for fqn, found in labelled(seen, expected).items() if found != expected[fqn]}
        # Nobody can tell of a contract that it is deleted, nor of a bot that it is one.
        assert more.keys() <= {f"{CORE}.with_a_deleted_contract", f"{CORE}.edited_by_a_bot"}
    finally:
        om.run(f"RENAME TABLE out_of_sight TO {om_table}")


async def test_broken_rows_are_warnings(om: OMRows, estate: OMEstate, expected: dict[str, set[str]]) -> None:
    """Of tags and relations that say nothing, or megabytes."""
    held, long = f"{CORE}.held", f"{CORE}.with_long_columns"
    om.table(long, columns=[{"name": "n" * 250, "description": "d" * 2_000_000}, {"name": 7}, "what?", None])
    om.usage(long, [400])
    om.tag(long, "PII.Mail", column="gone")
    om.tag(f"{CORE}.without_columns", "PII.Mail", column="id")
    om.table(f"{CORE}.without_columns", columns=None)
    om.tag(held, "PII.Mail", source=7)
    om.tag(held, "t" * 250, state=9)
    om.run("UPDATE tag_usage SET state = 9 WHERE tagFQN = 'PII.Mail' AND source = 7")
    om.run("INSERT INTO tag_usage (source, tagFQN, labelType, state) VALUES (0, 'To.Nothing', 0, 1)")
    om.tag(f"{CORE}.nobody", "Legal.Hold")
    om.tag("Words." + '"' + "w" * 200 + '"', "Legal.Hold")
    rows = [("not an id", identifier_of(held), "dataProduct", "table", 10), ("", "", "table", "dataContract", 10)]
    om.many(
        "INSERT INTO entity_relationship (fromId, toId, fromEntity, toEntity, relation) VALUES (%s, %s, %s, %s, %s)",
        rows,
    )
    seen = await estate.look()
    assert {held: seen[held].verdict, long: seen[long].verdict} == {held: "REVIEW", long: "REVIEW"}
    assert estate.warnings["TAG_ON_A_MISSING_COLUMN"]["count"] == 2
