"""How long questions about the estate take."""
