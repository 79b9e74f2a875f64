"""Reading the texts of views: each once, for at most so many seconds a refresh."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import orjson
import structlog

from thirdeye.database import Row
from thirdeye.inventory.columns import ABSENT, VIEW, Array, Mask
from thirdeye.inventory.fqn import split_fqn
from thirdeye.mirror import view_store
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.keys import id_text
from thirdeye.mirror.openmetadata.source_tables import SERVICES
from thirdeye.mirror.sql_reader import SQLReader
from thirdeye.mirror.sql_references import DIALECTS, READER, Path
from thirdeye.mirror.state import State
from thirdeye.mirror.view_lineage import named_tables
from thirdeye.mirror.view_references import (
    Home,
    Reference,
    TextState,
    ViewTexts,
    WordKeys,
    references,
    unread_wildcards,
)

# A longer text is not read; in bytes.
MAX_TEXT_BYTES: Final = 1_000_000
_PAGE: Final = 2_000
# Texts are fetched so many bytes at a time.
_MAX_FETCHED_BYTES: Final = 4_000_000
# The hash of a text and its dialect.
TextKey = tuple[str, str]
log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _KnownTexts:
    """What texts name, None for what could not be read: found by this version, and by a former one."""

    current: dict[TextKey, list[Path] | None] = field(default_factory=dict)
    former: dict[TextKey, list[Path] | None] = field(default_factory=dict)

    def paths(self, key: TextKey) -> tuple[list[Path] | None, TextState]:
        """What a text names as far as known, and what became of it if it was read."""
        if key in self.current:
            return self.current[key], TextState.READ
        return self.former.get(key), TextState.FORMER


@dataclass
class _Found:
    """What a page of views gave, as rows of the groups of ViewTexts."""

    texts: list[tuple[int, int]] = field(default_factory=list)
    references: list[tuple[int, ...]] = field(default_factory=list)
    words: list[tuple[int, int]] = field(default_factory=list)

    def add_paths(self, number: int, paths: list[Path], state: TextState, home: Home) -> None:
        """What a text names that was read."""
        self.texts.append((number, state))
        for path in paths:
            self.add_references(number, references(tuple(path), home))

    def add_references(self, number: int, found: Iterable[Reference]) -> None:
        """What a text of this view names."""
        self.references += [(number, *reference) for reference in found]

    def as_texts(self) -> ViewTexts:
        """The same, packed."""
        packed = ViewTexts()
        packed.add("view-text", self.texts)
        packed.add("view-reference", self.references)
        packed.add("view-word", self.words)
        return packed


class ViewTextReader:
    """Brings what is known of the texts of views up to date."""

    def __init__(self, context: RefreshContext, work: RefreshWork, known: ViewTexts) -> None:
        self._context = context
        self._work = work
        self._known = known
        self._dialects: list[str] = []
        self._words = WordKeys(work.state.name["word_key"][named_tables(work.state)])
        self._deadline: float | None = None
        self._sql = SQLReader()
        # By page.
        self._found: list[ViewTexts] = []
        self._read_anew: Mask = np.zeros(work.state.tables, np.bool_)
        # Of all texts that were looked at.
        self.hashes = set[bytes]()

    async def read(self) -> None:
        """Reads the texts of views whose row was read, and goes on with those that this version has not read yet."""
        state, known = self._work.state, self._known
        is_view = (state.name["form"] & VIEW) != 0
        in_om = state.source["stamp"] != 0
        changed = self._work.read.mask(state.tables) & is_view & in_om
        known.forget(changed | ~(is_view & (in_om | state.query.has(ABSENT))))
        self._dialects = await self._dialects_of_services()
        async with self._sql:
            for page in _pages(np.flatnonzero(changed)):
                await self._read_page(page)
            await self._go_on(in_om)
        known.forget(self._read_anew)
        known.extend(self._found)
        known.sort()

    async def _go_on(self, in_om: Mask) -> None:
        """Reads texts that this version has not read; looks through all unread ones when there are tables with new names."""
        known, has_new_names = self._known, self._has_new_names()
        # These first: what a former version overlooked holds nothing, what is unread holds too much.
        await self._read_again(known.views(TextState.FORMER), in_om)
        states = (TextState.PENDING, TextState.UNREADABLE) if has_new_names else (TextState.PENDING,)
        await self._read_again(known.views(*states), in_om, at_any_rate=has_new_names)

    async def _read_again(self, views: Array, in_om: Mask, *, at_any_rate: bool = False) -> None:
        for page in _pages(np.sort(views[in_om[views]])):
            if self._is_over() and not at_any_rate:
                return
            self._read_anew[page] = True
            await self._read_page(page)

    def _has_new_names(self) -> bool:
        """Whether a table has a name now that none had at the refresh before."""
        state, renamed = self._work.state, self._work.renamed.mask(self._work.state.tables)
        renamed[self._work.rekeyed] = True
        named = named_tables(state)
        new, old = state.name["word_key"][renamed & named], state.name["word_key"][named & ~renamed]
        return bool((~np.isin(new, old)).any())

    def _is_over(self) -> bool:
        """Whether the time for texts is over; it begins with the first of them."""
        now = self._context.monotonic()
        if self._deadline is None:
            self._deadline = now + self._context.settings.view_text_seconds
        return now >= self._deadline

    async def _dialects_of_services(self) -> list[str]:
        rows = await self._context.reader.rows(SERVICES, self._context.reader.om.services)
        types = {row["name_hash"]: row["service_type"] for row in rows}
        return [DIALECTS.get(types.get(service) or "", "") for service in self._work.state.services.items]

    async def _read_page(self, numbers: Array) -> None:
        om, found = self._context.reader.om, _Found()
        ids = {id_text(self._work.state.source["id"][number]): number for number in numbers.tolist()}
        rows = await om.view_hashes(list(ids))
        known = await self._known_texts([row["hash"] for row in rows])
        self.hashes.update(bytes.fromhex(row["hash"]) for row in rows)
        unread = []
        for row in rows:
            home = self._home(ids[row["id"]], row)
            key = (row["hash"], home.dialect)
            paths, state = known.paths(key)
            if row["length"] > MAX_TEXT_BYTES:
                found.texts.append((ids[row["id"]], TextState.TOO_LARGE))
            elif paths is not None and (state is TextState.READ or self._is_over()):
                found.add_paths(ids[row["id"]], paths, state, home)
            else:
                unread.append(row)
        for rows in _by_bytes(unread):
            await self._read_texts(found, ids, await om.view_texts([row["id"] for row in rows]), known)
        self._context.check_lease()
        self._found.append(found.as_texts())

    def _home(self, number: int, row: Row) -> Home:
        state = self._work.state
        service, database, schema = state.places.items[state.query["place"][number]]
        name, hashed = split_fqn(row["fqn"] or row["id"])[0], state.services.items[service]
        return Home(name, database, schema, self._dialects[service], hashed)

    async def _known_texts(self, hashes: Sequence[str]) -> _KnownTexts:
        known = _KnownTexts()
        for row in await view_store.texts(self._context.thirdeye, hashes):
            paths = None if row["paths"] is None else orjson.loads(row["paths"])
            (known.current if row["reader"] == READER else known.former)[row["hash"], row["dialect"]] = paths
        return known

    async def _read_texts(self, found: _Found, ids: Mapping[str, int], rows: list[Row], known: _KnownTexts) -> None:
        """Reads these texts while there is time; of the others, and of those that cannot be read, the words."""
        read, unread = dict[TextKey, list[Path] | None](), list[tuple[int, str, str]]()
        for row in rows:
            number, text = ids[row["id"]], str(row["text"])
            home = self._home(number, row)
            key = (row["hash"], home.dialect)
            if key not in known.current and not self._is_over() and await self._read_text(key, text, read):
                known.current[key] = read[key]
            paths, state = known.paths(key)
            if paths is not None:
                found.add_paths(number, paths, state, home)
                continue
            found.texts.append((number, TextState.UNREADABLE if key in known.current else TextState.PENDING))
            found.add_references(number, unread_wildcards(text, home))
            unread.append((number, text, home.service))
        await asyncio.to_thread(self._add_words, found, unread)
        now = self._context.now
        await view_store.put_texts(
            self._context.thirdeye,
            (
                (*key, None if paths is None else orjson.dumps(paths).decode(), READER, now)
                for key, paths in read.items()
            ),
        )

    def _add_words(self, found: _Found, unread: list[tuple[int, str, str]]) -> None:
        for number, text, service in unread:
            found.words += [(number, key) for key in self._words.of(text, service)]

    async def _read_text(self, key: TextKey, text: str, read: dict[TextKey, list[Path] | None]) -> bool:
        """Whether a text was tried."""
        try:
            read[key] = await self._sql.paths_in(text, key[1])
        except OSError as error:
            log.warning("sql_reader_unavailable", problem=str(error))
            self._deadline = self._context.monotonic()
            return False
        return True


def _pages(numbers: Array) -> Iterator[Array]:
    for start in range(0, len(numbers), _PAGE):
        yield numbers[start : start + _PAGE]


def _by_bytes(rows: Sequence[Row]) -> Iterator[list[Row]]:
    page, size = list[Row](), 0
    for row in rows:
        if page and size + row["length"] > _MAX_FETCHED_BYTES:
            yield page
            page, size = [], 0
        page.append(row)
        size += row["length"]
    if page:
        yield page


async def forget_unused(context: RefreshContext, used: set[bytes]) -> None:
    """Forgets the texts that no view has any more; after a refresh that looked at all."""
    after = ""
    while hashes := await view_store.hashes(context.thirdeye, after, _PAGE):
        await view_store.delete_texts(context.thirdeye, [each for each in hashes if bytes.fromhex(each) not in used])
        after = hashes[-1]


def counts_of(known: ViewTexts) -> dict[str, int]:
    """How many texts there are by what became of them."""
    return {state.name.lower(): len(known.views(state)) for state in TextState}


def warn_of_unread(context: RefreshContext, state: State, known: ViewTexts) -> None:
    """Warns of the texts that were not read, with the id of one view each."""
    codes = {
        TextState.PENDING: "VIEW_TEXT_PENDING",
        TextState.UNREADABLE: "VIEW_TEXT_UNREADABLE",
        TextState.TOO_LARGE: "VIEW_TEXT_TOO_LARGE",
    }
    for text_state, code in codes.items():
        views = known.views(text_state)
        views = views[state.present()[views]]
        if len(views):
            context.warnings.add(code, f"view {id_text(state.source['id'][views.min()])}", len(views))
