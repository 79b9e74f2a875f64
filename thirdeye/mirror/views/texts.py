"""Reading the texts of views: each once, for at most so many seconds a refresh."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import orjson
import structlog

from thirdeye.database import Row
from thirdeye.database_errors import is_of_rows
from thirdeye.inventory.columns import ABSENT, VIEW, Array, Mask
from thirdeye.inventory.fqn import split_fqn
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.keys import KEY, id_text, records_of
from thirdeye.mirror.openmetadata.source_tables import SERVICES, TABLES
from thirdeye.mirror.state import State
from thirdeye.mirror.views import store
from thirdeye.mirror.views.references import (
    Home,
    Reference,
    TextState,
    ViewTexts,
    references,
    unread_wildcards,
)
from thirdeye.mirror.views.sql_dialects import DIALECTS, READER, Path
from thirdeye.mirror.views.sql_reader import SQLReader
from thirdeye.mirror.views.word_index import UnreadWords, WordKeys

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
        return packed


class ViewTextReader:
    """Brings what is known of the texts of views up to date."""

    def __init__(self, context: RefreshContext, work: RefreshWork, known: ViewTexts) -> None:
        self._context = context
        self._work = work
        self._known = known
        self._dialects: list[str] = []
        self._word_keys = WordKeys()
        self._deadline: float | None = None
        self._sql = SQLReader()
        # By page.
        self._found: list[ViewTexts] = []
        self._read_anew: Mask = np.zeros(work.state.tables, np.bool_)
        # Of all texts that were looked at.
        self.hashes = bytearray()
        # Views in OM whose row was read; what is known of them, and of what is a view no longer, is outdated.
        state = work.state
        is_view, in_om = (state.name["form"] & VIEW) != 0, state.source["stamp"] != 0
        self._changed: Mask = work.read.mask(state.tables) & is_view & in_om
        outdated = self._changed | ~(is_view & (in_om | state.query.has(ABSENT)))
        known.forget(outdated)
        self.words = UnreadWords(context.blobs, outdated)

    async def read(self) -> None:
        """Reads the texts of views whose row was read, and goes on with those that this version has not read yet."""
        known = self._known
        self._dialects = await self._dialects_of_services()
        async with self._sql:
            for page in _pages(np.flatnonzero(self._changed)):
                await self._read_page(page)
            await self._go_on()
        known.forget(self._read_anew)
        known.extend(self._found)
        known.sort()

    async def _go_on(self) -> None:
        """Reads texts that this version has not read, while there is time."""
        # These first: what a former version overlooked holds nothing, what is unread holds too much.
        for text_state in (TextState.FORMER, TextState.PENDING):
            views = self._known.views(text_state)
            for page in _pages(np.sort(views[self._work.state.source["stamp"][views] != 0])):
                if self._is_over():
                    return
                self._read_anew[page] = True
                await self._read_page(page)

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
        """Reads a page of texts; if that fails, each half of it, until a single text is left."""
        try:
            self._found.append(await self._found_in(numbers))
        except Exception as error:
            if not is_of_rows(error):
                raise
            if len(numbers) == 1:
                view = id_text(self._work.state.source["id"][numbers[0]])
                problem = f"its schemaDefinition cannot be read: {type(error).__name__}: {error}"
                self._context.reader.odd_row(TABLES.name, view, problem)
                # All of its database may be what it names.
                self._found.append(_Found([(int(numbers[0]), TextState.TOO_LARGE)]).as_texts())
                return
            for half in (numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]):
                await self._read_page(half)

    async def _found_in(self, numbers: Array) -> ViewTexts:
        om, found = self._context.reader.om, _Found()
        ids = {id_text(self._work.state.source["id"][number]): number for number in numbers.tolist()}
        rows = await om.view_hashes(list(ids))
        known = await self._known_texts([row["hash"] for row in rows])
        self.hashes += bytes.fromhex("".join(row["hash"] for row in rows))
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
        return found.as_texts()

    def _home(self, number: int, row: Row) -> Home:
        state = self._work.state
        service, database, schema = state.places.items[state.query["place"][number]]
        name, hashed = split_fqn(row["fqn"] or row["id"])[0], state.services.items[service]
        return Home(name, database, schema, self._dialects[service], hashed)

    async def _known_texts(self, hashes: Sequence[str]) -> _KnownTexts:
        known = _KnownTexts()
        for row in await store.texts(self._context.thirdeye, hashes):
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
        await self._add_words(unread)
        now = self._context.now
        await store.put_texts(
            self._context.thirdeye,
            (
                (*key, None if paths is None else orjson.dumps(paths).decode(), READER, now)
                for key, paths in read.items()
            ),
        )

    async def _add_words(self, unread: Sequence[tuple[int, str, str]]) -> None:
        """Adds the words of texts: the number of the view, the text, the service."""

        def pairs() -> tuple[Array, Array]:
            keys = [self._word_keys.of(text, service) for _, text, service in unread]
            views = np.array([number for number, _, _ in unread], np.uint32)
            return np.repeat(views, [len(each) for each in keys]), np.concatenate(keys)

        if unread:
            await self.words.add(*await asyncio.to_thread(pairs))

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


async def forget_unused(context: RefreshContext, used: bytes | bytearray) -> None:
    """Forgets the texts that no view has any more; after a refresh that looked at all."""
    after, used_hashes = "", np.unique(np.frombuffer(used, KEY))
    while hashes := await store.hashes(context.thirdeye, after, _PAGE):
        unused = ~np.isin(records_of("".join(hashes)), used_hashes)
        await store.delete_texts(context.thirdeye, [hashes[place] for place in np.flatnonzero(unused).tolist()])
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
