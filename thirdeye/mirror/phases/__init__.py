"""The phases of a refresh, one file each. All but the last only prepare: a refresh that ends early changes nothing."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.phases.evaluation import apply_rules
from thirdeye.mirror.phases.lineage import read_lineage
from thirdeye.mirror.phases.profiles import read_profiles
from thirdeye.mirror.phases.publishing import publish
from thirdeye.mirror.phases.relations import read_relations
from thirdeye.mirror.phases.series import set_series
from thirdeye.mirror.phases.staging import stage_changes
from thirdeye.mirror.phases.tables import read_tables
from thirdeye.mirror.phases.tags import read_tags
from thirdeye.mirror.phases.usage import read_usage
from thirdeye.mirror.phases.views import read_views


class Phase(NamedTuple):
    """A step of a refresh: what progress, logs and the API call it, and what does its part of the work."""

    name: str
    run: Callable[[RefreshContext, RefreshWork], Awaitable[None]]


PHASES: Final = (
    Phase("TABLES", read_tables),
    Phase("SERIES", set_series),
    Phase("VIEWS", read_views),
    Phase("RELATIONS", read_relations),
    Phase("TAGS", read_tags),
    Phase("PROFILES", read_profiles),
    Phase("USAGE", read_usage),
    Phase("LINEAGE", read_lineage),
    Phase("RULES", apply_rules),
    Phase("STAGING", stage_changes),
    Phase("PUBLISHING", publish),
)
