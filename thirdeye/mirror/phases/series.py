"""SERIES: tables that are parts of one whole, and those that may be copies of each other."""

import numpy as np

from thirdeye.inventory.series import SeriesNames, find_series
from thirdeye.mirror.context import RefreshContext, RefreshWork
from thirdeye.mirror.duplicates import find_candidates
from thirdeye.mirror.series import EstateSeries


async def set_series(_: RefreshContext, work: RefreshWork) -> None:
    """Sets the series of every table; gives the series and the candidates for copies."""
    state = work.state
    name, present = state.name, state.present()
    members = find_series(
        SeriesNames(
            place=state.query["place"],
            path_key=name["path_key"],
            stem_key=name["stem_key"],
            form=name["form"],
        ),
        present,
    )
    series = np.zeros(state.tables, np.int32)
    series[members.numbers] = members.series
    state.query["series"] = series
    work.series = EstateSeries.of(state, members)
    work.copy_candidates = find_candidates(name, series, present)
