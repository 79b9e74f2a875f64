"""The database server, OpenMetadata's schema and the account that reads it. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from thirdeye.commands.doctor.facts import Columns, OpenMetadataFacts, Reach, ServerFacts
from thirdeye.commands.doctor.findings import Finding, finding, listed
from thirdeye.mirror.openmetadata.source_tables import (
    DATABASES,
    PROFILES,
    READABLE,
    RELATIONS,
    SCHEMAS,
    SERVICES,
    SOURCE_TABLES,
    TABLES,
    TAGS,
    TEAMS,
    USAGE,
    USERS,
    SourceTable,
    grant_statements,
)

_OLDEST: Final = {"MySQL": (8, 0, 21), "MariaDB": (10, 11, 0)}
_OLDEST_OPENMETADATA: Final = (1, 3)
_CLOCK_SECONDS: Final = 5.0
_MIN_PACKET: Final = 16 * 2**20
# Of the connections of a server, those that somebody else needs to look at it.
_OTHERS: Final = 10
# Those that OpenMetadata has had in every version whose database was read.
_ALWAYS: Final = (TABLES, SERVICES, SCHEMAS, DATABASES, RELATIONS, TAGS, USAGE, PROFILES, USERS, TEAMS)
EXPECTED: Final[Columns] = {table.name: set(table.required) for table in _ALWAYS}
# What ThirdEye never asks for.
SECRETS: Final[Columns] = {
    "dbservice_entity": {"json"},
    "user_entity": {"json"},
    "user_tokens": {"json"},
    "entity_extension": {"json"},
    "ingestion_pipeline_entity": {"json"},
    "bot_entity": {"json"},
}


def judge_reach(reach: Reach, *, account: str, detail: str, port: int) -> Finding | None:
    """What keeps an account from its schema; `account` is OM or THIRDEYE."""
    match reach:
        case Reach.NAME_UNKNOWN:
            return finding("SERVER_HOST_UNKNOWN", detail)
        case Reach.NOT_REACHED:
            return finding("SERVER_UNREACHABLE", detail, port=port)
        case Reach.REFUSED:
            return finding(f"{account}_PASSWORD_WRONG", detail)
        case Reach.NO_SCHEMA:
            return finding(f"{account}_SCHEMA_MISSING", detail)
        case Reach.ANSWERS:
            return None


def parse_version(text: str) -> tuple[int, ...]:
    """The numbers at the beginning of a version; empty for a text that has none."""
    match = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, match[0].split("."))) if match else ()


def judge_server(facts: ServerFacts, *, needed_connections: int) -> Iterator[Finding]:
    """`needed_connections`: what the pools of one API and one worker may take."""
    product = "MariaDB" if "mariadb" in facts.version.lower() else "MySQL"
    numbers = parse_version(facts.version)
    if numbers and numbers < _OLDEST[product]:
        yield finding("SERVER_UNSUPPORTED", f"{product} {facts.version}")
    if facts.read_only:
        yield finding("SERVER_READ_ONLY", "read_only is on")
    if facts.max_connections < needed_connections + _OTHERS:
        seen = f"max_connections is {facts.max_connections}; the pools may take {needed_connections}"
        yield finding("SERVER_CONNECTIONS_TOO_FEW", seen, needed=needed_connections + _OTHERS)
    if facts.max_packet < _MIN_PACKET:
        yield finding("SERVER_PACKET_TOO_SMALL", f"max_allowed_packet is {facts.max_packet:,} bytes")
    if abs(facts.clock_offset) > _CLOCK_SECONDS:
        yield finding("SERVER_CLOCK_OFF", clock_text("the database server", facts.clock_offset))


def clock_text(whose: str, offset: float) -> str:
    """How far a clock is from ours."""
    return f"the clock of {whose} is {abs(offset):,.0f} s {'ahead' if offset > 0 else 'behind'}"


def judge_openmetadata(facts: OpenMetadataFacts) -> Iterator[Finding]:
    """What the account may do too much, and too little, and what that costs."""
    if facts.excess:
        privileges = _revoked(facts.excess)
        yield finding("OM_ACCOUNT_MAY_WRITE", listed(facts.excess), privileges=privileges, account=facts.account)
    secrets = [f"{table}.{column}" for table, columns in SECRETS.items() for column in sorted(columns)
               if column in facts.readable.get(table, ())]  # fmt: skip
    if secrets:
        yield finding("OM_ACCOUNT_READS_SECRETS", f"it may read {listed(secrets)}")
    if not facts.readable.get(TABLES.name) and facts.elsewhere:
        schema = facts.elsewhere[0]
        seen = f"no table_entity in {facts.schema}, but one in {listed(facts.elsewhere)}"
        yield finding("OM_SCHEMA_MOVED", seen, schema=schema)
        return
    yield from _unreadable(facts)


def _revoked(excess: Sequence[str]) -> str:
    """The privileges on the first object, as REVOKE takes them."""
    pairs = [each.partition(" on ")[::2] for each in excess]
    first = pairs[0][1]
    names = [name for name, where in pairs if where == first]
    return f"{', '.join(names)} ON {first}" if first else names[0].removeprefix("role ")


def _unreadable(facts: OpenMetadataFacts) -> Iterator[Finding]:
    """By what depends on it: all tables, what verdicts rest on, the rest."""
    missing = {table.name: _missing(table, facts) for table in SOURCE_TABLES}
    groups: dict[str, list[SourceTable]] = {}
    for table in SOURCE_TABLES:
        if missing[table.name]:
            groups.setdefault(_code(table, missing[table.name]), []).append(table)
    for code, tables in groups.items():
        costs = dict.fromkeys(f"{listed(missing[each.name])} of {each.name}: {each.unknown_without}" for each in tables)
        wanted = {each.name: set(missing[each.name]) for each in tables}
        grants = grant_statements(wanted, facts.schema, facts.account)
        yield finding(code, "; ".join(costs), grants="; ".join(grants))


def _missing(table: SourceTable, facts: OpenMetadataFacts) -> list[str]:
    """The columns that are expected and cannot be read."""
    expected, readable = facts.expected.get(table.name, set()), facts.readable.get(table.name, set())
    return [column for column in READABLE[table.name] if column in expected and column not in readable]


def _code(table: SourceTable, missing: list[str]) -> str:
    if table is TABLES and not {*TABLES.required, "fqnHash"}.isdisjoint(missing):
        return "OM_TABLES_UNREADABLE"
    needed = table.verdicts_need_it and not set(table.required).isdisjoint(missing)
    return "OM_EVIDENCE_UNREADABLE" if needed else "OM_PART_UNREADABLE"


def judge_openmetadata_version(version: str | None, detail: str) -> Finding | None:
    """`version` None: what OM_BASE_URL names did not say one, because of `detail`."""
    if version is None:
        return finding("OPENMETADATA_NOT_ANSWERING", detail)
    numbers = parse_version(version)
    if numbers and numbers[:2] < _OLDEST_OPENMETADATA:
        return finding("OPENMETADATA_UNSUPPORTED", f"OpenMetadata {version}")
    return None
