"""What settings say that cannot be meant, and what they leave open. Pure: takes the settings as plain values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from thirdeye.commands.doctor.findings import Finding, finding

# Passwords that come with examples and with OpenMetadata's own compose files.
_KNOWN: Final = frozenset({
    "password", "openmetadata_password", "openmetadata_user", "openmetadata", "thirdeye", "thirdeye_rw", "om_ro", "root",
    "admin", "changeme", "change-me", "secret", "mysql", "test", "...",
})  # fmt: skip
_MIN_PASSWORD: Final = 8
_MIN_SECRET: Final = 32
_PUBLIC_KINDS: Final = ("RS", "PS", "ES")


def judge_settings(settings: Mapping[str, Any], *, passwords: Mapping[str, str]) -> Iterator[Finding]:
    """`settings` by field; `passwords` and secrets by the name of their setting, of which only their length is told."""
    yield from _relaxations(settings)
    yield from _ignored(settings)
    yield from _contradictions(settings)
    for setting, value in passwords.items():
        yield from _weakness(setting, value)
    if settings["jwt_enabled"] and not settings["jwt_audiences"]:
        yield finding("AUDIENCES_EMPTY", "JWT_AUDIENCES=[]")


def _relaxations(settings: Mapping[str, Any]) -> Iterator[Finding]:
    if not settings["jwt_enabled"]:
        yield finding("TOKENS_NOT_CHECKED", "JWT_ENABLED=false")
    elif settings["environment"] == "development":
        yield finding("DEVELOPMENT_ENVIRONMENT", "ENVIRONMENT=development")


def _ignored(settings: Mapping[str, Any]) -> Iterator[Finding]:
    keys = [name for name in ("jwt_jwks_url", "jwt_public_key", "jwt_secret") if settings[name]]
    for name in keys[1:] if settings["jwt_enabled"] else ():
        by = keys[0].upper()
        yield finding("SETTING_IGNORED", f"{by} goes before {name.upper()}", ignored=name.upper(), by=by)
    if keys and keys[0] != "jwt_secret":
        symmetric = [name for name in settings["jwt_algorithm"] if not name.startswith(_PUBLIC_KINDS)]
        if symmetric:
            seen = f"JWT_ALGORITHM holds {', '.join(symmetric)}, which no public key verifies"
            yield finding(
                "SETTING_IGNORED", seen, ignored=f"{', '.join(symmetric)} in JWT_ALGORITHM", by=keys[0].upper()
            )


def _contradictions(settings: Mapping[str, Any]) -> Iterator[Finding]:
    def more(first: str, second: str, why: str) -> Iterator[Finding]:
        if settings[first] > settings[second]:
            yield _contradiction(settings, first, second, why)

    yield from more("max_connections_by_address", "max_connections", "one address may not have more than all together")
    yield from more("max_exports_by_caller", "max_exports", "one caller may not have more than all together")
    if settings["worker_metrics_port"] == settings["thirdeye_port"]:
        why = "the API and the worker cannot both listen there on one machine"
        yield _contradiction(settings, "worker_metrics_port", "thirdeye_port", why)
    if settings["om_mysql_user_ro"] == settings["thirdeye_mysql_user"]:
        why = "an account that may write to ThirdEye's schema and read OpenMetadata's is one too few"
        yield _contradiction(settings, "om_mysql_user_ro", "thirdeye_mysql_user", why)


def _contradiction(settings: Mapping[str, Any], first: str, second: str, why: str) -> Finding:
    seen = ", ".join(f"{name.upper()}={_text(settings[name])}" for name in (first, second))
    return finding("SETTINGS_CONTRADICT", seen, first=first.upper(), second=second.upper(), why=why)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _weakness(setting: str, value: str) -> Iterator[Finding]:
    shortest = _MIN_SECRET if setting == "JWT_SECRET" else _MIN_PASSWORD
    if not value:
        yield finding("WEAK_SECRET", f"{setting} is empty", setting=setting)
    elif value.lower() in _KNOWN:
        yield finding("WEAK_SECRET", f"{setting} is one of a well-known example", setting=setting)
    elif len(value) < shortest:
        yield finding("WEAK_SECRET", f"{setting} has {len(value)} of at least {shortest} characters", setting=setting)
