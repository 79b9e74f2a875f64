"""Tags: tiers, personal data on columns, glossary terms."""

from collections.abc import Iterator

from thirdeye.local.sample.naming import join_hash
from thirdeye.local.sample.records import CLASSIFICATION, GLOSSARY, SchemaRecord, TableRecord, TagRecord

PERSONAL = "PII.Sensitive"
GLOSSARY_TERMS = ("Business.Revenue", "Business.Customer", 'Business."Churn v2.1"')
TIER_OF_A_GLOSSARY = "Tier.Gold"


def tags_of_table(table: TableRecord) -> Iterator[TagRecord]:
    """Tags of a table and its columns; a column's target is the table's hash and one segment more.

    A few carry a term of a glossary that happens to be called "Tier": that is no tier.
    """
    if table.tier is not None:
        yield TagRecord(CLASSIFICATION, table.tier, table.fqn_hash)
    if table.fate is not None or table.part is not None:
        return
    if table.index % 33 == 12:
        yield TagRecord(CLASSIFICATION, PERSONAL, table.fqn_hash)
    if table.index % 10 == 6:
        yield TagRecord(GLOSSARY, GLOSSARY_TERMS[table.index // 10 % 3], table.fqn_hash)
    if table.index % 43 == 7:
        yield TagRecord(GLOSSARY, TIER_OF_A_GLOSSARY, table.fqn_hash)
    for column in table.columns:
        if column.personal:
            yield TagRecord(CLASSIFICATION, PERSONAL, join_hash(table.fqn_hash, column.name), label_type=2)


def tags_of_schema(schema: SchemaRecord, number: int) -> Iterator[TagRecord]:
    """Some schemas have a tier of their own, which their tables do not inherit."""
    if number % 5 == 1:
        yield TagRecord(CLASSIFICATION, "Tier.Tier3", schema.fqn_hash)
