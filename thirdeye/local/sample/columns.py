"""The columns of tables."""

from random import Random

from thirdeye.local.sample.records import ColumnRecord, TableRecord

COLUMN_TYPES = ("BIGINT", "VARCHAR", "TIMESTAMP", "DECIMAL", "BOOLEAN", "DATE", "JSON", "DOUBLE")
COLUMN_NAMES = ("created_at", "amount", "status", "region", "email", "user.name", "payload", "is_active", "größe")
PERSONAL_COLUMNS = frozenset({"email", "user.name"})


def columns_of_copy(original: TableRecord, copy_number: int) -> tuple[ColumnRecord, ...]:
    """The same, but for every third copy, which has lost one."""
    return original.columns[:-1] if copy_number % 3 == 2 else original.columns


def columns_of(random: Random, index: int) -> tuple[ColumnRecord, ...]:
    """Columns drawn at random: an id, and three to eight others, of which some hold personal data."""
    names = ["id", *random.sample(COLUMN_NAMES, random.randint(3, 8))]
    if index % 97 == 31:
        names.append("wide column " + "y" * 200)
    return tuple(
        ColumnRecord(
            name=name,
            data_type="BIGINT" if name == "id" else random.choice(COLUMN_TYPES),
            description=f"The {name} as the source had it." if random.random() < 0.4 else None,
            personal=name in PERSONAL_COLUMNS and random.random() < 0.5,
        )
        for name in names
    )
