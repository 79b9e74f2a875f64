"""The executable schema: the SDL file with the resolvers of the domains bound to it. A misspelt field fails here."""

from ariadne import load_schema_from_path, make_executable_schema
from graphql import GraphQLSchema

from thirdeye.actions import resolvers as actions
from thirdeye.graphql.scalars import SCALARS
from thirdeye.resources import resource
from thirdeye.score import resolvers as score


def build_schema() -> GraphQLSchema:
    """Reads `schema.graphql` and binds every resolver. Raises ValueError or TypeError when they do not fit."""
    return make_executable_schema(
        load_schema_from_path(str(resource("schema.graphql"))),
        *SCALARS,
        score.query,
        actions.query,
        actions.mutation,
        actions.connection,
    )
