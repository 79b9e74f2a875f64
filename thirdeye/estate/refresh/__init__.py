"""Mirroring what OM knows into the inventory: what changed, or everything."""

from thirdeye.estate.refresh.run import PHASES, EstateRefresh, RefreshRunning

__all__ = ["PHASES", "EstateRefresh", "RefreshRunning"]
