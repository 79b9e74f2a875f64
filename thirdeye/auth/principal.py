"""Who is calling."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from thirdeye.errors import Unauthenticated


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller that a token names; `name` is lower case and without a domain."""

    name: str
    email: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    is_bot: bool = False


DEVELOPMENT_ADMINISTRATOR = Principal(name="developer", roles=frozenset({"Admin"}))


def principal_of(claims: Mapping[str, object]) -> Principal:
    """The caller that verified claims name. Raises Unauthenticated without a usable name."""
    name = _name(claims)
    # Invisible and control characters would let one caller look like another in lists and logs.
    if not name or len(name) > 256 or not name.isprintable():
        raise Unauthenticated("the token names nobody")
    email, roles = claims.get("email"), claims.get("roles")
    return Principal(
        name=name,
        email=email if isinstance(email, str) else None,
        roles=frozenset(role for role in roles if isinstance(role, str)) if isinstance(roles, list) else frozenset(),
        is_bot=claims.get("isBot") is True or claims.get("tokenType") == "BOT",
    )


def _name(claims: Mapping[str, object]) -> str:
    subject = claims.get("username")
    # Absent, null and empty mean the same; anything else but text is malformed, so `sub` does not count then.
    if subject is None or subject == "":
        subject = claims.get("sub")
    return subject.split("@", 1)[0].strip().lower() if isinstance(subject, str) else ""
