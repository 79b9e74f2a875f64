"""Who is calling."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

from thirdeye.auth.identity import MAX_NAME_LENGTH, ClaimRules, Identity, identity_of, roles_of
from thirdeye.errors import Unauthenticated


@dataclass(frozen=True, kw_only=True)
class Principal:
    """The caller that a token names; `name` is lower case and without a domain.

    `identity` is what another provider than OpenMetadata says; `name` is then the one that the user has in OpenMetadata, or,
    for who has none there, not one of theirs.
    """

    name: str
    email: str | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    is_bot: bool = False
    identity: Identity | None = None


DEVELOPMENT_ADMINISTRATOR = Principal(name="developer", roles=frozenset({"Admin"}))


def principal_of(claims: Mapping[str, object], rules: ClaimRules | None = None) -> Principal:
    """The caller that verified claims name: by the rules of another provider, or, without any, as OpenMetadata's tokens do.

    Raises Unauthenticated without a usable name.
    """
    if rules is not None:
        identity = identity_of(claims, rules)
        name = identity.name or identity.label
        return Principal(name=name, email=identity.email, roles=roles_of(claims, rules.roles_claim), identity=identity)
    name = _name(claims)
    # Invisible and control characters would let one caller look like another in lists and logs.
    if not name or len(name) > MAX_NAME_LENGTH or not name.isprintable():
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
    if not isinstance(subject, str):
        return ""
    name = subject.split("@", 1)[0].strip()
    if any(_stands_for_ascii(character) for character in name):
        raise Unauthenticated("the token's name has characters that look like others")
    return name.lower()


def _stands_for_ascii(character: str) -> bool:
    """Whether it is a look-alike of a letter or digit of ASCII, as the sign of Kelvin is, which is a k in lower case."""
    return not character.isascii() and any(
        each.isascii() and each.isalnum() for each in unicodedata.normalize("NFKC", character)
    )
