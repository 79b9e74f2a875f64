"""Campaigns: groups of items with an owner, a goal and a date."""
