"""Which table is which: the same name under a new id is the same table."""
