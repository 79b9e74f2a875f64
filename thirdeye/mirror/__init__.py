"""Brings what OpenMetadata holds into the inventory: what changed, or everything."""
