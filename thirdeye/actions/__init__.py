"""Action items: the work that people do about waste."""
