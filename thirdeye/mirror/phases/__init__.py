"""The phases of a refresh, one file each. All but the last only prepare: a refresh that ends early changes nothing."""

from typing import Final, Protocol

from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.phases.evaluation import ApplyRules
from thirdeye.mirror.phases.lineage import ReadLineage
from thirdeye.mirror.phases.profiles import ReadProfiles
from thirdeye.mirror.phases.publishing import Publish
from thirdeye.mirror.phases.relations import ReadRelations
from thirdeye.mirror.phases.staging import StageChanges
from thirdeye.mirror.phases.tables import ReadTables
from thirdeye.mirror.phases.tags import ReadTags
from thirdeye.mirror.phases.usage import ReadUsage


class Phase(Protocol):
    """A step of a refresh."""

    @property
    def name(self) -> str:
        """What progress, logs and the API call it."""

    async def run(self, context: RefreshContext, work: RefreshWork) -> None:
        """Does its part of the work."""


PHASES: Final[tuple[Phase, ...]] = (
    ReadTables(),
    ReadRelations(),
    ReadTags(),
    ReadProfiles(),
    ReadUsage(),
    ReadLineage(),
    ApplyRules(),
    StageChanges(),
    Publish(),
)
