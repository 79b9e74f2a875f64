"""Texts of views: reading them, what they name, and the lineage that gives."""
