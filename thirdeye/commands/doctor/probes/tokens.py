"""Asks where tokens come from: key sets, OpenMetadata, and what a token that was given would meet."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC
from email.utils import parsedate_to_datetime

import httpx

from thirdeye.auth import store as denylist_store
from thirdeye.auth.authenticator import Authenticator, identity_providers_of
from thirdeye.auth.diagnosis import TokenCheck, diagnose
from thirdeye.auth.keys import KeySetRedirected, fetch_key_set, without_secrets
from thirdeye.auth.revocation import RevocationCheck
from thirdeye.auth.tokens import is_default_key, key_of_jwk, key_of_pem, token_rules_of
from thirdeye.clock import Clock
from thirdeye.commands.doctor.examination import NotChecked, Probe, Result
from thirdeye.commands.doctor.facts import KeySetFacts, KeySetProblem, RevocationFacts
from thirdeye.commands.doctor.findings import Finding, finding, present
from thirdeye.commands.doctor.probes.answers import ask, reason
from thirdeye.commands.doctor.probes.databases import DatabaseProbes
from thirdeye.commands.doctor.rules.databases import judge_openmetadata_version
from thirdeye.commands.doctor.rules.tokens import judge_key_set, judge_revocation, judge_token
from thirdeye.errors import ThirdEyeError
from thirdeye.inventory.callers import Callers
from thirdeye.inventory.reader import EstateReader
from thirdeye.settings import Settings


class TokenProbes:
    """Over one HTTP client, which is closed by its owner."""

    def __init__(self, settings: Settings, clock: Clock, client: httpx.AsyncClient) -> None:
        self._settings, self._clock, self._client = settings, clock, client

    def probes(self) -> Iterator[Probe]:
        """Those that the settings ask for."""
        if self._settings.om_base_url:
            yield Probe("OpenMetadata", self.openmetadata)
        if not self._settings.jwt_enabled:
            return
        yield Probe("keys of tokens", self.keys)
        if self._settings.jwt_revocation != "off":
            yield Probe("revocation", self.revocation)

    async def openmetadata(self) -> Result:
        """Whether OM_BASE_URL is an OpenMetadata, and which."""
        address = f"{self._settings.om_base_url}/api/v1/system/version"
        answer = await ask(self._client, "GET", address)
        version = answer.body.get("version") if isinstance(answer.body, dict) else None
        version = version if isinstance(version, str) else None
        detail = answer.error or f"it answers {answer.status} and names no version"
        return f"version {version}", present(
            judge_openmetadata_version(version, f"{without_secrets(address)}: {detail}")
        )

    # ---- keys

    async def keys(self) -> Result:
        """Every source of keys that the settings name."""
        sources = [facts async for facts in self._sources()]
        seen = [f"{each.setting}: {len(each.kinds)} usable" for each in sources]
        return "; ".join(seen), [each for facts in sources for each in judge_key_set(facts)] + self._unusable()

    async def _sources(self) -> AsyncIterator[KeySetFacts]:
        settings, rules = self._settings, token_rules_of(self._settings)
        if settings.jwt_jwks_url:
            yield await self._key_set("JWT_JWKS_URL", settings.jwt_jwks_url, "JWT_ALGORITHM", rules.algorithms)
        elif settings.jwt_public_key:
            key = self._public_key()
            if key is not None:
                yield key
        for provider in settings.jwt_providers:
            names = ("jwks_url in JWT_PROVIDERS", "algorithms in JWT_PROVIDERS")
            yield await self._key_set(names[0], provider.jwks_url, names[1], provider.algorithms)

    def _unusable(self) -> list[Finding]:
        if self._settings.jwt_jwks_url or not self._settings.jwt_public_key:
            return []
        try:
            key_of_pem(self._settings.jwt_public_key)
        except ValueError as error:
            return [finding("PUBLIC_KEY_UNUSABLE", str(error))]
        return []

    def _public_key(self) -> KeySetFacts | None:
        try:
            key = key_of_pem(self._settings.jwt_public_key or "")
        except ValueError:
            return None
        return KeySetFacts(
            setting="JWT_PUBLIC_KEY",
            address="",
            algorithms_setting="JWT_ALGORITHM",
            algorithms=token_rules_of(self._settings).algorithms,
            kinds=[key.key_type],
            default_keys=int(is_default_key(key)),
        )

    async def _key_set(self, setting: str, url: str, algorithms_setting: str, algorithms: Sequence[str]) -> KeySetFacts:
        problem, detail, kinds, unusable, default_keys, offset = None, "", list[str](), list[str](), 0, None
        try:
            answer = await fetch_key_set(self._client, url)
            offset = self._offset(answer.date)
            for entry in answer.entries:
                try:
                    key = key_of_jwk(entry)[1]
                except ValueError as error:
                    unusable.append(str(error))
                    continue
                default_keys += is_default_key(key)
                kinds.append(key.key_type)
        except KeySetRedirected as error:
            problem, detail = KeySetProblem.REDIRECTS, str(error)
        except httpx.HTTPStatusError as error:
            problem, detail = KeySetProblem.INVALID, f"it answers {error.response.status_code}"
        except ValueError as error:
            problem, detail = KeySetProblem.INVALID, str(error)
        except (httpx.HTTPError, OSError, TimeoutError) as error:
            problem, detail = KeySetProblem.UNREACHABLE, reason(error)
        return KeySetFacts(
            setting=setting,
            address=without_secrets(url),
            algorithms_setting=algorithms_setting,
            algorithms=algorithms,
            problem=problem,
            detail=detail,
            kinds=kinds,
            default_keys=default_keys,
            unusable=unusable,
            clock_offset=offset,
        )

    def _offset(self, date: str | None) -> float | None:
        """How far the clock of who answered is ahead, to the second."""
        try:
            moment = parsedate_to_datetime(date or "")
        except ValueError:
            return None
        return (moment.astimezone(UTC) - self._clock()).total_seconds()

    # ---- revocation

    async def revocation(self) -> Result:
        """Whether what is asked about tokens is OpenMetadata."""
        setting = "JWT_REVOCATION_URL" if self._settings.jwt_revocation_url else "OM_BASE_URL"
        address = without_secrets(self._settings.revocation_url)
        answer = await ask(self._client, "GET", self._settings.revocation_url)
        facts = RevocationFacts(setting=setting, address=address, status=answer.status, error=answer.error)
        return f"{self._settings.jwt_revocation}, {address}", present(judge_revocation(facts))


class GivenToken:
    """A token that somebody gave: what it would meet. `accepted` is None until that is known."""

    def __init__(self, settings: Settings, clock: Clock, databases: DatabaseProbes, token: str) -> None:
        self._settings, self._clock, self._databases, self._token = settings, clock, databases, token
        self.accepted: bool | None = None

    def probes(self) -> Iterator[Probe]:
        """After those of the databases."""
        yield Probe("token", self.check)

    async def check(self) -> Result:
        """All checks of `thirdeye token check`."""
        if not self._settings.jwt_enabled:
            raise NotChecked("JWT_ENABLED=false: no token is looked at")
        checks = await self._diagnose()
        self.accepted = all(each.passed for each in checks)
        findings = list(judge_token([(each.name, each.passed, each.detail) for each in checks]))
        open_ones = [each for each in checks if each.passed is None]
        if open_ones and not findings:
            raise NotChecked(f"{open_ones[0].name}: {open_ones[0].detail}")
        return "accepted" if self.accepted else "refused", findings

    async def _diagnose(self) -> list[TokenCheck]:
        settings = self._settings
        async with self._databases.reading():
            denied = await denylist_store.denied_digests(self._databases.thirdeye)
            people = await Callers(EstateReader(self._databases.thirdeye)).people()
        _, providers = identity_providers_of(settings)
        asked = settings.jwt_revocation
        revocation = None if asked == "off" else RevocationCheck(settings.revocation_url, asked)
        authenticator = Authenticator(providers=providers, clock=self._clock, denied=denied, revocation=revocation)
        try:
            return await diagnose(authenticator, self._token, self._clock().timestamp(), people)
        except ThirdEyeError as error:
            return [TokenCheck("accepted", None, error.message)]
        finally:
            await authenticator.stop()
