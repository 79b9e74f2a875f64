"""Reading OpenMetadata's database: what exists and may be read, and one statement for each part that is mirrored."""
