"""GraphQL as a protocol: the schema, HTTP, limits, persisted operations, errors."""
