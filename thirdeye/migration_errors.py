"""Why a schema is not brought up to date."""


class MigrationFailed(Exception):
    """A migration's statement failed; the message names the file and the server's own error."""


class RollbackRefused(MigrationFailed):
    """Rolling back would lose what nothing brings back; the message says where and how much of it there is."""


class SchemaUnfit(MigrationFailed):
    """The schema is not one that this version may work on; the message says why and what to do."""
