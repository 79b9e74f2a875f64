"""GraphQL: verdicts, one module a topic."""
