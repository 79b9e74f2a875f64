"""Labels and what attends to tables: the SQL."""
