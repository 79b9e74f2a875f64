"""Reading the inventory: what the worker published, for whoever answers questions."""
