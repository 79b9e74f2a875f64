"""How long a refresh takes, against reading the same from OM with the plain client."""
