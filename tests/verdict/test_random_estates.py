"""Random estates: the second computation agrees, and nothing goes that must not."""

from unittest.mock import patch

import pytest
from hypothesis import given, settings

from tests.support.random_verdicts import TODAY, RandomEstate, estates, first, second

pytestmark = pytest.mark.unmeasured


def check(estate: RandomEstate) -> None:
    """Both computations, number by number, and what must never be."""
    # With as few states as a small estate has, so that there are numbers.
    with patch("thirdeye.verdict.return_risk.MIN_STATES", estate.least_states):
        mine = first(estate)
    judged, theirs = second(estate)
    for number, found in enumerate(mine):
        name = f"t{number}"
        table, expected = judged.tables[name], theirs[name]
        assert {key: found[key] for key in ("idle", "blockers", "verdict")} == {
            key: expected[key] for key in ("idle", "blockers", "verdict")
        }, (name, found, expected)
        assert (found["risk"] is None) == (expected["risk"] is None)
        assert found["risk"] is None or abs(found["risk"] - expected["risk"]) < 1e-12
        accessed = table["accessed"]
        if table["through_lineage"] or (accessed is not None and (TODAY - accessed).days <= 90):
            assert found["verdict"] == "KEEP"
        if table["activity"] == "UNKNOWN" or "FEED_SILENT" in found["blockers"] or estate.incomplete:
            assert found["verdict"] not in ("DELETE", "ARCHIVE")
        if found["blockers"] & {"EVIDENCE_PARTIAL", "NO_LINEAGE", "SHORT_HISTORY"}:
            assert found["verdict"] != "DELETE"
        if any(judged.tables[each]["activity"] == "UNKNOWN" for each in table["below"] if each in judged.tables):
            assert found["verdict"] not in ("DELETE", "ARCHIVE")


@settings(max_examples=150)
@given(estates())
def test_verdicts_on_random_estates(estate: RandomEstate) -> None:
    check(estate)
