"""The executable schema: the SDL file with the resolvers of the domains bound to it. A misspelt field fails here."""

from ariadne import load_schema_from_path, make_executable_schema
from graphql import GraphQLSchema

from thirdeye.actions import resolvers as actions
from thirdeye.actions import resolvers_changes as changes
from thirdeye.actions.campaigns import resolvers as campaigns
from thirdeye.actions.detection import resolvers as detection
from thirdeye.actions.savings import resolvers as savings
from thirdeye.estate import resolvers as estate
from thirdeye.estate import resolvers_administration as administration
from thirdeye.estate import resolvers_lineage as lineage
from thirdeye.estate import resolvers_overview as overview
from thirdeye.graphql.scalars import SCALARS
from thirdeye.resources import resource
from thirdeye.score import resolvers as score
from thirdeye.verdict import resolvers as verdict
from thirdeye.verdict import resolvers_policy as policy


def build_schema() -> GraphQLSchema:
    """Reads `schema.graphql` and binds every resolver. Raises ValueError or TypeError when they do not fit."""
    return make_executable_schema(
        load_schema_from_path(str(resource("schema.graphql"))),
        *SCALARS,
        score.query,
        estate.query,
        estate.connection,
        lineage.table,
        overview.query,
        overview.estate,
        overview.duplicate_group,
        overview.table_change,
        administration.query,
        administration.mutation,
        verdict.query,
        verdict.table,
        verdict.blocker,
        verdict.lists,
        verdict.record,
        policy.query,
        policy.mutation,
        actions.query,
        actions.connection,
        actions.item,
        changes.mutation,
        detection.query,
        detection.mutation,
        campaigns.query,
        campaigns.mutation,
        campaigns.campaign,
        savings.query,
    )
