"""SQL of the denylist, in ThirdEye's schema."""

from datetime import datetime

from thirdeye.database import MySQL, Row
from thirdeye.session import Values

_DENIED = "SELECT digest FROM token_denial LIMIT 100000"
_LIST = """
SELECT digest, name, reason, denied_at, expires_at FROM token_denial ORDER BY denied_at DESC, digest LIMIT 1000"""
_DENY = """
REPLACE INTO token_denial (digest, name, reason, denied_at, expires_at)
VALUES (%(digest)s, %(name)s, %(reason)s, %(now)s, %(expires)s)"""
_FORGET = "DELETE FROM token_denial WHERE expires_at < %(moment)s"
_ALLOW = "DELETE FROM token_denial WHERE HEX(digest) LIKE %(prefix)s"


async def denied_digests(thirdeye: MySQL) -> frozenset[bytes]:
    """The digests of all denied tokens."""
    return frozenset(bytes(row["digest"]) for row in await thirdeye.fetch_all(_DENIED))


async def denied_tokens(thirdeye: MySQL) -> list[Row]:
    """At most 1,000 denied tokens, newest first: digest, name, reason, denied_at and expires_at in UTC."""
    return await thirdeye.fetch_all(_LIST)


async def deny_token(thirdeye: MySQL, values: Values, now: datetime) -> None:
    """Denies one token: digest, name, reason, expires (in UTC)."""
    await thirdeye.execute(_DENY, {**values, "now": now})


async def forget_expired(thirdeye: MySQL, moment: datetime) -> None:
    """Deletes the denials of tokens that expired before `moment`."""
    await thirdeye.execute(_FORGET, {"moment": moment})


async def allow_token(thirdeye: MySQL, prefix: str) -> int:
    """Deletes the denials whose digest starts with this hexadecimal prefix; gives their number."""
    return (await thirdeye.execute(_ALLOW, {"prefix": f"{prefix.upper()}%"})).matched
