"""Makes all checks, each within its time: one that fails, or takes too long, stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import pymysql

from thirdeye.commands.doctor.findings import Check, Finding
from thirdeye.errors import ThirdEyeError

# What was seen, and what is wrong.
Result = tuple[str, Iterable[Finding]]


class NotChecked(Exception):
    """Why a check could not be made."""


@dataclass(frozen=True)
class Probe:
    """One check that is to be made."""

    name: str
    work: Callable[[], Awaitable[Result]]


async def check_all(chains: Iterable[Iterable[Probe]], seconds: float) -> list[Check]:
    """The checks of each chain one after the other, all chains at once; at most `seconds` for each check."""
    done = await asyncio.gather(*(_check_chain(chain, seconds) for chain in chains))
    return [check for checks in done for check in checks]


async def _check_chain(chain: Iterable[Probe], seconds: float) -> list[Check]:
    return [await _check(probe, seconds) for probe in chain]


async def _check(probe: Probe, seconds: float) -> Check:
    try:
        async with asyncio.timeout(seconds):
            seen, findings = await probe.work()
    except NotChecked as reason:
        return Check(name=probe.name, unknown=str(reason))
    except TimeoutError:
        return Check(name=probe.name, unknown=f"no answer within {seconds:g} s")
    except ThirdEyeError as error:
        return Check(name=probe.name, unknown=str(getattr(error, "detail", error.message)))
    except pymysql.err.MySQLError as error:
        return Check(name=probe.name, unknown=f"the database refused a statement: {' '.join(map(str, error.args))}")
    except Exception as error:  # whatever one check has, the others are made; the message may hold an address
        return Check(name=probe.name, unknown=type(error).__name__)
    return Check(name=probe.name, seen=seen, findings=list(findings))
