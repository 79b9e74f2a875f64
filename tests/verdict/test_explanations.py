"""What is said about a verdict: sentences, and that they do not contradict each other."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from thirdeye.inventory.columns import ONLY_WRITTEN
from thirdeye.inventory.verdicts import UNKNOWN_IDLE_DAYS, Blocker, Verdict
from thirdeye.verdict.explanations import Background, ReturnRisk, blocker_detail, reasons
from thirdeye.verdict.label_sentences import signs_of_care

NO_CARE: dict[str, Any] = {"hasTests": False, "followers": 0, "editedBy": None, "editedOn": None}
CARE: dict[str, Any] = {"hasTests": True, "followers": 2, "editedBy": "ann", "editedOn": date(2026, 11, 2)}
TABLE: dict[str, Any] = {
    "absentSince": None, "removedAt": None, "advised": {"idle": 254}, "lastAccessed": date(2026, 3, 12), "activity": "STALE",
    "activityReason": "Nobody can tell.", "longestPauseDays": 9, "monthlyCost": Decimal("182.0"), "tier": "Tier1",
    "inUseThroughLineage": False, "lastWritten": date(2026, 11, 1), "knownSince": date(2026, 11, 2),
    "refreshedAt": datetime(2026, 11, 21, 12, tzinfo=UTC), "series": None,
    "blockerCodes": [], "serviceType": "Trino", "tableType": "Regular", "longTermRate": False,
    "storagePrice": {"longTermDays": 90}, "tags": [], "marks": [], "placeTags": [], "products": [], "suggestedTier": None,
    "signsOfCare": NO_CARE, "useKind": 0, "queryCost": None, "returnRisk": 0.31,
    "saving": Decimal(0),
}  # fmt: skip
SERIES = {
    "inUse": False, "throughLineage": False, "lastAccessed": date(2026, 3, 12),
    "reason": "Part of the series events_* (419 tables): last read on 12 March 2026 (254 days ago).",
}  # fmt: skip
RISK: ReturnRisk = {
    "value": 0.02, "expected": 0.01, "like": 212, "returned": 3, "ownShare": 0.9, "seasonUnseen": False, "basedOnDays": 700,
    "fromDownstream": False,
}  # fmt: skip


def said(risk: ReturnRisk | None = RISK, **changed: Any) -> list[str]:
    return reasons(TABLE | changed, Verdict.DELETE, [], risk)


def test_the_reasons_in_order() -> None:
    assert said() == [
        "Not read since 12 March 2026 (254 days); its longest pause before was 9 days.",
        "Of 212 tables that were once idle like this, 3 were used again within half a year.",
        "Costs 182.00 USD a month.",
        "Nothing in use depends on it.",
        "It can go.",
    ]


@pytest.mark.parametrize("verdict", Verdict)
def test_the_last_reason_says_what_the_verdict_advises(verdict: Verdict) -> None:
    blockers = ["It is still written."] if verdict is Verdict.REVIEW else []
    assert (
        reasons(TABLE, verdict, blockers, RISK)[-1]
        == {
            "DELETE": "It can go.",
            "ARCHIVE": "It can be archived: keep a cheap copy for the case that it is wanted again.",
            "STOP_REFRESH": "It is still written but nobody reads it: stop what writes it first.",
            "REVIEW": "Somebody who knows it should look at it.",
            "KEEP": "It stays.",
        }[verdict]
    )


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"advised": {"idle": 120}, "longestPauseDays": 0},
            "Not read since 12 March 2026 (254 days, 120 of them watched).",
        ),
        ({"advised": {"idle": 300}, "lastAccessed": None}, "Never seen in use in 300 days that were watched."),
        # Watched days say nothing of how long ago it was.
        ({"activity": "COOLING", "advised": {"idle": 20}}, "Last read on 12 March 2026 (254 days ago)."),
        ({"advised": {"idle": UNKNOWN_IDLE_DAYS}}, "Nobody can tell."),
    ],
)
def test_what_is_said_of_use(changed: dict[str, Any], sentence: str) -> None:
    assert said(**changed)[0] == sentence


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"like": 1, "returned": 0},
            "Of 1 table that was once idle like this, none was used again within half a year.",
        ),
        (
            {"like": 1_200, "returned": 1},
            "Of 1,200 tables that were once idle like this, 1 was used again within half a year.",
        ),
        (
            {"like": 0, "returned": 0},
            "No table here was once idle like this for long enough to tell: its return risk is that of estates at large.",
        ),
    ],
)
def test_counts_in_sentences_count_tables(changed: dict[str, Any], sentence: str) -> None:
    risk: Any = {**RISK, **changed}
    assert said(risk)[1] == sentence


def test_a_lower_rate_is_named_with_the_days_after_which_it_holds() -> None:
    (sentence,) = [each for each in said(longTermRate=True) if each.startswith("Costs")]
    assert sentence == "Costs 182.00 USD a month, at the lower rate for what is not written for 90 days."


@pytest.mark.parametrize(
    ("verdict", "changed", "sentence"),
    [
        (Verdict.DELETE, {"serviceType": "Redshift"}, "After it is dropped: Redshift frees its storage at once"),
        (Verdict.ARCHIVE, {"serviceType": "Snowflake"}, "After it is dropped: Snowflake goes on charging for it"),
        (
            Verdict.REVIEW,
            {"serviceType": "BigQuery", "tableType": "MaterializedView"},
            "No statements are written for a materialized view of BigQuery: it cannot be renamed there and renamed back.",
        ),
        (Verdict.DELETE, {}, None),
        (Verdict.REVIEW, {"serviceType": "Snowflake", "tableType": "MaterializedView"}, None),
        (Verdict.REVIEW, {"serviceType": "Snowflake", "tableType": "View"}, None),
        (Verdict.KEEP, {"serviceType": "Snowflake"}, None),
        (Verdict.DELETE, {"tableType": "View"}, "It has no storage of its own to free: keep its definition"),
        (Verdict.STOP_REFRESH, {"serviceType": "BigQuery", "tableType": "MaterializedView"}, None),
        (Verdict.STOP_REFRESH, {"saving": Decimal("1234.5")}, "What writes it cost 1,234.50 USD in the last 30 days."),
    ],
)
def test_what_goes_on_to_cost_or_cannot_be_removed_is_said_before_the_advice(
    verdict: Verdict, changed: dict[str, Any], sentence: str | None
) -> None:
    before, after = reasons(TABLE, verdict, [], RISK), reasons(TABLE | changed, verdict, [], RISK)
    more = [each for each in after if each not in before]
    assert [each[: len(sentence or "")] for each in more] == ([] if sentence is None else [sentence])
    assert after[-1] == before[-1]


def test_who_looks_after_a_table_is_said_once() -> None:
    care = ["It has a test suite."]
    assert reasons(TABLE, Verdict.DELETE, [], None, care)[-2:] == [*care, "It can go."]
    blocked = TABLE | {"blockerCodes": ["CARED_FOR"]}
    assert reasons(blocked, Verdict.REVIEW, care, None, care).count(care[0]) == 1


def test_an_edit_of_long_ago_is_no_sign_of_care() -> None:
    edited = {**NO_CARE, "editedBy": "ann", "editedOn": date(2026, 8, 22)}
    assert len(signs_of_care(TABLE | {"signsOfCare": edited}, 91)) == 1
    assert signs_of_care(TABLE | {"signsOfCare": edited}, 90) == []
    assert signs_of_care(TABLE | {"signsOfCare": {**NO_CARE, "followers": 1}}, 90) == ["1 person follows it."]


def test_a_part_of_a_series_that_nobody_uses_is_spoken_of_as_the_series() -> None:
    sentences = said(lastAccessed=None, series=SERIES)
    assert sentences[:2] == [
        "Not read since 12 March 2026 (254 days); its longest pause before was 9 days.", SERIES["reason"],
    ]  # fmt: skip
    # Of one that is in use, the blocker speaks.
    used = {**SERIES, "inUse": True}
    assert said(lastAccessed=None, series=used)[0] == "Never seen in use in 254 days that were watched."
    assert SERIES["reason"] not in said(series=used)
    assert detail(Blocker.SERIES_IN_USE, series=used) == SERIES["reason"]


def test_what_a_return_risk_rests_on_is_said() -> None:
    assert len(said(None)) == 4
    assert said({**RISK, "seasonUnseen": True, "fromDownstream": True})[2:4] == [
        "A year has not been watched yet, so that a season may be missing.",
        "An idle table that depends on it is likelier to be used again.",
    ]


def detail(blocker: Blocker, missing_days: int = 0, **changed: Any) -> str:
    terms = {"Business.Churn": ["Business.Revenue"], "Business.Revenue": ["PII.Salary", "Tier.Tier2"]}
    background = Background(missing_days=missing_days, protected_tags=["PII"], terms=terms)
    return blocker_detail(blocker, TABLE | changed, background)


@pytest.mark.parametrize(
    ("changed", "is_said"),
    [
        ({}, True),
        ({"series": SERIES}, True),
        ({"blockerCodes": ["CRITICAL_TIER", "SERIES_IN_USE"], "series": {**SERIES, "inUse": True}}, True),
        ({"inUseThroughLineage": True}, False),
        # The parts of a series that nobody uses have the blockers of all.
        ({"blockerCodes": ["ACTIVE_DOWNSTREAM"], "series": SERIES}, False),
        ({"blockerCodes": ["UNKNOWN_DOWNSTREAM"]}, False),
        ({"blockerCodes": ["NO_LINEAGE"]}, False),
        ({"blockerCodes": ["SERIES_IN_USE"], "series": {**SERIES, "inUse": True, "throughLineage": True}}, False),
    ],
)
def test_that_nothing_depends_on_it_is_said_where_nothing_says_otherwise(
    changed: dict[str, Any], is_said: bool
) -> None:
    assert ("Nothing in use depends on it." in said(**changed)) == is_said


def test_every_blocker_has_a_sentence_of_its_own() -> None:
    sentences = [detail(blocker) for blocker in Blocker]
    assert len(set(sentences)) == len(Blocker)
    assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize(
    ("blocker", "changed", "sentence"),
    [
        (Blocker.FEED_SILENT, {}, "The usage of its database stopped on one day, as if it had been filtered away."),
        (Blocker.EVIDENCE_PARTIAL, {}, "Some of its use may be missing from what OpenMetadata has."),
        (Blocker.RETURN_RISK, {}, "It is too likely to be wanted again within half a year: up to 31.0 %."),
        (Blocker.RETURN_RISK, {"returnRisk": None}, "Nobody can tell how likely it is to be wanted again."),
        (Blocker.RECENTLY_CREATED, {}, "Nothing tells of it before 2 November 2026."),
        (Blocker.RECENTLY_WRITTEN, {}, "It was written on 1 November 2026."),
        # It is a blocker all the same: the newest write cannot be read.
        (Blocker.RECENTLY_WRITTEN, {"lastWritten": None}, "Nobody can read when it was last written."),
        (Blocker.RECENTLY_WRITTEN, {"lastWritten": date(2026, 10, 21)}, "Nobody can read when it was last written."),
        (Blocker.RECENTLY_WRITTEN, {"lastWritten": date(2026, 10, 22)}, "It was written on 22 October 2026."),
        # The parts of a series that nobody uses have the blockers of all.
        (
            Blocker.RECENTLY_WRITTEN,
            {"lastWritten": None, "series": SERIES},
            "Another part of its series was written lately, or nobody can read when.",
        ),
        (Blocker.KEPT_BY_OWNER, {}, "Somebody said that it must stay."),
        (
            Blocker.KEPT_BY_OWNER,
            {"series": SERIES},
            "Somebody said that it, or another part of its series, must stay.",
        ),
        (Blocker.ACTIVE_DOWNSTREAM, {}, "Something that is in use depends on it."),
        (
            Blocker.ACTIVE_DOWNSTREAM,
            {"series": SERIES, "inUseThroughLineage": True},
            "Something that is in use depends on it.",
        ),
        (
            Blocker.ACTIVE_DOWNSTREAM,
            {"series": SERIES},
            "Something that is in use depends on another part of its series.",
        ),
        (Blocker.CRITICAL_TIER, {"series": SERIES}, "Its tier is Tier1."),
        (
            Blocker.CRITICAL_TIER,
            {"tier": None, "series": SERIES},
            "The tier of another part of its series is critical.",
        ),
        (
            Blocker.PROTECTED_TAG,
            {"series": SERIES},
            "It, or another part of its series, carries a protected tag (PII).",
        ),
        (Blocker.PROTECTED_TAG, {"tags": ["Own", "PII.Salary"]}, "It carries PII.Salary, which is protected."),
        # Names are compared byte by byte, one after the other.
        (Blocker.PROTECTED_TAG, {"tags": ["PIIx.Salary", "pii.Salary"]}, "It carries a protected tag (PII)."),
        (
            Blocker.PROTECTED_TAG,
            {"marks": [("COLUMN", "PII.Mail"), ("SUGGESTED", "PII"), ("TIER", "Tier.Gold")]},
            "One of its columns carries PII.Mail, which is protected; suggested for it is PII, which is protected.",
        ),
        (
            Blocker.PROTECTED_TAG,
            {
                "tags": ["Business.Churn"],
                "placeTags": [("schema", "PII.A"), ("database", "PII.B"), ("database", "PII.C")],
            },
            "It carries Business.Churn, a glossary term with the protected tag PII.Salary; its schema carries PII.A, which "
            "is protected; its database carries PII.B, which is protected; and more.",
        ),
        (Blocker.CRITICAL_TIER, {"tier": "Tier3", "suggestedTier": "Tier2"}, "Tier2 is suggested as its tier."),
        (
            Blocker.CRITICAL_TIER,
            {"tier": None, "tags": ["Business.Churn"]},
            "It has Tier2 by the glossary term Business.Churn.",
        ),
        (
            Blocker.IN_DATA_PRODUCT,
            {"products": [("table", "dataProduct", "Sales"), ("schema", "dataContract", "Daily sales")]},
            "It is in the data product Sales; its schema has the data contract Daily sales.",
        ),
        (
            Blocker.IN_DATA_PRODUCT,
            {"series": SERIES},
            "It, or another part of its series, is in a data product or has a data contract.",
        ),
        (
            Blocker.CARED_FOR,
            {"signsOfCare": CARE},
            "It has a test suite. 2 people follow it. ann changed its metadata on 2 November 2026.",
        ),
        (Blocker.CARED_FOR, {"series": SERIES}, "Somebody looks after it, or another part of its series."),
        (
            Blocker.UNKNOWN_DOWNSTREAM,
            {"series": SERIES},
            "Something depends on it, or on another part of its series, of whose use nothing is known.",
        ),
        (Blocker.UNKNOWN_DOWNSTREAM, {}, "Something depends on it of whose use nothing is known."),
    ],
)
def test_blockers_in_words(blocker: Blocker, changed: dict[str, Any], sentence: str) -> None:
    assert detail(blocker, **changed) == sentence


@pytest.mark.parametrize(
    ("cost", "sentence"),
    [
        (None, "Every statement that OpenMetadata keeps of it only writes it."),
        (
            Decimal("1234.567"),
            "Every statement that OpenMetadata keeps of it only writes it, which cost 1,234.57 USD in the last 30 days.",
        ),
    ],
)
def test_what_is_said_of_what_is_only_written(cost: Decimal | None, sentence: str) -> None:
    counted = {"activity": "ACTIVE", "advised": {"idle": 1}, "lastAccessed": date(2026, 11, 20), "queryCost": cost}
    assert said(**counted)[:2] == ["Last read on 20 November 2026 (1 day ago).", *said()[1:2]]
    use, written, *_ = said(**counted, useKind=ONLY_WRITTEN)
    assert (use, written) == ("Last counted as used on 20 November 2026 (1 day ago).", sentence)
