"""Rows of the database in fewer steps than aiomysql takes: what has arrived is read in one loop.

aiomysql waits twice for each row, makes an object of it and calls twice for each of its values. Here only what has not arrived
as a whole, is long, or is no row, is left to it.
"""

from typing import Any, Final

from aiomysql.connection import Connection, MySQLResult
from pymysql.constants import COMMAND

_HEADER: Final = 4
# A packet that goes on in the next one.
_FULL: Final = 0xFFFFFF
# What a packet begins with that may be no row: its end, an error, or a first value of more than 16 MB.
_NO_ROW: Final = frozenset({0xFE, 0xFF})
# Both read bytes as they read text.
_NUMBERS: Final = (int, float)


async def query(connection: Connection, sql: str) -> None:
    """As `Connection.query` of aiomysql."""
    await connection._execute_command(COMMAND.COM_QUERY, sql.encode(connection.encoding, "surrogateescape"))
    connection._result = None
    result = _Result(connection)
    await result.read()
    connection._result = result
    connection._affected_rows = result.affected_rows
    if result.server_status is not None:
        connection.server_status = result.server_status


class _Result(MySQLResult):  # type: ignore[misc]
    async def _read_rowdata_packet(self) -> None:
        connection: Any = self.connection
        columns = [(None if convert in _NUMBERS else encoding, convert) for encoding, convert in self.converters]
        rows: list[tuple[Any, ...]] = []
        while True:
            _read_arrived(connection, columns, rows)
            packet = await connection._read_packet()
            if self._check_packet_is_eof(packet):
                self.connection: Any = None
                break
            rows.append(self._read_row_from_packet(packet))
        self.affected_rows = len(rows)
        self.rows = tuple(rows)


def _read_arrived(connection: Connection, columns: list[tuple[str | None, Any]], rows: list[tuple[Any, ...]]) -> None:
    """Takes all whole rows from the connection's buffer, in the order of their numbers."""
    reader = connection._reader
    data, number = bytes(reader._buffer), connection._next_seq_id
    begin, size = 0, len(data)
    while begin + _HEADER < size:
        length = int.from_bytes(data[begin : begin + 3], "little")
        end = begin + _HEADER + length
        if end > size or not 0 < length < _FULL or data[begin + 3] != number or data[begin + _HEADER] in _NO_ROW:
            break
        rows.append(_row(data, begin + _HEADER, columns))
        begin, number = end, (number + 1) % 256
    if begin:
        del reader._buffer[:begin]
        reader._maybe_resume_transport()
        connection._next_seq_id = number


def _row(data: bytes, at: int, columns: list[tuple[str | None, Any]]) -> tuple[Any, ...]:
    values: list[Any] = []
    for encoding, convert in columns:
        length = data[at]
        at += 1
        # Beyond it is told how many bytes hold the length.
        if length > 250:
            if length == 251:
                values.append(None)
                continue
            width = {252: 2, 253: 3, 254: 8}[length]
            length = int.from_bytes(data[at : at + width], "little")
            at += width
        value: Any = data[at : at + length]
        at += length
        if encoding is not None:
            value = value.decode(encoding)
        values.append(value if convert is None else convert(value))
    return tuple(values)
