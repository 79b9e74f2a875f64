"""Tables: the SQL."""
