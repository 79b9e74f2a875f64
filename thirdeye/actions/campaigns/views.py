"""Campaigns as answers: keys are those of the API's `Campaign`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypedDict

import orjson

from thirdeye.actions.campaigns.store import Campaign, Progress


class CampaignAnswer(TypedDict):
    """What the resolvers of its fields read of a campaign's answer."""

    id: int
    goalUsd: Decimal | None


def campaign_view(campaign: Campaign) -> dict[str, object]:
    """A campaign."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "owner": campaign.owner,
        "goalUsd": campaign.goal_usd,
        "dueDate": campaign.due_date,
        "filter": None if campaign.item_filter is None else orjson.dumps(campaign.item_filter).decode(),
        "version": campaign.version,
        "createdBy": campaign.created_by,
        "createdAt": campaign.created_at,
        "closedAt": campaign.closed_at,
    }


def progress_view(progress: Progress, goal: Decimal | None) -> dict[str, object]:
    """How far a campaign is."""
    return {
        "items": progress.items,
        "doneItems": progress.done_items,
        "droppedItems": progress.dropped_items,
        "projectedUsd": progress.projected_usd,
        "realizedUsd": progress.realized_usd,
        "share": round(float(progress.realized_usd / goal), 4) if goal else None,
    }


def leaderboard_view(
    progress_by_owners: Mapping[int, Progress], owner_sets: Sequence[Sequence[Sequence[str]]]
) -> list[dict[str, object]]:
    """Owners by what was saved, the most first. What several own counts for each of them."""
    by_owner: dict[str | None, Progress] = {}
    for number, progress in progress_by_owners.items():
        owners = owner_sets[number] if number < len(owner_sets) else ()
        for name in {owner[2] for owner in owners} or (None,):
            by_owner[name] = by_owner.get(name, Progress()) + progress
    # Tables that nobody owns come last among equals.
    ranks = sorted(by_owner.items(), key=lambda rank: (-rank[1].realized_usd, -rank[1].done_items, rank[0] or "\uffff"))
    return [
        {
            "owner": name,
            "items": progress.items,
            "doneItems": progress.done_items,
            "projectedUsd": progress.projected_usd,
            "realizedUsd": progress.realized_usd,
        }
        for name, progress in ranks
    ]
