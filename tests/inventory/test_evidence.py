"""What filters look at."""

import pytest

from thirdeye.inventory.evidence import ALL, COST, FILTER_EVIDENCE, NOTHING, VERDICT, Evidence, Kinds, looked_at
from thirdeye.inventory.filters import FIELDS
from thirdeye.mirror.evidence.sources import kinds_of, lost_columns, new_columns
from thirdeye.mirror.openmetadata.source_tables import SOURCE_TABLES, TABLES, TAGS, SourceTable


def test_each_field_of_a_filter_says_what_it_looks_at() -> None:
    assert FILTER_EVIDENCE.keys() == set(FIELDS)


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ((), NOTHING),
        (("absent",), NOTHING),
        (("owned", "minimumMonthlyCost"), COST | {Evidence.OWNERS}),
        (("tag", "domain"), {Evidence.TAGS, Evidence.DOMAINS}),
        (("verdict", "minimumSaving"), VERDICT),
        (("inUse", "tier"), {Evidence.USAGE, Evidence.LINEAGE, Evidence.TAGS}),
        # Of what nobody has said what it looks at: at everything.
        (("somethingNew",), ALL),
    ],
)
def test_what_a_filter_looks_at(fields: tuple[str, ...], kinds: Kinds) -> None:
    assert looked_at(fields) == kinds


def test_each_table_that_is_read_says_what_rests_on_it() -> None:
    for table in SOURCE_TABLES:
        assert (kinds_of(table) == ALL) == (table is TABLES), table.name
    assert kinds_of(SourceTable("new_entity", ("id",), "nothing new is known")) == ALL


def test_what_is_lost_was_read_before() -> None:
    readable = {"tag_usage": {"source", "tagFQN", "labelType"}}
    assert lost_columns(TAGS, {}, readable) == []
    assert lost_columns(TAGS, {"tag_usage": {"source", "targetFQNHash", "dropped"}}, readable) == ["targetFQNHash"]


def test_what_is_read_is_remembered_once() -> None:
    readable = {
        "user_entity": {"id", "name", "password"}, "team_entity": {"id"}, "tag_usage": {"source", "tagFQN", "targetFQNHash"},
    }  # fmt: skip
    # Without a column that it needs a table is not read; nor is one that refused.
    assert list(new_columns({"user_entity": {"id"}}, readable, {TAGS})) == [("user_entity", "name")]
