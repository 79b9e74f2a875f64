"""What the probes collect and the rules judge: plain values. None stands for what is not known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

# By table its columns.
Columns = Mapping[str, set[str]]


class Reach(StrEnum):
    """How far one gets with a server."""

    ANSWERS = "ANSWERS"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    NOT_REACHED = "NOT_REACHED"
    REFUSED = "REFUSED"
    NO_SCHEMA = "NO_SCHEMA"


@dataclass(frozen=True, kw_only=True)
class ServerFacts:
    """What the database server says of itself. `clock_offset`: its clock less ours, in seconds."""

    version: str
    clock_offset: float
    max_connections: int
    max_packet: int
    read_only: bool


@dataclass(frozen=True, kw_only=True)
class OpenMetadataFacts:
    """What one account sees of OpenMetadata's schema.

    `readable`: its columns there. `expected`: those that every version of OpenMetadata has, or that were read before.
    `elsewhere`: other schemas in which it sees tables of OpenMetadata.
    """

    schema: str
    account: str
    excess: Sequence[str]
    readable: Columns
    expected: Columns
    elsewhere: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class ThirdEyeFacts:
    """What is in ThirdEye's schema. `privileges`: by object what the account may do; None if a role may add to it.

    `applied`, `known`: ids of migrations. `lock_rows`: rows of yoyo's own lock. `migrating`: whether some process is at
    it now. `creates`: by migration the table that it makes. `tables`: by table its bytes.
    """

    schema: str
    account: str
    privileges: Sequence[tuple[str, str]] | None
    applied: frozenset[str]
    known: Sequence[str]
    creates: Mapping[str, str]
    tables: Mapping[str, int]
    lock_rows: int
    migrating: bool


@dataclass(frozen=True, kw_only=True)
class GrowthFacts:
    """How large the schema is: by table its bytes, and those that came in 30 days; and of how many tables the estate is."""

    bytes: Mapping[str, int]
    new_bytes: Mapping[str, int]
    estate_tables: int


@dataclass(frozen=True, kw_only=True)
class RedisFacts:
    """What Redis says of itself. `refusal`: what it answers to a write, None if it takes it. Sizes in bytes, 0: no limit."""

    version: str
    refusal: str | None
    policy: str
    memory: int
    max_memory: int
    saves: bool
    save_failed: bool


class KeySetProblem(StrEnum):
    """Why a key set is none."""

    UNREACHABLE = "UNREACHABLE"
    REDIRECTS = "REDIRECTS"
    INVALID = "INVALID"


@dataclass(frozen=True, kw_only=True)
class KeySetFacts:
    """A key set, or the one key of JWT_PUBLIC_KEY. `setting` names where it comes from, `address` holds no secret.

    `kinds`: of its usable keys, RSA or EC. `default_keys`: how many ship with OpenMetadata. `unusable`: why others are not
    used. `clock_offset`: the clock of who answered less ours, in seconds.
    """

    setting: str
    address: str
    algorithms_setting: str
    algorithms: Sequence[str]
    problem: KeySetProblem | None = None
    detail: str = ""
    kinds: Sequence[str] = ()
    default_keys: int = 0
    unusable: Sequence[str] = ()
    clock_offset: float | None = None


@dataclass(frozen=True, kw_only=True)
class RevocationFacts:
    """What the address of revocations answers to nobody: a status, or none and the `error`."""

    setting: str
    address: str
    status: int | None
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class WorkFacts:
    """The worker and what it did. Times are in UTC; `oldest_job`: since when the oldest job waits.

    `left`: whether a run is open that no process holds the lease of. `warnings`: codes of the last run.
    """

    now: datetime
    interval_minutes: int
    refreshed_at: datetime | None
    last_phase: str | None
    last_error: str | None
    last_minutes: float | None
    warnings: Sequence[str]
    left: bool


@dataclass(frozen=True, kw_only=True)
class WorkerFacts:
    """What Redis knows of the worker: its last report, and since when the oldest job waits."""

    now: datetime
    report: str | None
    oldest_job: datetime | None


@dataclass(frozen=True, kw_only=True)
class FeedFacts:
    """The feed of one database: what is wrong with it, by problem the advice."""

    name: str
    coverage: float
    advice: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a public address answered. `status` None: nothing, because of `error`; `seconds` until all of it was there."""

    status: int | None
    body: object = None
    text: str = ""
    request_id: str | None = None
    seconds: float = 0.0
    error: str = ""


@dataclass(frozen=True, kw_only=True)
class AddressFacts:
    """Answers through the public address; None for those that were not asked for.

    `nobody`: a question without a token; `somebody`: with one; `operation`: with the id of a persisted operation.
    `accepted`: whether these settings accept the token.
    """

    sent_request_id: str
    health: Answer
    metrics: Answer | None = None
    nobody: Answer | None = None
    somebody: Answer | None = None
    operation: Answer | None = None
    accepted: bool | None = None


@dataclass(frozen=True, kw_only=True)
class StandInFacts:
    """What came through the proxy to who stood in for ThirdEye, and what the proxy made of it.

    `came`: the headers of the echo by name in lower case, each time they came. `arrivals`: how often a request came.
    """

    sent: Mapping[str, str]
    came: Mapping[str, Sequence[str]]
    echo: Answer
    echo_arrivals: int
    hang: Answer
    hang_arrivals: int
    broken: Answer
    write: Answer
    write_arrivals: int
    waited: float
