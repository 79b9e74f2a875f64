"""What OpenMetadata knows of the estate: reading its database, evidence of use, activity."""
