"""Asks ThirdEye's schema what refreshes did, what feeds are worth, and who was refused."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from thirdeye.clock import Clock
from thirdeye.commands.doctor import store
from thirdeye.commands.doctor.examination import NotChecked, Probe, Result
from thirdeye.commands.doctor.facts import FeedFacts, WorkFacts
from thirdeye.commands.doctor.probes.databases import DatabaseProbes
from thirdeye.commands.doctor.rules.tokens import judge_refusals
from thirdeye.commands.doctor.rules.work import judge_feeds, judge_refreshes
from thirdeye.estate.feeds import feed_advice
from thirdeye.inventory.fqn import join_fqn
from thirdeye.inventory.reader import EstateReader, NotReadYet
from thirdeye.locks import is_locked
from thirdeye.settings import Settings

_REFUSAL_HOURS: Final = 24


class WorkProbes:
    """Over the connection of the database's probes."""

    def __init__(self, settings: Settings, clock: Clock, databases: DatabaseProbes) -> None:
        self._settings, self._clock, self._databases = settings, clock, databases

    def probes(self) -> Iterator[Probe]:
        """In any order, after those of the databases."""
        yield Probe("refreshes", self.refreshes)
        yield Probe("feeds", self.feeds)
        yield Probe("refusals", self.refusals)

    async def refreshes(self) -> Result:
        """When the estate was read, and how that ended."""
        async with self._databases.reading() as session:
            rows = await store.refreshes(session)
            running = await is_locked(session, self._databases.thirdeye.lock_name("refresh"))
        last, refreshed_at = rows["last"], rows["refreshed_at"]
        facts = WorkFacts(
            now=self._clock(),
            interval_minutes=self._settings.refresh_minutes,
            refreshed_at=refreshed_at,
            last_phase=last["phase"] if last else None,
            last_error=last["error"] if last else None,
            last_minutes=(last["finished_at"] - last["started_at"]).total_seconds() / 60 if last else None,
            warnings=rows["warnings"],
            left=rows["open"] > 0 and not running,
        )
        return f"last {refreshed_at:%Y-%m-%d %H:%M} UTC" if refreshed_at else "none yet", judge_refreshes(facts)

    async def feeds(self) -> Result:
        """What the usage of each database is worth as evidence."""
        async with self._databases.reading():
            pass  # The connection that is asked next cannot write.
        try:
            snapshot = await EstateReader(self._databases.thirdeye).snapshot()
        except NotReadYet as error:
            raise NotChecked("the estate has not been read yet") from error
        feeds = [
            FeedFacts(
                name=join_fqn(part for part in (service["name"], feed["name"]) if part),
                coverage=feed["coverage"],
                advice=dict(zip(feed["problems"], feed_advice(feed, service), strict=True)),
            )
            for service in snapshot.directory["services"]
            for feed in service["databases"]
            if feed["tables"]
        ]
        seen = ", ".join(f"{feed.name} {feed.coverage:.0%}" for feed in feeds[:20])
        return f"days of the last 90 that were watched: {seen or 'there is no database'}", judge_feeds(feeds)

    async def refusals(self) -> Result:
        """Whom the API refused for what its settings say, and how many tokens are denied."""
        async with self._databases.reading() as session:
            reasons = await store.refusals(session, self._clock() - timedelta(hours=_REFUSAL_HOURS))
            denied = await store.denied_tokens(session)
        refused = sum(reasons.values())
        return f"{refused:,} requests in 24 hours; {denied:,} tokens denied", judge_refusals(reasons)
