"""Statements that OpenMetadata keeps of its tables: which of them only write a table, and use nothing of it."""
