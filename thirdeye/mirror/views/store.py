"""SQL over ThirdEye's `view_text`: what the texts of views name, once for each text and dialect."""

from collections.abc import Iterable, Sequence

from thirdeye.database import MySQL, Row
from thirdeye.mirror.store import SQLRow

_TEXTS = "SELECT hash, dialect, paths, reader FROM view_text WHERE hash IN %(hashes)s"
_PUT_TEXTS = "REPLACE INTO view_text (hash, dialect, paths, reader, read_at) VALUES "
_HASHES = "SELECT DISTINCT hash FROM view_text WHERE hash > %(after)s ORDER BY hash LIMIT %(size)s"
_DELETE = "DELETE FROM view_text WHERE hash IN %(hashes)s"


async def texts(thirdeye: MySQL, hashes: Sequence[str]) -> list[Row]:
    """What is known of texts with these hashes: `paths` as JSON, NULL for what the `reader` could not read."""
    return await thirdeye.fetch_all(_TEXTS, {"hashes": tuple(hashes)}) if hashes else []


async def put_texts(thirdeye: MySQL, rows: Iterable[SQLRow]) -> None:
    """Writes what texts name: hash, dialect, paths, reader, moment."""
    async with thirdeye.session() as session:
        await session.execute_rows(_PUT_TEXTS, rows)


async def hashes(thirdeye: MySQL, after: str, size: int) -> list[str]:
    """The hashes of the texts that are known, in order."""
    return [row["hash"] for row in await thirdeye.fetch_all(_HASHES, {"after": after, "size": size})]


async def delete_texts(thirdeye: MySQL, unused: Sequence[str]) -> None:
    """Forgets texts."""
    if unused:
        await thirdeye.execute(_DELETE, {"hashes": tuple(unused)})
