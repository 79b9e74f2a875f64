"""What one request reads about items, batched: events, campaigns, measured savings."""

from aiodataloader import DataLoader

from thirdeye.actions import store
from thirdeye.actions.campaigns import store as campaigns
from thirdeye.actions.campaigns.store import Campaign, Progress
from thirdeye.actions.items import EventKind, StoredEvent
from thirdeye.actions.savings import store as savings
from thirdeye.actions.savings.store import MeasuredParts, MeasuredSaving
from thirdeye.context import Context
from thirdeye.verdict.loaders import request_loader


def event_loader(
    context: Context, kind: EventKind | None, before: int, limit: int
) -> DataLoader[int, list[StoredEvent] | None]:
    """The request's loader of events by item."""
    return request_loader(
        context,
        f"events {kind} {before} {limit}",
        lambda items: store.events(context.thirdeye, items, kind=kind, before=before, limit=limit),
    )


def campaign_loader(context: Context) -> DataLoader[int, list[Campaign] | None]:
    """The request's loader of the campaigns of an item."""
    return request_loader(context, "campaigns", lambda items: campaigns.campaigns_by_item(context.thirdeye, items))


def progress_loader(context: Context) -> DataLoader[int, Progress | None]:
    """The request's loader of the progress of a campaign."""
    return request_loader(context, "progress", lambda ids: campaigns.progress(context.thirdeye, ids))


def measured_loader(context: Context) -> DataLoader[int, MeasuredSaving | None]:
    """The request's loader of what was measured of a table."""
    return request_loader(context, "measured", lambda numbers: savings.measured(context.thirdeye, numbers))


def price_basis_loader(context: Context) -> DataLoader[int, str | None]:
    """The request's loader of whose price a table had when an item first named it."""
    return request_loader(context, "price bases", lambda numbers: savings.price_bases(context.thirdeye, numbers))


def measured_parts_loader(context: Context) -> DataLoader[int, MeasuredParts | None]:
    """The request's loader of what was measured of the old parts that an item names."""
    return request_loader(context, "measured parts", lambda items: savings.measured_parts(context.thirdeye, items))


def owner_set_loader(context: Context) -> DataLoader[int, int | None]:
    """The request's loader of the set of owners of a table."""
    return request_loader(context, "owner sets", lambda numbers: store.owner_sets_of(context.thirdeye, numbers))
