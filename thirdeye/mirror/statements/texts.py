"""Reading the statements that name tables: each once; those that may write with sqlglot, for so many seconds a refresh."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple
from zlib import crc32

import numpy as np
import structlog

from thirdeye.inventory.columns import Array, Columns, Mask
from thirdeye.inventory.uncounted_use import UncountedUse
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.directory import service_names
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.openmetadata.source_tables import SERVICES, STATEMENTS
from thirdeye.mirror.query_costs import Mentions
from thirdeye.mirror.state import load_groups
from thirdeye.mirror.statements.known import (
    NAME_FIELDS,
    STATEMENT_FIELDS,
    UNCOUNTED_TEXT,
    StatementName,
    Statements,
    StatementState,
    batches,
    names_of,
    only_writing,
    places_of,
    schema_word,
)
from thirdeye.mirror.statements.uncounted import uncounted_statements, uncounted_use, users_of
from thirdeye.mirror.views.sql_dialects import DIALECTS, READER
from thirdeye.mirror.views.sql_reader import SQLReader

# Longer ones are not read; in bytes. Warehouses cut the texts of their logs from 100,000 characters on.
MAX_TEXT_BYTES: Final = 65_000
_PAGE: Final = 500
# Texts are fetched so many at a time.
_TEXTS: Final = 50
_STAMP: Final = np.dtype([("query", KEY), ("stamp", ">u4")])
# How statements are read; another number has all read again.
_RULES: Final = f"{READER}, statements 1"
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Home:
    """The service of a statement: that of the first table that it names."""

    service: str
    dialect: str

    @property
    def how(self) -> int:
        return crc32(f"{_RULES} {self.dialect} {self.service}".encode(errors="replace"))


class MentionKinds(NamedTuple):
    """Which mentions are of statements that only write the table, and which of ones that do not count, as far as is known."""

    writes: Mask
    uncounted: Mask


async def kinds_of_mentions(context: RefreshContext, work: RefreshWork, mentions: Mentions) -> MentionKinds:
    """What kinds of statements the mentions are of."""
    state, rules = work.state, await uncounted_use(context)
    known = await _read_statements(context, work, mentions, rules)
    schemas = np.array([schema_word(schema) for _, _, schema in state.places.items] or [0], np.uint64)
    writes = only_writing(known, mentions, work.word_keys, schemas[state.query["place"]])
    places = known.places(mentions[1])
    uncounted = np.append(await uncounted_statements(context.reader, known.rows, rules), np.False_)
    return MentionKinds(writes, uncounted[places])


async def _read_statements(
    context: RefreshContext, work: RefreshWork, mentions: Mentions, rules: UncountedUse
) -> Statements:
    """Brings what is known of the statements that name tables up to date."""
    reader = context.reader
    rows = await reader.rows(STATEMENTS, reader.om.statement_stamps) if len(mentions[0]) else []
    if len(mentions[0]) and not await reader.can_read(STATEMENTS):
        # What only wrote a table did, whoever may read that now: else it would be a use, which is never forgotten.
        return await _load(context)
    stamps = np.concatenate([np.zeros(0, _STAMP), *(records_of(row["packed"] or "", _STAMP) for row in rows)])
    stamps = stamps[np.argsort(stamps["query"], kind="stable")]
    queries, tables = _first_tables(mentions)
    places = places_of(stamps["query"], queries)
    queries, tables, places = queries[places >= 0], tables[places >= 0], places[places >= 0]
    wanted = Columns(STATEMENT_FIELDS, len(queries))
    wanted["query"], wanted["stamp"] = queries, stamps["stamp"][places]
    homes = await _homes(context, work) if len(queries) else []
    service = work.state.service_of_place()[work.state.query["place"][tables]]
    wanted["how"] = np.array([home.how for home in homes] or [0], np.uint32)[service]
    wanted["rules"] = np.full(len(queries), rules.checksum, np.uint32)
    of_statements = [homes[number] for number in service.tolist()]
    statements = _StatementReader(context, await _load(context), wanted, of_statements, rules)
    known = await statements.read()
    await context.blobs.stage_groups(known.groups())
    _warn(context, known)
    return known


def _first_tables(mentions: Mentions) -> tuple[Array, Array]:
    """The statements that name known tables, in order, and the first of these of each."""
    numbers, queries = (part[mentions[0] >= 0] for part in mentions)
    order = np.lexsort((numbers, queries))
    distinct, first = np.unique(queries[order], return_index=True)
    return distinct, numbers[order][first]


async def _homes(context: RefreshContext, work: RefreshWork) -> list[_Home]:
    """By service number."""
    rows = await context.reader.rows(SERVICES, context.reader.om.services)
    types, hashes = {row["name_hash"]: row["service_type"] for row in rows}, work.state.services.items
    names = service_names(work.state, work.names)
    return [_Home(name, DIALECTS.get(types.get(key) or "", "")) for name, key in zip(names, hashes, strict=True)]


async def _load(context: RefreshContext) -> Statements:
    """What the refresh before knew."""
    known = Statements()
    await load_groups(context.thirdeye, context.previous_generation, known.groups())
    return known


def _warn(context: RefreshContext, known: Statements) -> None:
    for state in (StatementState.PENDING, StatementState.UNREADABLE, StatementState.TOO_LARGE):
        queries = known.rows["query"][known.rows["state"] == state]
        if len(queries):
            context.warnings.add(f"STATEMENT_{state.name}", f"query {id_text(queries[0])}", len(queries))


class _StatementReader:
    """Fills the rows of the statements that are `wanted`, each of a home, by what was known and what is read."""

    def __init__(
        self,
        context: RefreshContext,
        known: Statements,
        wanted: Columns,
        homes: Sequence[_Home],
        rules: UncountedUse,
    ) -> None:
        self._context = context
        self._known = known
        self._rows = wanted
        self._homes = homes
        self._rules = rules
        self._before = known.places(wanted["query"])
        # Statements whose names are those that were known.
        self._kept: Mask = np.zeros(wanted.length, np.bool_)
        self._found: list[tuple[bytes, StatementName]] = []
        self._deadline: float | None = None
        self._sql = SQLReader()

    async def read(self) -> Statements:
        """What is known now."""
        rows, before = self._rows, self._before
        is_known = before >= 0
        if self._context.progress.kind != "FULL":
            for name in ("stamp", "how", "rules"):
                is_known[is_known] &= self._known.rows[name][before[is_known]] == rows[name][is_known]
            is_known[is_known] = self._known.rows["state"][before[is_known]] != StatementState.PENDING
            self._keep(np.flatnonzero(is_known), "uncounted")
        async with self._sql:
            for numbers in batches(np.flatnonzero(~self._kept), _PAGE):
                await self._read_page(numbers)
                self._context.check_lease()
        return Statements(rows, self._names())

    def _keep(self, numbers: Array, *more: str) -> None:
        """These are as they were known."""
        self._kept[numbers] = True
        for name in ("state", "hash", *more):
            self._rows[name][numbers] = self._known.rows[name][self._before[numbers]]

    async def _read_page(self, numbers: Array) -> None:
        """Reads statements, but for those whose text is as it was."""
        self._rows["state"][numbers] = StatementState.PENDING
        number_of = {id_text(self._rows["query"][number]): number for number in numbers.tolist()}
        left, not_told = list[tuple[str, int]](), list[tuple[str, int]]()
        for row in await self._context.reader.om.statement_hashes(list(number_of)):
            number = number_of[row["id"].lower()]
            self._rows["hash"][number] = bytes.fromhex(row["hash"] or "")
            self._rows["uncounted"][number] = users_of(row["used_by"], self._rules)
            if self._rules.statements and row["hash"] and row["length"] <= MAX_TEXT_BYTES and not self._is_told(number):
                not_told.append((row["id"], number))
            if self._is_as_before(number):
                self._keep(np.array([number]))
            elif row["hash"] is None:
                self._rows["state"][number] = StatementState.UNREADABLE
            elif row["length"] > MAX_TEXT_BYTES:
                self._rows["state"][number] = StatementState.TOO_LARGE
            elif not row["may_write"]:
                self._rows["state"][number] = StatementState.READS
            else:
                left.append((row["id"], number))
        for start in range(0, len(left), _TEXTS):
            if not self._is_over():
                await self._read_texts(dict(left[start : start + _TEXTS]))
        for start in range(0, len(not_told), _TEXTS):
            await self._tell_texts(dict(not_told[start : start + _TEXTS]))

    def _is_told(self, number: int) -> bool:
        """Whether it is known if the text of a statement counts, which it then says."""
        before, known = self._before[number], self._known.rows
        if before < 0 or any(known[name][before] != self._rows[name][number] for name in ("rules", "hash")):
            return False
        self._rows["uncounted"][number] |= known["uncounted"][before] & UNCOUNTED_TEXT
        return True

    async def _tell_texts(self, number_of: Mapping[str, int]) -> None:
        """Says which of these texts do not count, while there is time; of the others the next refresh says it."""
        if self._is_over():
            self._rows["rules"][list(number_of.values())] = 0
            return
        for row in await self._context.reader.om.statement_texts(list(number_of)):
            if self._rules.names_statement(str(row["text"])):
                self._rows["uncounted"][number_of[row["id"]]] |= UNCOUNTED_TEXT

    def _is_as_before(self, number: int) -> bool:
        """Whether a statement was read as it would be now."""
        before, known = self._before[number], self._known.rows
        return bool(
            before >= 0
            and known["state"][before] != StatementState.PENDING
            and all(known[name][before] == self._rows[name][number] for name in ("how", "hash"))
        )

    def _is_over(self) -> bool:
        """Whether the time for statements is over; it begins with the first of them."""
        now = self._context.monotonic()
        if self._deadline is None:
            self._deadline = now + self._context.settings.statement_text_seconds
        return now >= self._deadline

    async def _read_texts(self, number_of: Mapping[str, int]) -> None:
        for row in await self._context.reader.om.statement_texts(list(number_of)):
            if self._is_over():
                return
            number = number_of[row["id"]]
            home = self._homes[number]
            try:
                found = await self._sql.written_and_read(str(row["text"]), home.dialect)
            except OSError as error:
                log.warning("sql_reader_unavailable", problem=str(error))
                self._deadline = self._context.monotonic()
                return
            names = None if found is None else names_of(home.service, *found)
            if names is None:
                self._rows["state"][number] = StatementState.UNREADABLE
                continue
            writes = any(name.written for name in names)
            self._rows["state"][number] = StatementState.WRITES if writes else StatementState.READS
            key = bytes(self._rows["query"][number])
            self._found += [(key, name) for name in names] if writes else []

    def _names(self) -> Columns:
        """The names in all statements that write, in order."""
        before = self._known.names
        kept = np.isin(before["query"], self._rows["query"][self._kept])
        queries, names = [query for query, _ in self._found], [name for _, name in self._found]
        columns = Columns(NAME_FIELDS, int(kept.sum()) + len(names))
        for field in NAME_FIELDS:
            new = queries if field == "query" else [getattr(name, field) for name in names]
            columns[field] = np.concatenate([before[field][kept], np.array(new, before[field].dtype)])
        order = np.lexsort([columns[field] for field in reversed(list(NAME_FIELDS))])
        for field in NAME_FIELDS:
            columns[field] = columns[field][order]
        return columns
