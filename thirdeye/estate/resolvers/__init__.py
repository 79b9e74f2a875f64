"""GraphQL: the estate, one module a topic."""
