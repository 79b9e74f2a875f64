"""Tokens denied by hand, in ThirdEye's schema."""

from datetime import datetime
from typing import Any

from thirdeye.database import MySQL, Row

_DENIED = "SELECT digest FROM token_denial LIMIT 100000"
_LIST = (
    "SELECT digest, name, reason, denied_at, expires_at FROM token_denial ORDER BY denied_at DESC, digest LIMIT 1000"
)
_DENY = """
REPLACE INTO token_denial (digest, name, reason, denied_at, expires_at)
VALUES (%(digest)s, %(name)s, %(reason)s, %(now)s, %(expires)s)"""
_FORGET = "DELETE FROM token_denial WHERE expires_at < %(moment)s"
_ALLOW = "DELETE FROM token_denial WHERE HEX(digest) LIKE %(prefix)s"


async def denied_tokens(thirdeye: MySQL) -> frozenset[bytes]:
    """The digests of all denied tokens."""
    return frozenset(bytes(row["digest"]) for row in await thirdeye.fetch_all(_DENIED))


async def denials(thirdeye: MySQL) -> list[Row]:
    """What was denied, the newest first; moments in UTC."""
    return await thirdeye.fetch_all(_LIST)


async def deny_token(thirdeye: MySQL, values: dict[str, Any], now: datetime) -> None:
    """Denies one token (digest, name, reason, expires), and forgets those that have expired for long."""
    async with thirdeye.session() as session:
        await session.execute(_DENY, {**values, "now": now.replace(tzinfo=None)})


async def forget_expired(thirdeye: MySQL, moment: datetime) -> None:
    """Forgets denials of tokens that had expired by then."""
    await thirdeye.execute(_FORGET, {"moment": moment.replace(tzinfo=None)})


async def allow_token(thirdeye: MySQL, prefix: str) -> int:
    """Takes back the denials whose digest begins so, in hexadecimal; how many there were."""
    return (await thirdeye.execute(_ALLOW, {"prefix": f"{prefix.upper()}%"})).matched
