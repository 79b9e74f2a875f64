"""People behind other providers: tokens as the documents of these show them, and the user of OpenMetadata that each is."""

from dataclasses import dataclass
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import tokens as by_hand
from tests.support.tokens import NOW, RULES
from thirdeye.auth.authenticator import Authenticator, IdentityProvider, claim_rules_of
from thirdeye.auth.diagnosis import diagnose
from thirdeye.auth.identity import ClaimRules, People, called, email_digest, identity_of, user_of
from thirdeye.auth.keys import FixedKey
from thirdeye.auth.principal import principal_of
from thirdeye.auth.tokens import TokenRules, key_of_pem
from thirdeye.errors import Unauthenticated
from thirdeye.settings import SettingsInvalid, load_settings

pytestmark = pytest.mark.anyio
OKTA, ENTRA = "https://corp.okta.example/oauth2/default", "https://login.microsoftonline.example/9a8b7c6d/v2.0"
ENTRA_1, KEYCLOAK = "https://sts.windows.example/9a8b7c6d/", "https://sso.corp.example/realms/data"
GOOGLE, AUTH0, EVIL = "https://accounts.google.example", "https://corp.eu.auth0.example/", "https://login.evil.example"
SECOND_REALM = "https://sso.corp.example/realms/partners"


def provider(issuer: str, **more: Any) -> dict[str, Any]:
    return {"jwks_url": f"{issuer.rstrip('/')}/keys", "issuers": [issuer], "audiences": ["thirdeye"], **more}


PROVIDERS: Final = [
    provider(OKTA, principal_domains=["Corp.example"]),
    # These prove an address, and no more: only the whole of it finds a user.
    provider(ENTRA, principal_claims=["preferred_username"], principal_domains=["entra.example"]),
    provider(ENTRA_1, principal_claims=["upn"], principal_domains=["old.example"]),
    provider(
        KEYCLOAK, principal_claims=["preferred_username", "email"], roles_claim="realm_access.roles",
        principal_domains=["keycloak.example"],
    ),
    provider(GOOGLE),
    provider(
        AUTH0, principal_claims_mapping=["username:https://corp.example/name", "email:https://corp.example/email"],
        roles_claim="https://corp.example/roles", principal_domains=["auth0.example"],
    ),
    provider(SECOND_REALM, principal_claims=["sub"], roles_claim="resource_access.third.eye.roles"),
    provider(EVIL, principal_claims=["email", "preferred_username", "sub"]),
]  # fmt: skip
USERS: Final = {
    "ada": "ada@corp.example", "grace": "grace.hopper@auth0.example", "edsger": "edsger@gmail.example",
    "alan": "alan@old.example", "barbara": "barbara@entra.example", "karl": "karl@corp.example",
    "tony": "tony@keycloak.example",
}  # fmt: skip
PEOPLE: Final = People(
    names=frozenset(USERS),
    emails={email_digest(email): name for name, email in USERS.items()},
    reserved=frozenset({"ingestion-bot", "left"}),
)
OKTA_ID: Final = {
    "ver": 1, "iss": OKTA, "sub": "00uid4BxXw6I6TV4m0g3", "name": "Ada Lovelace", "email": "Ada@Corp.example",
    "email_verified": True, "preferred_username": "ada@corp.example", "auth_time": 1, "amr": ["pwd"], "idp": "00o1",
    "nonce": "n", "at_hash": "h", "groups": ["Everyone"], "roles": "Admin, DataSteward",
}  # fmt: skip
OKTA_ACCESS: Final = {
    "ver": 1, "jti": "AT.1", "iss": OKTA, "cid": "0oa1", "uid": "00u1", "scp": ["openid"], "sub": "ada@corp.example",
}  # fmt: skip
ENTRA_ID: Final = {
    "ver": "2.0", "iss": ENTRA, "sub": "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ", "name": "Barbara Liskov",
    "tid": "9a8b7c6d", "oid": "00000000-0000-0000-66f3-3332eca7ea81",
    "preferred_username": "Barbara@entra.example", "nbf": 1, "aio": "Df2",
    "roles": ["DataSteward"], "rh": "0.A", "uti": "x",
}  # fmt: skip
ENTRA_ACCESS: Final = {
    "ver": "1.0", "iss": ENTRA_1, "sub": "x7", "oid": "x8", "upn": "alan@old.example", "unique_name": "alan@old.example",
    "scp": "user_impersonation", "appid": "a", "appidacr": "0", "family_name": "Turing",
}  # fmt: skip
KEYCLOAK_ACCESS: Final = {
    "jti": "onrtac:1", "iss": KEYCLOAK, "sub": "f3e1c7e2-0f3b-4b8a-9f0e-1d2c3b4a5968", "typ": "Bearer", "azp": "web",
    "allowed-origins": ["/*"], "realm_access": {"roles": ["offline_access", "Admin"]}, "scope": "openid email profile",
    "resource_access": {"account": {"roles": ["view-profile"]}}, "email_verified": False, "preferred_username": "tony",
    "email": "tony@keycloak.example",
}  # fmt: skip
GOOGLE_ID: Final = {
    "iss": GOOGLE, "azp": "1.apps", "sub": "110169484474386276334", "hd": "gmail.example", "email": "edsger@gmail.example",
    "email_verified": True, "at_hash": "H", "nonce": "0", "name": "Edsger Dijkstra",
}  # fmt: skip
AUTH0_ACCESS: Final = {
    "iss": AUTH0, "sub": "auth0|5f7c8ec7c33c6c004bbafe82", "azp": "my_client", "scope": "openid profile",
    "https://corp.example/name": "g.hopper", "https://corp.example/email": "Grace.Hopper@auth0.example",
    "https://corp.example/roles": ["DataSteward"],
}  # fmt: skip
REALM: Final = {
    "iss": SECOND_REALM, "sub": "5", "resource_access": {"third.eye": {"roles": ["Admin"]}}, "preferred_username": "ada",
}  # fmt: skip


@dataclass(frozen=True)
class Becomes:
    """The user of OpenMetadata, why, and the roles."""

    name: str
    why: str = "of this name"
    roles: frozenset[str] = frozenset()


MATRIX: Final = {
    "Okta's ID token": (OKTA_ID, Becomes("ada", roles=frozenset({"Admin", "DataSteward"}))),
    "Okta's access token": (OKTA_ACCESS, Becomes("ada")),
    "Okta's, of another name than the address": ({**OKTA_ID, "email": "karl@corp.example", "roles": []}, Becomes("karl")),
    "Entra's ID token": (ENTRA_ID, Becomes("barbara", roles=frozenset({"DataSteward"}))),
    "Entra's access token of version 1": (ENTRA_ACCESS, Becomes("alan")),
    "Keycloak's, by a bare name": (KEYCLOAK_ACCESS, Becomes("tony", roles=frozenset({"offline_access", "Admin"}))),
    "Keycloak's, by another claim": (
        {**KEYCLOAK_ACCESS, "preferred_username": None, "email_verified": True, "realm_access": None}, Becomes("tony"),
    ),
    "Google's": (GOOGLE_ID, Becomes("edsger", "of this address")),
    "Auth0's, with claims of one's own": (AUTH0_ACCESS, Becomes("grace", "of this address", frozenset({"DataSteward"}))),
}  # fmt: skip
REFUSED: Final = {
    "the sign of Kelvin": ({**OKTA_ID, "email": "\u212aarl@corp.example"}, "look like"),
    "letters of full width": ({**OKTA_ID, "email": "ａｄａ@corp.example"}, "look like"),
    "a letter of another script": ({**OKTA_ID, "email": "\u0430da@corp.example"}, "look like"),
    "an address that was not verified": ({**OKTA_ID, "email_verified": False}, "not verified"),
    "an address that was not verified, in words": ({**OKTA_ID, "email_verified": "false"}, "not verified"),
    "none of the claims": ({"iss": ENTRA, "sub": "ada", "email": "ada@corp.example"}, "names nobody"),
    "no text": ({**OKTA_ID, "email": ["ada@corp.example"]}, "names nobody"),
    "an empty claim before a good one": ({**OKTA_ID, "email": ""}, "names nobody"),
    "two addresses in one": ({**OKTA_ID, "email": "ada@corp.example@evil.example"}, "no address"),
    "an address without a name": ({**OKTA_ID, "email": "@corp.example"}, "no address"),
    "a blank": ({**OKTA_ID, "email": "ada@corp.example "}, "names nobody"),
    "an invisible character": ({**OKTA_ID, "email": "a\u200bda@corp.example"}, "names nobody"),
    "a bot": ({**OKTA_ID, "isBot": True}, "bot"),
    "a bot by its type": ({**OKTA_ID, "tokenType": "BOT"}, "bot"),
    "a mapping without an address": ({**AUTH0_ACCESS, "https://corp.example/email": "grace"}, "no e-mail"),
    "a mapping without a name": ({**AUTH0_ACCESS, "https://corp.example/name": None}, "names nobody"),
    "a name too long": ({"iss": EVIL, "sub": "x" * 250}, "too long"),
}
# Let in, with nothing of anybody in OpenMetadata.
NOBODY: Final = {
    "another's address of the same local part": (
        {"iss": EVIL, "email": "ada@evil.example"},
        f"ada@evil.example ({EVIL})",
    ),
    "an address of a domain of another provider": (
        {"iss": EVIL, "email": "ada@corp.example"},
        f"ada@corp.example ({EVIL})",
    ),
    "a bare name elsewhere": ({"iss": EVIL, "preferred_username": "ada"}, f"ada ({EVIL})"),
    "a sub like a name": ({"iss": EVIL, "sub": "ada"}, f"ada ({EVIL})"),
    "another realm of one server": (REALM, f"5 ({SECOND_REALM})"),
    "a guest": ({**ENTRA_ID, "preferred_username": "ada@evil.example"}, f"ada@evil.example ({ENTRA})"),
    "a sub in capitals": ({"iss": OKTA, "sub": "Ada@corp.example"}, None),
    "a bot's name": ({**OKTA_ID, "email": "ingestion-bot@corp.example"}, f"ingestion-bot@corp.example ({OKTA})"),
    "who left": ({**OKTA_ID, "email": "left@corp.example"}, f"left@corp.example ({OKTA})"),
    "a name and the address of two": ({**KEYCLOAK_ACCESS, "preferred_username": "tony@keycloak.example"}, None),
    "Google's, unknown": ({**GOOGLE_ID, "email": "ada@gmail.example"}, f"ada@gmail.example ({GOOGLE})"),
}


def authenticator() -> Authenticator:
    settings = load_settings(_env_file=None, jwt_public_key=by_hand.public_pem(), jwt_providers=PROVIDERS)
    key = FixedKey(key_of_pem(by_hand.public_pem()), allow_default=False)
    others = [
        IdentityProvider(
            key_source=key,
            rules=TokenRules(
                algorithms=("RS256",), issuers=frozenset(each.issuers), audiences=frozenset(each.audiences),
                audience_required=True,
            ),
            claim_rules=claim_rules_of(settings, each),
        )
        for each in settings.jwt_providers
    ]  # fmt: skip
    return Authenticator(providers=[IdentityProvider(key_source=key, rules=RULES), *others], clock=lambda: NOW)


def signed(claims: dict[str, Any]) -> str:
    return by_hand.sign(
        {"alg": "RS256", "kid": by_hand.KEY_ID}, {"aud": "thirdeye", "exp": by_hand.SECONDS + 60, **claims}
    )


@pytest.mark.parametrize("case", MATRIX)
async def test_the_user_that_each_must_become(case: str) -> None:
    claims, expected = MATRIX[case]
    principal = await authenticator().authenticate(signed(claims))
    assert principal.identity is not None
    name, why = user_of(principal.identity, PEOPLE)
    assert (name, called(principal.identity, PEOPLE), principal.roles) == (expected.name, expected.name, expected.roles)
    assert why.endswith(expected.why)
    checks = {each.name: each for each in await diagnose(authenticator(), signed(claims), NOW.timestamp(), PEOPLE)}
    assert all(each.passed for each in checks.values())
    assert checks["caller"].detail.startswith(f"{expected.name}, a person, roles: ")
    assert f"by {principal.identity.claim} {principal.identity.value!r}: {why}" in checks["caller"].detail


@pytest.mark.parametrize("case", REFUSED)
async def test_who_is_refused(case: str) -> None:
    claims, word = REFUSED[case]
    with pytest.raises(Unauthenticated, match=word):
        await authenticator().authenticate(signed(claims))
    checks = {each.name: each for each in await diagnose(authenticator(), signed(claims), NOW.timestamp(), PEOPLE)}
    assert (checks["signature"].passed, checks["caller"].passed, word in checks["caller"].detail) == (True, False, True)


@pytest.mark.parametrize("case", NOBODY)
async def test_who_is_nobody_of_openmetadata(case: str) -> None:
    claims, label = NOBODY[case]
    people = PEOPLE
    if "of two" in case:
        people = People(names=PEOPLE.names, emails={email_digest("tony@keycloak.example"): "ada"})
    identity = (await authenticator().authenticate(signed(claims))).identity
    assert identity is not None
    assert user_of(identity, people)[0] is None
    name = called(identity, people)
    assert name == (label or name)
    # Also where names are compared without regard to case.
    assert name.casefold() not in {*PEOPLE.names, *PEOPLE.reserved}


def test_a_user_whom_the_last_refresh_did_not_see_has_the_name_that_openmetadata_will_give() -> None:
    identity = identity_of({"iss": OKTA, "email": "New@corp.example"}, ClaimRules(domains=frozenset({"corp.example"})))
    assert (user_of(identity, PEOPLE)[0], called(identity, PEOPLE), called(identity, People())) == (None, "new", "new")


@pytest.mark.parametrize("claim", ["username", "sub"])
@pytest.mark.parametrize("name", ["\u212aarl", "ａda", "ﬁnance"])
def test_openmetadatas_own_tokens_name_no_look_alike_either(claim: str, name: str) -> None:
    with pytest.raises(Unauthenticated, match="look like"):
        principal_of({claim: name})


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"username": "Ada", "sub": "x"}, "ada"), ({"sub": "Ada@corp.example"}, "ada"), ({"sub": "rené"}, "rené"),
        ({"sub": "ГАЛЯ"}, "галя"), ({"sub": "e\u0301va"}, "e\u0301va"),
        ({"sub": "ada", "email": "b@c", "roles": "Admin"}, "ada"),
    ],
)  # fmt: skip
def test_openmetadatas_own_tokens_are_read_as_ever(claims: dict[str, Any], name: str) -> None:
    principal = principal_of(claims)
    assert (principal.name, principal.roles, principal.identity) == (name, frozenset(), None)


texts = st.text(st.sampled_from("aA@.k\u212aé\u0430 ı"), max_size=6)


@given(
    value=texts, claim=st.sampled_from(["email", "preferred_username", "sub"]), domains=st.sampled_from([(), ("a.k",)])
)
def test_nobody_becomes_a_user_but_by_just_this_name_or_address(
    value: str, claim: str, domains: tuple[str, ...]
) -> None:
    people = People(names={"a", "k"}, emails={email_digest("a@k"): "a"}, reserved={"kk"})
    try:
        identity = identity_of({"iss": "i", claim: value}, ClaimRules(domains=frozenset(domains)))
    except Unauthenticated:
        return
    user, name = user_of(identity, people)[0], called(identity, people)
    folded = value if claim == "sub" else value.lower()
    allowed = {"a@k": "a"} if not domains else {"a": "a", "k": "k", "a@a.k": "a", "k@a.k": "k"}
    assert user == allowed.get(folded)
    assert (name == user) if user else (name.casefold() not in {"a", "k", "kk"})


@pytest.mark.parametrize(
    ("given_", "word"),
    [
        ({"jwt_principal_claims": []}, "JWT_PRINCIPAL_CLAIMS"),
        ({"jwt_principal_claims_mapping": ["username:sub"]}, "JWT_PRINCIPAL_CLAIMS_MAPPING"),
        ({"jwt_principal_claims_mapping": ["username:", "email:mail"]}, "JWT_PRINCIPAL_CLAIMS_MAPPING"),
        ({"jwt_providers": [provider(OKTA, principal_domains=["ada@corp.example"])]}, "JWT_PROVIDERS"),
        (
            {"jwt_providers": [provider(each, principal_domains=["corp.example"]) for each in (OKTA, EVIL)]},
            "principal_domains of one provider only",
        ),
    ],
)
def test_settings_that_cannot_be(given_: dict[str, Any], word: str) -> None:
    with pytest.raises(SettingsInvalid, match=word):
        load_settings(_env_file=None, jwt_public_key=by_hand.public_pem(), **given_)


def test_what_a_provider_does_not_say_holds_as_for_all() -> None:
    settings = load_settings(
        _env_file=None,
        jwt_public_key=by_hand.public_pem(),
        jwt_principal_claims_mapping="username:login, email:mail",
        jwt_roles_claim="groups",
        jwt_providers=[provider(OKTA), provider(GOOGLE, principal_claims=["sub"], principal_domains=["g.example"])],
    )
    first, second = (claim_rules_of(settings, each) for each in settings.jwt_providers)
    assert (first.username_claim, first.email_claim, first.roles_claim) == ("login", "mail", "groups")
    assert (first.foreign_domains, second.foreign_domains) == ({"g.example"}, frozenset())
    assert (second.username_claim, second.principal_claims) == (None, ("sub",))
