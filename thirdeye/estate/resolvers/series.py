"""GraphQL: the series that a table is part of."""

from ariadne import ObjectType

from thirdeye.context import Info
from thirdeye.estate.loaders import table_loader
from thirdeye.estate.series import SeriesView
from thirdeye.estate.views import TableAnswer

table_series = ObjectType("TableSeries")


@table_series.field("table")
async def resolve_table(series: SeriesView, info: Info) -> TableAnswer | None:
    return await table_loader(info.context).load(series["number"])
