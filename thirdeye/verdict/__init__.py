"""What can go: purge score, return risk, blockers, verdict and saving of each table, and whether they hold."""
