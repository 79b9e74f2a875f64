"""Asks the database server, OpenMetadata's schema and ThirdEye's."""

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import pymysql

from thirdeye.clock import Clock
from thirdeye.commands.doctor import store
from thirdeye.commands.doctor.examination import NotChecked, Probe, Result
from thirdeye.commands.doctor.facts import Columns, GrowthFacts, OpenMetadataFacts, Reach, ServerFacts, ThirdEyeFacts
from thirdeye.commands.doctor.findings import Finding, finding, listed, present
from thirdeye.commands.doctor.rules.databases import EXPECTED, judge_openmetadata, judge_reach, judge_server
from thirdeye.commands.doctor.rules.schema import judge_growth, judge_migrations, judge_rights, megabytes
from thirdeye.commands.runner import no_observer
from thirdeye.database import MySQL, om_database, thirdeye_database
from thirdeye.database_errors import REFUSED
from thirdeye.errors import DatabaseUnavailable, SchemaMissing
from thirdeye.locks import is_locked
from thirdeye.migrations import applied_migrations, migration_ids, tables_made
from thirdeye.mirror.evidence.store import remembered_columns
from thirdeye.mirror.openmetadata.source_tables import READABLE
from thirdeye.session import Session
from thirdeye.settings import Settings
from thirdeye.sql_text import excess_privileges, privileges

_GROWTH_DAYS: Final = 30
_LOCK_TABLE: Final = "yoyo_lock"


class DatabaseProbes:
    """Over one connection for each account, on which nothing can be written; open within `async with`."""

    def __init__(self, settings: Settings, clock: Clock, seconds: float) -> None:
        # Both accounts are tried within the time of one check.
        self._seconds = 0.4 * seconds
        bounded = {"mysql_connect_timeout": min(settings.mysql_connect_timeout, self._seconds)}
        bounded |= {"om_mysql_pool_size": 1, "thirdeye_mysql_pool_size": 1, "mysql_acquire_timeout": seconds}
        narrow = settings.model_copy(update=bounded)
        self._settings, self._clock = settings, clock
        self._om, self.thirdeye = om_database(narrow, no_observer), thirdeye_database(narrow, no_observer)
        # Where an account may log in whatever its schema is.
        elsewhere = narrow.model_copy(update={"om_mysql_db": "information_schema"})
        self._any_schema = om_database(elsewhere, no_observer)
        self._reach = dict[str, Reach]()

    async def __aenter__(self) -> "DatabaseProbes":
        for database in (self._om, self._any_schema, self.thirdeye):
            await database.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        for database in (self._om, self._any_schema, self.thirdeye):
            await database.stop()

    def probes(self) -> Iterator[Probe]:
        """In the order in which they rest on each other."""
        yield Probe("database server", self.server)
        yield Probe("OpenMetadata's schema", self.openmetadata)
        yield Probe("ThirdEye's schema", self.schema)
        yield Probe("size", self.size)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A session of ThirdEye's schema that cannot write. Raises NotChecked where the schema cannot be read."""
        if self._reach.get(self.thirdeye.name) is not Reach.ANSWERS:
            raise NotChecked("ThirdEye's schema cannot be read")
        async with self.thirdeye.session() as session:
            await store.begin_reading(session)
            yield session

    # ---- the server

    async def server(self) -> Result:
        """Whether the accounts get in, and what the server says of itself."""
        findings = dict[str, Finding]()
        for account, database in (("OM", self._om), ("THIRDEYE", self.thirdeye)):
            reach, detail = await _reach(database, self._seconds)
            self._reach[database.name] = reach
            # A server that is away is one finding, not one for each account.
            for each in present(await self._judged(account, reach, detail)):
                findings.setdefault(each.code, each)
        open_ones = [each for each in (self.thirdeye, self._om) if self._reach[each.name] is Reach.ANSWERS]
        if not open_ones:
            return f"{self._settings.om_mysql_host}:{self._settings.om_mysql_port}", findings.values()
        facts = await self._server_facts(open_ones[0])
        needed = _connections_needed(self._settings)
        findings |= {each.code: each for each in judge_server(facts, needed_connections=needed)}
        return facts.version, findings.values()

    async def _judged(self, account: str, reach: Reach, detail: str) -> Finding | None:
        if account == "OM" and reach is Reach.NO_SCHEMA:
            async with self._any_schema.session() as session:
                schemas = await store.openmetadata_schemas(session)
            if schemas:
                return finding("OM_SCHEMA_MOVED", f"{detail}; OpenMetadata is in {listed(schemas)}", schema=schemas[0])
        return judge_reach(reach, account=account, detail=detail, port=self._settings.om_mysql_port)

    async def _server_facts(self, database: MySQL) -> ServerFacts:
        async with database.session() as session:
            before = self._clock()
            row = await store.server_facts(session)
            now = before + (self._clock() - before) / 2
        return ServerFacts(
            version=str(row["version"]),
            clock_offset=(row["clock"] - now).total_seconds(),
            max_connections=int(row["max_connections"]),
            max_packet=int(row["max_packet"]),
            # 0 and 1, or OFF and ON.
            read_only=str(row["read_only"]).upper() not in ("0", "OFF"),
        )

    # ---- OpenMetadata's schema

    async def openmetadata(self) -> Result:
        """What the account for reading may do."""
        if self._reach.get(self._om.name) is not Reach.ANSWERS:
            raise NotChecked("OpenMetadata's schema cannot be read")
        async with self._om.session() as session:
            lines = await store.grants(session)
            elsewhere = await store.openmetadata_schemas(session)
            readable = await store.selectable_columns(session)
        facts = OpenMetadataFacts(
            schema=self._settings.om_mysql_db,
            account=await self._om.current_account(),
            excess=excess_privileges(lines),
            readable=readable,
            expected=await self._expected(),
            elsewhere=elsewhere,
        )
        known = [name for name in READABLE if name in facts.readable]
        absent = [name for name in READABLE if name not in facts.readable and name not in facts.expected]
        seen = f"{len(known)} of {len(READABLE)} tables can be read"
        if absent:
            seen += f"; not in this OpenMetadata, or not granted: {listed(absent, 40)}"
        return seen, judge_openmetadata(facts)

    async def _expected(self) -> Columns:
        """What every OpenMetadata has, and what was read before."""
        expected = {table: set(columns) for table, columns in EXPECTED.items()}
        try:
            async with self.reading():
                remembered = await remembered_columns(self.thirdeye)
        except (NotChecked, DatabaseUnavailable, pymysql.err.MySQLError):
            return expected  # Another check says what is wrong there.
        for table, columns in remembered.items():
            expected.setdefault(table, set()).update(columns)
        return expected

    # ---- ThirdEye's schema

    async def schema(self) -> Result:
        """Rights and migrations."""
        async with self.reading() as session:
            lines = await store.grants(session)
            tables = await store.table_sizes(session)
            locks = await store.lock_rows(session) if _LOCK_TABLE in tables else 0
            migrating = await is_locked(session, self.thirdeye.lock_name("migrate"))
        allowed = list(privileges(lines))
        has_roles = any(not where for _, where in allowed)
        facts = ThirdEyeFacts(
            schema=self.thirdeye.schema,
            account=await self.thirdeye.current_account(),
            privileges=None if has_roles else allowed,
            applied=await applied_migrations(self.thirdeye),
            known=sorted(migration_ids()),
            creates=tables_made(),
            tables=tables,
            lock_rows=locks,
            migrating=migrating,
        )
        seen = f"{len(facts.applied)} migrations applied, {len(facts.known)} known" + "; migrating" * migrating
        return seen + "; rights through roles are not followed" * has_roles, [
            *judge_rights(facts),
            *judge_migrations(facts),
        ]

    async def size(self) -> Result:
        """How large the schema is, and how fast it grows."""
        since = self._clock() - timedelta(days=_GROWTH_DAYS)
        async with self.reading() as session:
            sizes = await store.table_sizes(session)
            rows = await store.growing_rows(session, since)
            estate = await store.estate_tables(session)
        new = {table: sizes.get(table, 0) * fresh // max(total, 1) for table, (total, fresh) in rows.items()}
        facts = GrowthFacts(bytes=sizes, new_bytes=new, estate_tables=estate)
        seen = (
            f"{megabytes(sum(sizes.values()))} for {estate:,} tables, about {megabytes(sum(new.values()))} in 30 days"
        )
        return seen, judge_growth(facts)


async def _reach(database: MySQL, seconds: float) -> tuple[Reach, str]:
    """How far one gets, and what stands in the way."""
    try:
        await database.ping(seconds)
    except SchemaMissing as error:
        return Reach.NO_SCHEMA, f"{database.address}: {error.detail}"
    except DatabaseUnavailable as error:
        causes = list(_causes(error))
        if any(isinstance(each, socket.gaierror) for each in causes):
            return Reach.NAME_UNKNOWN, f"{database.address}: no address belongs to this name"
        if any(
            isinstance(each, pymysql.err.MySQLError) and each.args[:1][0] in REFUSED for each in causes if each.args
        ):
            return Reach.REFUSED, f"{database.address}: {error.detail}"
        if any(isinstance(each, ConnectionRefusedError) for each in causes):
            return Reach.NOT_REACHED, f"{database.address}: the connection is refused"
        if any(isinstance(each, TimeoutError) for each in causes):
            return Reach.NOT_REACHED, f"{database.address}: no answer within {seconds:g} s"
        return Reach.NOT_REACHED, f"{database.address}: {error.detail}"
    return Reach.ANSWERS, ""


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _connections_needed(settings: Settings) -> int:
    """What the pools of one API, of all its processes, and one worker may take, and their watches."""
    processes = settings.thirdeye_processes
    pools = (processes + 1) * settings.om_mysql_pool_size + (2 * processes + 1) * settings.thirdeye_mysql_pool_size
    return pools + 2 * processes + 2
