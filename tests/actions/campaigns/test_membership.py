"""Items join a campaign only while it is open."""

from dataclasses import replace

import pytest

from tests.support.action_estate import Estate
from thirdeye.actions.campaigns import store
from thirdeye.actions.campaigns.membership import add_matching_items
from thirdeye.inventory.reader import EstateReader

pytestmark = pytest.mark.anyio
UPDATE = "mutation ($id: Int!, $closed: Boolean) { updateCampaign(id: $id, input: {}, closed: $closed) { closedAt } }"


async def test_a_campaign_that_is_closed_meanwhile_gets_no_items(estate: Estate) -> None:
    create = 'mutation { createCampaign(input: {name: "Spring"}) { id } }'
    id_ = (await estate.api.data(create))["createCampaign"]["id"]
    reader = EstateReader(estate.thirdeye)
    stored = await store.campaign(estate.thirdeye, id_)
    assert stored is not None
    campaign = replace(stored, item_filter={"verdict": ["DELETE"]})
    await estate.api.data(UPDATE, id=id_, closed=True)
    await add_matching_items(estate.thirdeye, reader, await reader.snapshot(), campaign)
    assert await estate.items(campaign=id_) == []
    await estate.api.data(UPDATE, id=id_, closed=False)
    await add_matching_items(estate.thirdeye, reader, await reader.snapshot(), campaign)
    assert len(await estate.items(campaign=id_)) == 1
