"""Campaigns as answers: keys are those of the API's `Campaign`."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson


def campaign_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """A campaign."""
    document = row["item_filter"]
    return {
        "id": row["id"],
        "name": row["name"],
        "owner": row["owner"],
        "goalUsd": row["goal_usd"],
        "dueDate": row["due_date"],
        "filter": None if document is None else orjson.dumps(document).decode(),
        "version": row["version"],
        "createdBy": row["created_by"],
        "createdAt": row["created_at"],
        "closedAt": row["closed_at"],
    }


def progress_view(row: Mapping[str, Any] | None, goal: Decimal | None) -> dict[str, Any]:
    """How far a campaign is; `row` is None for one without items."""
    row = row or {}
    realized = row.get("realized_usd", Decimal(0))
    return {
        "items": row.get("items", 0),
        "doneItems": int(row.get("done_items", 0)),
        "droppedItems": int(row.get("dropped_items", 0)),
        "projectedUsd": row.get("projected_usd", Decimal(0)),
        "realizedUsd": realized,
        "share": round(float(realized / goal), 4) if goal else None,
    }


def ranks_view(rows: Iterable[Mapping[str, Any]], owner_sets: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Who saved most. What several own counts for each of them."""
    ranks: dict[str | None, dict[str, Any]] = {}
    for row in rows:
        number = int(row["owner_set"])
        owners = owner_sets[number] if number < len(owner_sets) else ()
        for name in sorted({owner[2] for owner in owners}) or [None]:
            rank = ranks.setdefault(
                name, {"owner": name, "items": 0, "doneItems": 0, "projectedUsd": Decimal(0), "realizedUsd": Decimal(0)}
            )
            rank["items"] += int(row["items"])
            rank["doneItems"] += int(row["done_items"])
            rank["projectedUsd"] += row["projected_usd"]
            rank["realizedUsd"] += row["realized_usd"]
    return sorted(
        ranks.values(), key=lambda rank: (-rank["realizedUsd"], -rank["doneItems"], rank["owner"] or "\uffff")
    )
