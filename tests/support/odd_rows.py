"""Rows of OM's tables with one odd part each: every type, extreme and length in every column and JSON path that is read.

Each row is about a table of its own, the *subject*, idle for years; what the row says, read plainly, keeps the subject.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import pymysql
from hypothesis import strategies as st

from tests.support.om_estate import has_a_past
from tests.support.om_rows import OMRows, hash_of, identifier_of
from thirdeye.mirror.moments import read_moment

PLACE: Final = "shop.main.core"
BUSY: Final = f"{PLACE}.busy"
PROTECTED: Final = "Legal.Hold"
MISSING: Final = "missing"
# JSON texts; MISSING leaves the key out.
VALUES: Final[tuple[str, ...]] = (
    MISSING, "null", "true", "false", "0", "-1", "1.5", "2147483648", "9223372036854775808", "18446744073709551616", "1e26",
    "1e308", "-1e308", "1e400", '"1e400"', '"1e26"', '""', '" "', json.dumps("x" * 250), json.dumps("x" * 300),
    json.dumps("x" * 70_000), '"1\\n2"', '"1,2,3,4,5"', '"\\u0000"', '"a\\u0000b"', '"\\ud800"', '"x\\udc00\\ud800"',
    json.dumps("🧟", ensure_ascii=False), json.dumps("🧟" * 300, ensure_ascii=False), json.dumps("\u202e\u2028é"),
    '"Ångström\\u212a"', "[]", "{}", "[null]", "[[[]]]", '{"a":{"timestamp":1}}', "[" * 20 + "]" * 20, "[" * 90 + "]" * 90,
    '"2026-01-31T00:00:00Z"', '"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"0000-00-00"', '"NaN"',
    '"-Infinity"', '"null"', '"1_0"', '"0x1F"', '"\\\\"', '"\'"', '"%s %(x)s {y} :z"', '"."', '"a.b"', '"\\"a.b\\".c"',
    '"TABLE"',
    '"table "', json.dumps("\t\r"), json.dumps("9" * 400), json.dumps("9" * 5_000), "9" * 400, "-0.0", '"-0"', '"٣"',
    '"00000000-0000-0000-0000-000000000000"', '"0 0 0 0 0 0-0000-0000-0000-0000000000"',
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """A row: its columns that are not generated, and its document, if it has one."""

    table: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    document: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Part:
    """What is odd in the rows of a table: a column, or a JSON path; and what rows there are for a subject.

    `silent`: whether a value says plainly that there is nothing. `harmless`: whatever it is, it keeps nothing.
    """

    name: str
    path: str
    rows: Callable[[OMRows, str], list[Row]]
    silent: Callable[[str], bool] = lambda _: False
    harmless: bool = False
    column: bool = False


def plain(value: str) -> Any:
    """A JSON text as the value of a column; what is no JSON to Python is a text."""
    if value == MISSING:
        return None
    found = json.loads(value)
    return value if isinstance(found, list | dict) else found


def with_value(document: Mapping[str, Any], path: str, value: str) -> str:
    """The JSON text of a document with this text in a path."""
    mark = "@@here@@"
    copy = json.loads(json.dumps(document))
    *parents, last = path.split(".")
    at = copy
    for parent in parents:
        at = at[int(parent)] if isinstance(at, list) else at.setdefault(parent, {})
    if isinstance(at, list):
        at[int(last)] = mark
    elif value == MISSING:
        at.pop(last, None)
    else:
        at[last] = mark
    return json.dumps(copy).replace(json.dumps(mark), value)


class OddWorld:
    """Writes odd rows, as far as the server lets them in, which is as far as OM could have them."""

    def __init__(self, om: OMRows) -> None:
        self.om = om
        with om.connection.cursor() as cursor:
            cursor.execute("SET sql_mode = '', foreign_key_checks = 0, unique_checks = 0")
            if not om.is_mysql():
                cursor.execute("SET check_constraint_checks = 0")

    def put(self, row: Row, document: str | None = None) -> bool:
        """Whether the server took the row."""
        columns = dict(row.columns)
        if document is not None or row.document is not None:
            columns["json"] = document if document is not None else json.dumps(row.document)
        marks = ", ".join(["%s"] * len(columns))
        names = ", ".join(f"`{name}`" for name in columns)
        try:
            with self.om.connection.cursor() as cursor:
                cursor.execute(f"REPLACE INTO `{row.table}` ({names}) VALUES ({marks})", tuple(columns.values()))
        except (pymysql.err.MySQLError, UnicodeEncodeError):
            return False
        return True

    def add(self, part: Part, value: str, subject: str) -> bool:
        """Adds the rows of a subject, the first of them with the value; whether the server took it."""
        first, *rest = part.rows(self.om, subject)
        if part.column:
            try:
                odd = {**first.columns, part.path: plain(value)}
            except ValueError:
                return False
            if value == MISSING:
                odd.pop(part.path)
            taken = self.put(Row(first.table, odd, first.document))
        else:
            assert first.document is not None
            taken = self.put(first, with_value(first.document, part.path, value))
        for row in rest:
            self.put(row)
        return taken


# ---- the rows of a subject, which say that it is to stay


def _table(om: OMRows, fqn: str, **more: Any) -> Row:
    document = {**om._table_document(fqn), **more}
    return Row("table_entity", {"fqnHash": hash_of(fqn)}, document)


def _accessed(om: OMRows, fqn: str) -> list[Row]:
    more = om.life_cycle(accessed=1, updated=1, created=700)
    more |= {
        "createdAt": om.milliseconds(700),
        "displayName": "shown",
        "description": "words",
        "retentionPeriod": "P1D",
    }
    return [_table(om, fqn, **more)]


def _view(om: OMRows, fqn: str) -> list[Row]:
    return [_table(om, fqn, schemaDefinition=f"SELECT * FROM {BUSY}", tableType="View")]


def _relation(from_: str, to: str, kinds: tuple[str, str], relation: int) -> Row:
    return Row(
        "entity_relationship",
        {
            "fromId": identifier_of(from_), "toId": identifier_of(to), "fromEntity": kinds[0], "toEntity": kinds[1],
            "relation": relation, "deleted": 0,
        },
    )  # fmt: skip


def _usage(om: OMRows, fqn: str) -> list[Row]:
    columns = {"id": identifier_of(fqn), "entityType": "table", "usageDate": om.day(1), "count1": 5}
    return [Row("entity_usage", columns), _table(om, fqn)]


def _entity(om: OMRows, table: str, name: str, hashed: str = "fqnHash", **more: Any) -> Row:
    document = {"id": identifier_of(name), "name": name, "fullyQualifiedName": name, "deleted": False}
    document |= {"updatedAt": om.milliseconds(800), "updatedBy": "admin", **more}
    return Row(table, {hashed: hash_of(name)}, document)


def _lineage(om: OMRows, fqn: str) -> list[Row]:
    return [_relation(fqn, BUSY, ("table", "table"), 13), _table(om, fqn)]


def _lineage_to(om: OMRows, fqn: str) -> list[Row]:
    down = f"{fqn}_down"
    return [_relation(fqn, down, ("table", "dashboard"), 13), _entity(om, "dashboard_entity", down), _table(om, fqn)]


def _dashboard(om: OMRows, fqn: str) -> list[Row]:
    first, second, third = _lineage_to(om, fqn)
    return [second, first, third]


def _tag(om: OMRows, fqn: str) -> list[Row]:
    columns = {"source": 0, "tagFQN": PROTECTED, "labelType": 0, "state": 1, "tagFQNHash": hash_of(fqn)}
    return [Row("tag_usage", {**columns, "targetFQNHash": hash_of(fqn)}), _table(om, fqn)]


def _profile(om: OMRows, fqn: str, extension: str, **more: Any) -> list[Row]:
    columns = {"entityFQNHash": hash_of(fqn), "extension": extension, "jsonSchema": "x"}
    document = {"timestamp": om.milliseconds(1), **more}
    return [Row("profiler_data_time_series", columns, document), _table(om, fqn)]


def _written(om: OMRows, fqn: str) -> list[Row]:
    return _profile(om, fqn, "table.systemProfile", operation="INSERT")


def _written_anew(om: OMRows, fqn: str) -> list[Row]:
    return _profile(om, fqn, "table.systemProfile", profileData={"operation": "INSERT"})


def _sized(om: OMRows, fqn: str) -> list[Row]:
    return _profile(om, fqn, "table.tableProfile", sizeInByte=10**9, rowCount=5)


def _sized_anew(om: OMRows, fqn: str) -> list[Row]:
    return _profile(om, fqn, "table.tableProfile", profileData={"sizeInByte": 10**9, "rowCount": 5})


def _cost(om: OMRows, fqn: str) -> list[Row]:
    query = f"{fqn}_query"
    columns = {"jsonSchema": "queryCostRecord", "entityFQNHash": hash_of(query)}
    document = {"id": identifier_of(f"{query} cost"), "timestamp": om.milliseconds(1), "cost": 0.5, "count": 1}
    return [
        Row("query_cost_time_series", columns, document), _query(om, query),
        _relation(fqn, query, ("table", "query"), 5), _table(om, fqn),
    ]  # fmt: skip


def _query(om: OMRows, query: str) -> Row:
    return _entity(om, "query_entity", query, query="SELECT 1", checksum=hash_of(query).replace(".", "")[-32:])


def _queries(om: OMRows, fqn: str) -> list[Row]:
    cost, query, mention, table = _cost(om, fqn)
    return [query, cost, mention, table]


def _mention(om: OMRows, fqn: str) -> list[Row]:
    cost, query, mention, table = _cost(om, fqn)
    return [mention, cost, query, table]


def _in_product(om: OMRows, fqn: str) -> list[Row]:
    product = f"{fqn}_product"
    return [
        _relation(product, fqn, ("dataProduct", "table"), 10), _entity(om, "data_product_entity", product),
        _table(om, fqn),
    ]  # fmt: skip


def _product(om: OMRows, fqn: str) -> list[Row]:
    relation, product, table = _in_product(om, fqn)
    return [product, relation, table]


def _contract(om: OMRows, fqn: str) -> list[Row]:
    contract = f"{fqn}_contract"
    return [
        _entity(om, "data_contract_entity", contract), _relation(fqn, contract, ("table", "dataContract"), 10),
        _table(om, fqn),
    ]  # fmt: skip


def _owned(om: OMRows, fqn: str) -> list[Row]:
    owner = f"user:{fqn}"
    return [_relation(owner, fqn, ("user", "table"), 8), _person(om, "user_entity", owner), _table(om, fqn)]


def _person(om: OMRows, table: str, name: str) -> Row:
    more: dict[str, Any] = {"email": f"{identifier_of(name)}@example.org", "isBot": False}
    return _entity(om, table, name, "nameHash", **(more if table == "user_entity" else {"teamType": "Group"}))


def _user(om: OMRows, fqn: str) -> list[Row]:
    relation, user, table = _owned(om, fqn)
    return [user, relation, table]


def _team(om: OMRows, fqn: str) -> list[Row]:
    team = f"team:{fqn}"
    return [_person(om, "team_entity", team), _relation(team, fqn, ("team", "table"), 8), _table(om, fqn)]


def _member(om: OMRows, fqn: str) -> list[Row]:
    return [_relation(f"team:{fqn}", f"user:{fqn}", ("team", "user"), 10), *_user(om, fqn), *_team(om, fqn)]


def _domain(om: OMRows, fqn: str) -> list[Row]:
    domain = f"domain:{fqn}"
    return [_entity(om, "domain_entity", domain), _relation(domain, fqn, ("domain", "table"), 10), _table(om, fqn)]


def _followed(om: OMRows, fqn: str) -> list[Row]:
    return [_relation(f"user:{fqn}", fqn, ("user", "table"), 11), _table(om, fqn)]


def _schema(om: OMRows, fqn: str) -> list[Row]:
    # Of a service of its own, for an odd schema may be that of many.
    place = f"odd.main.{fqn.rsplit('.', 1)[-1]}"
    return [_entity(om, "database_schema_entity", place, retentionPeriod="P1D"), _table(om, f"{place}.t")]


def _database(om: OMRows, fqn: str) -> list[Row]:
    place = f"odd.{fqn.rsplit('.', 1)[-1]}"
    return [_entity(om, "database_entity", place, retentionPeriod="P1D"), _table(om, f"{place}.main.t")]


def _service(om: OMRows, fqn: str) -> list[Row]:
    name = f"odd_{fqn.rsplit('.', 1)[-1]}"
    return [
        _entity(om, "dbservice_entity", name, "nameHash", serviceType="Snowflake"),
        _table(om, f"{name}.main.core.t"),
    ]


def _pipeline(om: OMRows, fqn: str) -> list[Row]:
    name = f"shop.{fqn.rsplit('.', 1)[-1]}"
    return [_entity(om, "ingestion_pipeline_entity", name, pipelineType="usage"), _table(om, fqn)]


def _run(om: OMRows, fqn: str) -> list[Row]:
    name = f"shop.{fqn.rsplit('.', 1)[-1]}"
    columns = {"entityFQNHash": hash_of(name), "extension": "ingestionPipeline.pipelineStatus", "jsonSchema": "x"}
    document = {"timestamp": om.milliseconds(1), "pipelineState": "success", "status": [{"name": "x", "records": 2}]}
    return [Row("entity_extension_time_series", columns, document), *_pipeline(om, fqn)]


def _is_nothing(value: str) -> bool:
    return value == MISSING or value == "null"


def _says_no_access(value: str) -> bool:
    """Whether there is no time of an access in this, or one of long ago."""
    if _is_nothing(value):
        return True
    try:
        found = json.loads(value)
    except ValueError:
        return False
    if isinstance(found, dict):
        return _is_nothing(json.dumps(found.get("accessed"))) and _is_nothing(json.dumps(found.get("timestamp")))
    return read_moment(found).day > 0


def _counts_nothing(value: str) -> bool:
    """Whether a column of whole numbers makes 0 of this: of what is no number it does."""
    try:
        found = plain(value)
    except ValueError:
        return True
    return isinstance(found, str) or (found is not None and abs(found) < 1)


def _parts(name: str, rows: Callable[[OMRows, str], list[Row]], *paths: str, **more: Any) -> Iterator[Part]:
    for path in paths:
        column = path.startswith(":")
        yield Part(f"{name}:{path.lstrip(':')}", path.lstrip(":"), rows, column=column, **more)


PARTS: Final[tuple[Part, ...]] = (
    *_parts(
        "table", _accessed, "id", "name", "fullyQualifiedName", "tableType", "displayName", "lifeCycle.created",
        "lifeCycle.created.timestamp", "lifeCycle.updated", "lifeCycle.updated.timestamp", "createdAt", "version",
        "description", "retentionPeriod", "updatedBy", "updatedAt", "deleted", "columns", "columns.0", "columns.0.name",
        ":fqnHash", harmless=True,
    ),
    *_parts("table", _accessed, "lifeCycle", "lifeCycle.accessed", "lifeCycle.accessed.timestamp", silent=_says_no_access),
    *_parts("view", _view, "tableType", "schemaDefinition", "fullyQualifiedName", harmless=True),
    *_parts("usage", _usage, ":id", ":usageDate", harmless=True),
    *_parts("usage", _usage, ":entityType"),
    *_parts("usage", _usage, ":count1", silent=_counts_nothing),
    *_parts("lineage", _lineage, ":fromId", ":relation", ":deleted", harmless=True),
    *_parts("lineage", _lineage, ":toId", ":fromEntity", ":toEntity"),
    *_parts("lineage", _lineage_to, ":toId", ":toEntity"),
    *_parts("dashboard", _dashboard, "id", "name", "fullyQualifiedName", ":fqnHash"),
    *_parts("tag", _tag, ":source"),
    *_parts("tag", _tag, ":tagFQN", ":state", ":targetFQNHash", harmless=True),
    *_parts("profile", _written, ":entityFQNHash", ":extension", "operation", harmless=True),
    *_parts("profile", _written, "timestamp"),
    *_parts("profile", _written_anew, "profileData", "profileData.operation", "timestamp", harmless=True),
    *_parts("profile", _sized, "sizeInByte", "rowCount", "profileData", "timestamp", harmless=True),
    *_parts("profile", _sized_anew, "profileData", "profileData.sizeInByte", "profileData.rowCount", harmless=True),
    *_parts("cost", _cost, "cost"),
    *_parts("cost", _cost, "id", "timestamp", "count", ":entityFQNHash", harmless=True),
    *_parts("query", _queries, "id", "name", ":fqnHash", harmless=True),
    *_parts("mention", _mention, ":fromId", ":toId", ":fromEntity", ":toEntity", ":relation", ":deleted", harmless=True),
    *_parts("in product", _in_product, ":fromId", ":toId", ":fromEntity", ":toEntity", ":relation", ":deleted", harmless=True),
    *_parts("product", _product, "id", "name", "deleted", ":fqnHash"),
    *_parts("contract", _contract, "id", "name", "fullyQualifiedName", ":fqnHash"),
    *_parts("contract", _contract, "deleted", harmless=True),
    *_parts("dashboard", _dashboard, "deleted", harmless=True),
    *_parts("owner", _owned, ":fromId", ":toId", ":fromEntity", ":toEntity", ":relation", ":deleted", harmless=True),
    *_parts("user", _user, "id", "name", "email", "deleted", "isBot", ":nameHash", harmless=True),
    *_parts("team", _team, "id", "name", "deleted", ":nameHash", harmless=True),
    *_parts("member", _member, ":fromId", ":toId", ":fromEntity", ":toEntity", ":relation", ":deleted", harmless=True),
    *_parts("domain", _domain, "id", "name", "fullyQualifiedName", "deleted", ":fqnHash", harmless=True),
    *_parts("follower", _followed, ":fromId", ":toId", ":fromEntity", ":relation", harmless=True),
    *_parts("schema", _schema, "id", "name", "fullyQualifiedName", "retentionPeriod", "deleted", ":fqnHash", harmless=True),
    *_parts("database", _database, "id", "name", "retentionPeriod", "deleted", ":fqnHash", harmless=True),
    *_parts("service", _service, "id", "name", "serviceType", "deleted", ":nameHash", harmless=True),
    *_parts("pipeline", _pipeline, "id", "pipelineType", ":fqnHash", harmless=True),
    *_parts(
        "run", _run, "timestamp", "pipelineState", "status", "status.0", "status.0.records", ":entityFQNHash",
        ":extension", harmless=True,
    ),
)  # fmt: skip


def json_texts() -> st.SearchStrategy[str]:
    """JSON of any kind, size and depth, and texts that are none."""
    leaves = st.one_of(
        st.sampled_from(VALUES), st.integers(-(2**70), 2**70).map(str), st.floats(width=64).map(json.dumps),
        st.text(max_size=600).map(json.dumps), st.text(max_size=50).map(lambda text: json.dumps(text, ensure_ascii=False)),
        st.integers(0, 0xFFFF).map(lambda code: f'"\\u{code:04x}"'),
        st.sampled_from("x💾é").map(lambda text: f'"{text * 20_000}"'),
    )  # fmt: skip
    inner = leaves.filter(lambda text: text != MISSING)
    return st.one_of(
        leaves,
        st.lists(inner, max_size=5).map(lambda parts: f"[{','.join(parts)}]"),
        st.dictionaries(st.sampled_from(["timestamp", "name", "sizeInByte", "accessed", "x"]), inner, max_size=4).map(
            lambda parts: "{" + ",".join(f"{json.dumps(name)}:{value}" for name, value in parts.items()) + "}"
        ),
    )


def has_a_plain_past(om: OMRows) -> None:
    """What is plainly there beside the odd rows: a watched service, waste in it, and who protects what."""
    has_a_past(om)
    om.tag(f"{PLACE}.gone_7", PROTECTED)
    om.lineage(f"{PLACE}.gone_9", BUSY)
    om.profile(f"{PLACE}.gone_11", 3, size=10**10)
    om.person("user:ada")
    om.owns("user:ada", f"{PLACE}.gone_13")
    om.domain("Sales")
    om.within("Sales", f"{PLACE}.gone_13")


def subject_of(number: int) -> str:
    """The FQN of a subject."""
    return f"{PLACE}.s{number:05d}_"
