"""Campaigns as answers: keys are those of the API's `Campaign`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Final, TypedDict

import orjson

from thirdeye.actions.campaigns.store import Campaign, Progress
from thirdeye.actions.views import answer_fields
from thirdeye.inventory.storage_prices import joint_basis

# Tables that nobody owns come last among equals.
_LAST: Final = ("\uffff", "")


class CampaignAnswer(TypedDict):
    """What the resolvers of its fields read of a campaign's answer."""

    id: int
    goalUsd: Decimal | None


def campaign_view(campaign: Campaign) -> dict[str, object]:
    """A campaign."""
    table_filter = None if campaign.item_filter is None else orjson.dumps(campaign.item_filter).decode()
    return {**answer_fields(campaign), "filter": table_filter}


def progress_view(progress: Progress, goal: Decimal | None) -> dict[str, object]:
    """How far a campaign is."""
    share = round(float(progress.realized_usd / goal), 4) if goal else None
    return {**answer_fields(progress), "priceBasis": joint_basis(progress.bases), "share": share}


def leaderboard_view(
    progress_by_owners: Mapping[int, Progress], owner_sets: Sequence[Sequence[Sequence[str]]]
) -> list[dict[str, object]]:
    """Owners by what was saved, the most first. What several own counts for each of them."""
    by_owner: dict[tuple[str, str] | None, Progress] = {}
    for number, progress in progress_by_owners.items():
        owners = owner_sets[number] if number < len(owner_sets) else ()
        # A user and a team of one name are two.
        for owner in {(name, kind) for _, kind, name in owners} or (None,):
            by_owner[owner] = by_owner.get(owner, Progress()) + progress
    ranks = sorted(by_owner.items(), key=lambda rank: (-rank[1].realized_usd, -rank[1].done_items, rank[0] or _LAST))
    return [
        {
            "owner": owner and owner[0], "ownerType": owner and owner[1], **answer_fields(progress),
            "priceBasis": joint_basis(progress.bases),
        }
        for owner, progress in ranks
    ]  # fmt: skip
