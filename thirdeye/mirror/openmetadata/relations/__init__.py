"""Owners, domains, lineage and other relations: the SQL."""
