"""Reading what OpenMetadata knows into the inventory: what changed, or everything."""
