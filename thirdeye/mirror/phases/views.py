"""VIEWS: which tables the texts of views name."""

import asyncio

from thirdeye.inventory.columns import NAME_FIELDS, Columns
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.state import load_groups, packed_names, stored_document
from thirdeye.mirror.views.lineage import WordMatches, text_lineage
from thirdeye.mirror.views.references import ViewTexts
from thirdeye.mirror.views.sql_dialects import READER
from thirdeye.mirror.views.texts import ViewTextReader, counts_of, forget_unused, warn_of_unread
from thirdeye.mirror.views.word_index import PREFIX


async def read_views(context: RefreshContext, work: RefreshWork) -> None:
    """Reads the texts of views that changed, and lets go of the names of tables; gives the lineage of texts."""
    known, state = await _load(context), work.state
    reader = ViewTextReader(context, work, known)
    await reader.read()
    if context.progress.kind == "FULL":
        await forget_unused(context, reader.hashes)
    context.progress.view_texts = counts_of(known)
    warn_of_unread(context, state, known)
    words = WordMatches(state)
    async for chunk in reader.words.chunks(known.unread(state.tables)):
        await asyncio.to_thread(words.add, chunk)
    work.text_lineage = await asyncio.to_thread(text_lineage, state, known, words)
    await context.blobs.stage_groups(known.groups())
    await context.blobs.drop("name/", kept=await context.blobs.stage_all(packed_names(state)))
    # Statements name tables, too.
    work.word_keys = state.name["word_key"]
    state.name = Columns(NAME_FIELDS)


async def _load(context: RefreshContext) -> ViewTexts:
    """What the refresh before knew."""
    known = ViewTexts()
    document = await stored_document(context.thirdeye, context.previous_generation)
    if document is None:
        # It was written in another form.
        await context.blobs.drop(PREFIX, kept=set())
        return known
    await load_groups(context.thirdeye, context.previous_generation, known.groups())
    if document.get("reader") != READER:
        known.outdate()
    return known
