"""GraphQL: action items, one module a topic."""
