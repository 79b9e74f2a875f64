"""The estate day by day, where its cost goes, and budgets for it."""
