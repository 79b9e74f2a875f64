"""Whom a token of another provider than OpenMetadata names, and which user of OpenMetadata that is. Pure.

OpenMetadata makes the name of whoever signs in out of the first of its `jwtPrincipalClaims` that a token has: the part before
the @, in lower case. That holds for its own provider only: who is `ada` elsewhere is somebody else.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from thirdeye.errors import Unauthenticated

MAX_NAME_LENGTH: Final = 256
# Scripts whose letters are taken for each other.
_CONFUSABLE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})


@dataclass(frozen=True, kw_only=True)
class ClaimRules:
    """How the tokens of a provider name people.

    The first of `principal_claims` that a token has counts, or, with `username_claim` and `email_claim`, these two. Names and
    addresses of `domains` (lower case) are those of OpenMetadata; addresses of `foreign_domains` are another provider's.
    """

    principal_claims: tuple[str, ...] = ("email", "preferred_username", "sub")
    username_claim: str | None = None
    email_claim: str | None = None
    domains: frozenset[str] = frozenset()
    foreign_domains: frozenset[str] = frozenset()
    roles_claim: str = "roles"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a provider says of a caller: the claim and its value, and what may find the user of OpenMetadata.

    `label` names who is no user of OpenMetadata, and cannot be the name of one.
    """

    issuer: str
    claim: str
    value: str
    name: str | None
    email: str | None
    label: str


@dataclass(frozen=True, kw_only=True)
class People:
    """The users of OpenMetadata who may sign in: their names in lower case, and by the digest of an address whose it is.

    `reserved` are names that nobody may sign in with, such as those of bots.
    """

    names: Collection[str] = frozenset()
    emails: Mapping[str, str] = field(default_factory=dict)
    reserved: Collection[str] = frozenset()


def email_digest(email: str) -> str:
    """What is kept of an address in lower case."""
    return sha256(email.encode()).hexdigest()[:32]


def identity_of(claims: Mapping[str, object], rules: ClaimRules) -> Identity:
    """Whom verified claims name. Raises Unauthenticated if it is nobody, or somebody who may be taken for another."""
    if claims.get("isBot") is True or claims.get("tokenType") == "BOT":
        raise Unauthenticated("the token is of a bot, and only OpenMetadata makes those")
    if rules.username_claim is not None and rules.email_claim is not None:
        claim, address = rules.username_claim, _text(claims, rules.email_claim)
        if "@" not in address:
            raise Unauthenticated("the token has no e-mail address where JWT_PRINCIPAL_CLAIMS_MAPPING says")
    else:
        claim, address = next((name for name in rules.principal_claims if claims.get(name) is not None), ""), ""
    value = _text(claims, claim)
    folded = value if claim == "sub" else value.lower()
    address = address.lower() or (folded if "@" in folded else "")
    _check_verified(claims, claim, rules)
    issuer = str(claims.get("iss"))
    return Identity(
        issuer=issuer,
        claim=claim,
        value=value,
        name=_name(folded, rules),
        email=address if address and _speaks_for(_domain(address), rules) else None,
        label=_label(folded, issuer),
    )


def _text(claims: Mapping[str, object], claim: str) -> str:
    value = claims.get(claim)
    if not isinstance(value, str) or not value.isprintable() or value != value.strip() or not value:
        raise Unauthenticated("the token names nobody")
    if not all(value.split("@")) or value.count("@") > 1:
        raise Unauthenticated("the token names somebody by what is no address")
    check_look_alike(value)
    return value


def check_look_alike(name: str) -> None:
    """Raises Unauthenticated for characters that stand for others, and letters of scripts that look like each other."""
    # The sign of Kelvin is a k in lower case.
    if unicodedata.normalize("NFKC", name) != name or len(_scripts(name) & _CONFUSABLE) > 1:
        raise Unauthenticated("the token's name has characters that look like others")


def _scripts(name: str) -> set[str]:
    return {unicodedata.name(character, "").split(" ")[0] for character in name if character.isalpha()}


def _check_verified(claims: Mapping[str, object], claim: str, rules: ClaimRules) -> None:
    # Some providers let people enter whatever address they like, and say so.
    if "email" in (claim, rules.email_claim) and claims.get("email_verified") in (False, "false"):
        raise Unauthenticated("the token's e-mail address is not verified by its provider")


def _domain(address: str) -> str:
    return address.partition("@")[2].lower()


def _speaks_for(domain: str, rules: ClaimRules) -> bool:
    return domain in rules.domains if rules.domains else domain not in rules.foreign_domains


def _name(folded: str, rules: ClaimRules) -> str | None:
    local, at, domain = folded.partition("@")
    is_own = domain.lower() in rules.domains if at else bool(rules.domains)
    # Databases compare names without regard to case.
    return local if is_own and local == local.lower() else None


def _label(folded: str, issuer: str) -> str:
    plain = folded.isascii() and folded == folded.lower()
    label = f"{folded} ({issuer})" if plain else f"{folded} {sha256(folded.encode()).hexdigest()[:8]} ({issuer})"
    if len(label) > MAX_NAME_LENGTH or not label.isprintable():
        raise Unauthenticated("the token names nobody: its name is too long")
    return label


def user_of(identity: Identity, people: People) -> tuple[str | None, str]:
    """The name of the user of OpenMetadata, by name, then by address, and why; None for nobody."""
    by_name = identity.name if identity.name in people.names else None
    by_email = None if identity.email is None else people.emails.get(email_digest(identity.email))
    if by_name and by_email and by_name != by_email:
        return None, f"OpenMetadata has a user {by_name}, but the address is that of {by_email}"
    if by_name:
        return by_name, "OpenMetadata has a user of this name"
    if by_email:
        return by_email, "OpenMetadata has a user of this address"
    return None, "OpenMetadata has no such user"


def called(identity: Identity, people: People) -> str:
    """The name of a caller: that of the user of OpenMetadata, or one that nobody else has there."""
    user = user_of(identity, people)[0]
    if user is not None:
        return user
    is_free = identity.name is not None and identity.name not in people.names and identity.name not in people.reserved
    return identity.name if is_free and identity.name else identity.label


def roles_of(claims: Mapping[str, object], path: str) -> frozenset[str]:
    """The roles in a claim: a list, or text with commas; the path of a nested one has dots."""
    value = _claim_at(claims, path)
    roles = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return frozenset(role.strip() for role in roles if isinstance(role, str) and role.strip())


def _claim_at(claims: Mapping[str, object], path: str) -> object:
    if path in claims:
        return claims[path]
    # Names may hold dots themselves, as those of Auth0 do, which are addresses.
    parts = path.split(".")
    for length in range(len(parts) - 1, 0, -1):
        inner = claims.get(".".join(parts[:length]))
        if isinstance(inner, Mapping):
            return _claim_at(inner, ".".join(parts[length:]))
    return None
