"""The checks of one installation: which are made, and which rest on which."""

import sys
from collections.abc import Iterator
from itertools import chain

import httpx

from thirdeye import __version__
from thirdeye.clock import Clock, utc_now
from thirdeye.commands.doctor.examination import Probe, Result, check_all
from thirdeye.commands.doctor.findings import Examination
from thirdeye.commands.doctor.probes.address import AddressProbe
from thirdeye.commands.doctor.probes.databases import DatabaseProbes
from thirdeye.commands.doctor.probes.redis import RedisProbes
from thirdeye.commands.doctor.probes.stand_in import StandInProbe
from thirdeye.commands.doctor.probes.tokens import GivenToken, TokenProbes
from thirdeye.commands.doctor.probes.work import WorkProbes
from thirdeye.commands.doctor.rules.settings import judge_settings
from thirdeye.settings import Settings


async def examine(
    settings: Settings,
    *,
    url: str = "",
    token: str | None = None,
    stand_in: bool = False,
    seconds: float = 10,
    clock: Clock = utc_now,
) -> Examination:
    """Makes all checks, each within so many `seconds`; `token`: also what it meets.

    `url`: also through the public address; with `stand_in` not to ThirdEye's API, but to ourselves in its place.
    """
    async with (
        DatabaseProbes(settings, clock, seconds) as databases,
        RedisProbes(settings, clock, seconds) as redis,
        # Less than the whole check may take, so that it can say what was in the way.
        httpx.AsyncClient(timeout=0.4 * seconds, follow_redirects=False) as client,
    ):
        chains: list[Iterator[Probe]] = [_settings_probes(settings)]
        given = GivenToken(settings, clock, databases, token) if token else None
        address: AddressProbe | StandInProbe | None = None
        if url and stand_in:
            address = StandInProbe(settings, client, url, token, seconds)
        elif url:
            address = AddressProbe(client, url, token, lambda: given.accepted if given else None)
        chains.append(
            chain(
                databases.probes(),
                WorkProbes(settings, clock, databases).probes(),
                given.probes() if given else (),
                address.probes() if address else (),
            )
        )
        chains += [redis.probes(), TokenProbes(settings, clock, client).probes()]
        return Examination(await check_all(chains, seconds))


def _settings_probes(settings: Settings) -> Iterator[Probe]:
    async def judge() -> Result:
        secrets = [("OM_MYSQL_PW_RO", settings.om_mysql_pw_ro), ("THIRDEYE_MYSQL_PW", settings.thirdeye_mysql_pw)]
        secrets += [("JWT_SECRET", settings.jwt_secret)] if settings.jwt_secret else []
        passwords = {name: value.get_secret_value() for name, value in secrets}
        versions = f"ThirdEye {__version__}, Python {sys.version.split()[0]}, {settings.environment}"
        return versions, judge_settings(settings.model_dump(), passwords=passwords)

    yield Probe("settings", judge)
