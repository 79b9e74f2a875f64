"""What the phases of a refresh share, and what they hand to each other."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from thirdeye.clock import Clock
from thirdeye.database import MySQL
from thirdeye.errors import Unavailable
from thirdeye.inventory.absence import AbsenceLimits
from thirdeye.inventory.columns import Array, Mask, day_number
from thirdeye.inventory.directory import Directory
from thirdeye.inventory.rules import Thresholds
from thirdeye.inventory.storage_prices import Tariffs
from thirdeye.locks import Lease
from thirdeye.mirror.advisor import Advisor
from thirdeye.mirror.blobs import BlobStage
from thirdeye.mirror.changes import Change
from thirdeye.mirror.confirmations import Confirmation
from thirdeye.mirror.duplicates import CopyCandidates
from thirdeye.mirror.feeds import Lifecycles, Watching
from thirdeye.mirror.identity.renewed_tables import RenewedTables
from thirdeye.mirror.labels import LabelRows
from thirdeye.mirror.lineage import Graph
from thirdeye.mirror.names import Names
from thirdeye.mirror.reader import OpenMetadataReader
from thirdeye.mirror.series import EstateSeries
from thirdeye.mirror.state import Index, State
from thirdeye.mirror.store import RunCounts, SQLRow
from thirdeye.mirror.tables import NumberSet
from thirdeye.mirror.usage import UsageTotals
from thirdeye.mirror.views.lineage import TextLineage
from thirdeye.mirror.warnings import RefreshWarnings
from thirdeye.settings import Settings

# Makes the advisor of one refresh.
MakeAdvisor = Callable[[], Advisor]
# The numbers of tables that somebody is removing.
Removals = Callable[[], Awaitable[set[int]]]
# Which of these numbers of tables anything refers to.
References = Callable[[Sequence[int]], Awaitable[set[int]]]
# Called with the phase and how many rows of tables were seen so far.
OnProgress = Callable[[str, int], None]


async def no_removals() -> set[int]:
    """Nobody is removing anything."""
    return set()


async def all_referred_to(numbers: Sequence[int]) -> set[int]:
    """What refers to a table is not known, so that none is forgotten."""
    return set(numbers)


class RefreshLost(Unavailable):
    """The lease ended under way; somebody else may be refreshing by now."""

    def __init__(self) -> None:
        super().__init__("this refresh lost its lease; nothing of it was published")


@dataclass
class RefreshProgress:
    """How far a run is, as its row, the log and the metrics tell. `tables` is the size of the published estate.

    `kind` is AUTO or FULL as requested, then FULL or INCREMENTAL as it turns out.
    """

    run: int
    kind: str
    on_progress: OnProgress
    phase: str = "STARTING"
    seen: int = 0
    changed: int = 0
    tables: int = 0
    # Texts of views by what became of them.
    view_texts: dict[str, int] = field(default_factory=dict)
    warnings: RefreshWarnings = field(default_factory=RefreshWarnings)

    def counts(self, phase: str) -> RunCounts:
        """How far the run is in a phase or after the last, for the log and the run's row."""
        return {"kind": self.kind, "phase": phase, "seen": self.seen, "changed": self.changed}


@dataclass(frozen=True, kw_only=True)
class RefreshContext:
    """What all phases share and none replaces. The number of the run is that of the generation it publishes."""

    # 0 before the first.
    previous_generation: int
    # When the refresh began; `clock` tells when it is published.
    now: datetime
    clock: Clock
    # In seconds, for what may take only so long.
    monotonic: Callable[[], float]
    settings: Settings
    thirdeye: MySQL
    reader: OpenMetadataReader
    advisor: Advisor
    removals: Removals
    references: References
    lease: Lease
    progress: RefreshProgress

    @property
    def run(self) -> int:
        return self.progress.run

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(**{name: getattr(self.settings, name) for name in Thresholds.__dataclass_fields__})

    @property
    def blobs(self) -> BlobStage:
        return BlobStage(thirdeye=self.thirdeye, generation=self.run, previous_generation=self.previous_generation)

    @property
    def today(self) -> date:
        """The UTC day that counts as today for the whole refresh."""
        return self.now.date()

    @property
    def today_number(self) -> int:
        """Today, as columns hold days."""
        return day_number(self.today)

    @property
    def minute(self) -> int:
        """When the refresh began, in minutes since 1970."""
        return int(self.now.timestamp()) // 60

    @property
    def absence_limits(self) -> AbsenceLimits:
        return AbsenceLimits(**{name: getattr(self.settings, name) for name in AbsenceLimits.__dataclass_fields__})

    @property
    def warnings(self) -> RefreshWarnings:
        return self.progress.warnings

    def check_lease(self) -> None:
        """Raises RefreshLost once another process may be refreshing."""
        if self.lease.lost:
            raise RefreshLost


@dataclass(eq=False, repr=False)
class RefreshWork:
    """What phases hand to each other.

    A phase sets an attribute, and the last phase that needs it deletes it: most are arrays as long as the estate.
    """

    state: State
    # From TABLES: tables with a new name or type, and those whose id or FQN hash is new to the state.
    renamed: NumberSet = field(init=False)
    # Tables whose row was read: all of them in a full refresh.
    read: NumberSet = field(init=False)
    rekeyed: Array = field(init=False)
    renewed: RenewedTables = field(default_factory=RenewedTables)
    # Tables that are absent and not gone, and the places of the databases where many are.
    absent: Array = field(init=False)
    mass_absence: Mask = field(init=False)
    # From SERIES.
    series: EstateSeries = field(init=False)
    copy_candidates: CopyCandidates = field(init=False)
    # From VIEWS.
    text_lineage: TextLineage = field(init=False)
    # By table the key of its name as a word.
    word_keys: Array = field(init=False)
    # From RELATIONS and TAGS.
    labels: LabelRows = field(default_factory=LabelRows)
    # From RELATIONS.
    names: Names = field(init=False)
    tables_by_id: Index = field(init=False)
    # From TAGS: by the digest of the FQN hash.
    tables_by_hash: Index = field(init=False)
    # From USAGE.
    confirmations: list[Confirmation] = field(init=False)
    accesses: Lifecycles = field(init=False)
    watching: Watching = field(init=False)
    usage: UsageTotals = field(init=False)
    # From RULES.
    graph: Graph = field(init=False)
    directory: Directory = field(init=False)
    tariffs: Tariffs = field(init=False)
    # Of databases whose earliest access time is a new one.
    first_accesses: list[SQLRow] = field(default_factory=list)
    # From STAGING.
    changes: list[Change] = field(default_factory=list)
    # The numbers of tables that are forgotten.
    forgotten: list[int] = field(default_factory=list)
    # Those of other assets, from FIRST_ASSET on.
    forgotten_assets: list[int] = field(default_factory=list)
