"""Action items over a small estate that is published as the worker would."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx

from tests.support.api import GRAPHQL, Api, prepare_accounts, running, settings_for
from tests.support.database import copy_migrated, seed
from tests.support.mirror import nothing
from tests.support.synthetic import Synthetic, Table
from thirdeye.actions.detection.run import Detection, Outcome
from thirdeye.database import MySQL as Database
from thirdeye.database import thirdeye_database
from thirdeye.inventory.reader import EstateReader
from thirdeye.inventory.verdicts import Verdict
from thirdeye.local.servers import MariaDB, MySQL, Redis
from thirdeye.local.tokens import Signer
from thirdeye.migrations import migrate
from thirdeye.settings import Settings

_TABLES = (
    "action_items", "action_event", "action_decision", "campaign", "campaign_item", "saving_baseline", "saving_entry",
    "idempotency_key", "detection_state", "action_item_part", "table_inventory", "table_change", "estate_blob",
    "estate_state", "refresh_run", "estate_daily", "budget_forecast", "budget", "table_cost",
)  # fmt: skip
A_DAY = timedelta(days=1)
START = datetime(2026, 3, 1, 9, tzinfo=UTC)


@dataclass
class Estate:
    """Tables, the items that detection opened for them, and a whole API over both."""

    api: Api
    thirdeye: Database
    synthetic: Synthetic
    settings: Settings
    signer: Signer
    tables: dict[str, Table]
    now: datetime

    async def refresh(self) -> Outcome:
        """Publishes the tables as they are, and detects."""
        await self.synthetic.publish(list(self.tables.values()), self.now)
        detection = Detection(
            settings=self.settings,
            thirdeye=self.thirdeye,
            estate=EstateReader(self.thirdeye),
            clock=lambda: self.now,
        )
        outcome = await detection.run()
        assert outcome is not None
        # The API looks for a newer estate once a second, and immediately when it reads a newer row.
        await self.api.data('{ table(fqn: "shop.main.core.going") { fqn } }')
        return outcome

    async def ask_as(self, name: str, query: str, *, roles: tuple[str, ...] = (), **variables: Any) -> dict[str, Any]:
        """The whole answer to a caller of this name."""
        headers = {"authorization": f"Bearer {self.signer.token(sub=name, roles=list(roles))}"}
        answer = await self.api.client.post(GRAPHQL, json={"query": query, "variables": variables}, headers=headers)
        body: dict[str, Any] = answer.json()
        return body

    async def items(self, fields: str = "id title status category", **filter: Any) -> list[dict[str, Any]]:
        """Items by table and category."""
        arguments = 'first: 100, sortBy: "id", sortDir: "asc", filter: $filter'
        query = f"query ($filter: ActionItemFilterInput) {{ actionItems({arguments}) {{ edges {{ node {{ {fields} }} }} }} }}"
        return [edge["node"] for edge in (await self.api.data(query, filter=filter or None))["actionItems"]["edges"]]

    async def post(self, query: str, key: str | None = None, **variables: Any) -> httpx.Response:
        """The answer to a request, with an Idempotency-Key if one is given."""
        headers = {} if key is None else {"idempotency-key": key}
        return await self.api.client.post(GRAPHQL, json={"query": query, "variables": variables}, headers=headers)


def small_estate() -> dict[str, Table]:
    """A table for each of some verdicts; `going` costs 230 USD a month."""
    tables = [
        Table(0, "going", Verdict.DELETE, size=10**13, owners=1),
        Table(1, "cold", Verdict.ARCHIVE, size=10**13, owners=2),
        Table(2, "written", Verdict.STOP_REFRESH, size=10**12, owners=3),
        Table(3, "kept", Verdict.KEEP, size=10**12, owners=1),
        Table(4, "expensive", Verdict.REVIEW, size=10**13, queries_usd=Decimal("3.5")),
    ]
    return {table.name: table for table in tables}


@asynccontextmanager
async def made(
    server: MariaDB | MySQL, redis: Redis, signer: Signer, schema: str, **more: Any
) -> AsyncIterator[Estate]:
    """An estate in a schema of its own."""
    prepare_accounts(server, "om_empty", schema)
    settings = settings_for(
        server, redis, om_schema="om_empty", schema=schema, signer=signer, **{"rate_limit": "off", **more}
    )
    copy_migrated(server, schema, settings)
    thirdeye = thirdeye_database(settings, nothing)
    await thirdeye.start()
    try:
        await migrate(settings, thirdeye)
        for table in _TABLES:
            await thirdeye.execute(f"DELETE FROM {table}")
        seed(server, schema)
        async with running(settings, signer, clock=lambda: estate.now) as api:
            estate = Estate(api, thirdeye, Synthetic(thirdeye), settings, signer, small_estate(), START)
            yield estate
    finally:
        await thirdeye.stop()
