"""The published estate in memory, and the rules of evidence and use that its columns obey."""
