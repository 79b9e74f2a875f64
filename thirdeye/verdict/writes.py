"""Tables that count as used only because somebody writes them: what that makes of their verdicts. Pure."""

from collections.abc import Mapping
from typing import Final

import numpy as np

from thirdeye.inventory.columns import ONLY_WRITTEN, Array, Mask
from thirdeye.inventory.rules import Activity, has_activity
from thirdeye.inventory.verdicts import BLOCKER_BIT, VERDICT_CODE, Blocker, Verdict

# What keeps a table, whoever writes it.
_KEEPING: Final = sum(
    BLOCKER_BIT[blocker] for blocker in (Blocker.ACTIVE_DOWNSTREAM, Blocker.SERIES_IN_USE, Blocker.KEPT_BY_OWNER)
)


def review_only_written(verdicts: Array, tables: Mapping[str, Array]) -> Array:
    """The verdicts with REVIEW instead of KEEP for what is in use by counts alone and only written, as far as is known.

    Never more: OpenMetadata need not have all statements.
    """
    counted = has_activity(tables["activity"], Activity.ACTIVE, Activity.COOLING)
    is_written: Mask = (tables["use_kind"] & ONLY_WRITTEN) != 0
    is_kept = (verdicts == VERDICT_CODE[Verdict.KEEP]) & ((tables["blockers"] & _KEEPING) == 0)
    reviewed: Array = np.where(counted & is_written & is_kept, VERDICT_CODE[Verdict.REVIEW], verdicts).astype(np.uint8)
    return reviewed
