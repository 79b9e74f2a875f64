"""The executable schema: the SDL file with the resolvers of the domains bound to it. A misspelt field fails here."""

from collections.abc import Sequence
from functools import cache

from ariadne import SchemaBindable
from graphql import GraphQLSchema, assert_valid_schema, build_ast_schema, parse

from thirdeye.actions.campaigns import resolvers as campaigns
from thirdeye.actions.detection import resolvers as detection
from thirdeye.actions.resolvers import callers, changes, departed_owners, item_fields
from thirdeye.actions.resolvers import items as actions
from thirdeye.actions.savings import resolvers as savings
from thirdeye.estate.resolvers import changes as estate_changes
from thirdeye.estate.resolvers import (
    confirmations,
    cost_map,
    dead_ends,
    duplicates,
    last_days,
    lineage,
    only_upstream,
    prices,
    refreshes,
    series,
    services,
    tables,
    totals,
    uncounted_use,
)
from thirdeye.forecast import resolvers as forecast
from thirdeye.graphql.scalars import SCALARS
from thirdeye.resources import resource
from thirdeye.score import resolvers as score
from thirdeye.verdict import resolvers as verdict


@cache
def build_schema() -> GraphQLSchema:
    """Reads `schema.graphql` and binds every resolver, once: nobody changes it. Raises ValueError or TypeError when they do
    not fit.
    """
    return bind_schema(
        resource("schema.graphql").read_text(encoding="utf-8"),
        *SCALARS,
        score.query,
        tables.query,
        tables.connection,
        lineage.table,
        lineage.neighbourhood,
        last_days.table,
        services.query,
        services.service_type,
        services.database_feed,
        confirmations.query,
        confirmations.mutation,
        uncounted_use.query,
        uncounted_use.mutation,
        totals.query,
        cost_map.query,
        totals.estate,
        estate_changes.query,
        estate_changes.table_change,
        dead_ends.query,
        dead_ends.dead_end,
        dead_ends.table,
        only_upstream.table,
        only_upstream.only_upstream,
        duplicates.query,
        duplicates.duplicate_group,
        series.table_series,
        refreshes.query,
        refreshes.mutation,
        prices.query,
        prices.mutation,
        *verdict.BINDABLES,
        actions.query,
        actions.connection,
        actions.item,
        item_fields.item,
        callers.query,
        changes.mutation,
        detection.query,
        detection.mutation,
        campaigns.query,
        campaigns.mutation,
        campaigns.campaign,
        savings.query,
        forecast.query,
        forecast.mutation,
        forecast.budget_forecast,
        departed_owners.query,
    )


def bind_schema(text: str, *bindables: SchemaBindable | Sequence[SchemaBindable]) -> GraphQLSchema:
    """The schema of an SDL with these resolvers. Raises ValueError or TypeError when they do not fit.

    Ariadne's own keeps where every word stood in the text: 2 MB of a process.
    """
    schema = build_ast_schema(parse(text, no_location=True))
    for bindable in bindables:
        for each in [bindable] if isinstance(bindable, SchemaBindable) else bindable:
            each.bind_to_schema(schema)
    assert_valid_schema(schema)
    return schema
