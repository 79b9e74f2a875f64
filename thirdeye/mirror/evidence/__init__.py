"""What of OpenMetadata can be read, could be read before, and what rests on it."""
