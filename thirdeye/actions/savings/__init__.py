"""Savings: what tables cost when items first named them, and what was measured since."""
