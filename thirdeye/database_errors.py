"""What the errors of a MySQL server are of: the server and the way to it, rights, others at work, or rows."""

from typing import Final

import pymysql

# What the server or the way to it has, as opposed to what is wrong with a statement.
AWAY = frozenset({
    1040, 1042, 1043, 1053, 1077, 1129, 1130, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1927,
    2002, 2003, 2006, 2013, 2014, 2055, 3159, 4031,
})  # fmt: skip
# A wrong user or password.
REFUSED = frozenset({1045, 1698})
SCHEMA_MISSING = frozenset({1044, 1049})
# A deadlock, a row that others held for too long, a savepoint that a deadlock took along: nothing was changed.
CONTENDED = frozenset({1205, 1213, 1305})
DUPLICATE: Final = 1062
# Somebody, or a limit, ended a statement.
_STOPPED = frozenset({1317, 1969, 3024})
# No such table or column, or none that this account may read: servers answer both alike.
NOT_READABLE = frozenset({1054, 1142, 1143, 1146})
# What may come of what stands in a row: anything but what the server or the way to it has.
ROW_ERRORS: Final = (pymysql.err.MySQLError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def is_of_rows(error: BaseException) -> bool:
    """Whether an error may come of what stands in a row, so that all others can be read."""
    if isinstance(error, pymysql.err.InterfaceError):
        return False
    if isinstance(error, pymysql.err.MySQLError):
        code = error.args[0] if error.args else None
        return code not in AWAY | REFUSED | SCHEMA_MISSING | CONTENDED | NOT_READABLE | _STOPPED
    return isinstance(error, ROW_ERRORS)
