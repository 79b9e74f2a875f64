"""What the API says about the estate: tables, totals, changes, duplicates, services."""
