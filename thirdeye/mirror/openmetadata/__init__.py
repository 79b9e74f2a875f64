"""OpenMetadata's database: the tables and columns that are read, and the SQL that reads them."""
