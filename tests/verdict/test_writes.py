"""Only written tables: REVIEW instead of KEEP, and nothing else ever changes."""

import itertools

import numpy as np

from thirdeye.inventory.columns import ONLY_WRITTEN
from thirdeye.inventory.rules import ACTIVITIES, Activity
from thirdeye.inventory.verdicts import BLOCKER_BIT, BLOCKERS, VERDICTS, Blocker, Verdict
from thirdeye.verdict.writes import review_only_written

KEEPING = {Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.KEPT_BY_OWNER}


def test_every_case() -> None:
    cases = list(itertools.product(range(len(VERDICTS)), range(len(ACTIVITIES)), (0, ONLY_WRITTEN), [None, *BLOCKERS]))
    verdicts, activities, kinds = (np.array([case[place] for case in cases], np.uint8) for place in range(3))
    bits = np.array([BLOCKER_BIT[case[3]] if case[3] else 0 for case in cases], np.uint32)
    found = review_only_written(verdicts, {"activity": activities, "use_kind": kinds, "blockers": bits})
    for (verdict, activity, kind, blocker), code in zip(cases, found.tolist(), strict=True):
        in_use = ACTIVITIES[activity] in {Activity.ACTIVE, Activity.COOLING}
        is_reviewed = VERDICTS[verdict] is Verdict.KEEP and in_use and kind and blocker not in KEEPING
        assert VERDICTS[code] is (Verdict.REVIEW if is_reviewed else VERDICTS[verdict])
