"""Texts that want to be more than text, and an OpenMetadata whose every name is one of them."""

import json
from collections.abc import Callable
from typing import Any

from tests.support.deployment import Deployment
from tests.support.om_rows import OMRows, hash_of
from thirdeye.inventory.fqn import join_fqn

# Each calls `hacked` where it is taken for markup, script or an address. Neither dots nor quotes: they may be in an FQN.
NAMES = (
    "<img src=x onerror=hacked()>",
    "<script>hacked()</script>",
    "</title></textarea><svg onload=hacked()>",
    "javascript:hacked()",
    "</script><iframe src=javascript:hacked()>",
    "<style>*{display:none}</style>",
    "&lt;b onclick=hacked()&gt;&#60;b&#62;",
    "{{hacked()}}${hacked()}%s{count}",
    "\u202egnp\u2066<b>\u2069",
    "名前 🧟‍♀️ שלום عليكم e\u0301",
    "long_" * 25,
)
# What people write to ThirdEye itself, which takes no bidi controls.
WRITTEN = (
    "\"'><b onmouseover=hacked()>over</b><img src=x onerror=hacked()>",
    '<a href="javascript:hacked()">click</a> https://evil.example/x?y=\'"',
)
# What an address may ask for.
ASKED = (*NAMES, *WRITTEN)
_HASHED = {
    "tag_usage": "targetFQNHash", "profiler_data_time_series": "entityFQNHash", "entity_extension_time_series": "entityFQNHash",
}  # fmt: skip
_NAMED = ("user_entity", "team_entity", "domain_entity", "data_product_entity", "glossary_term_entity")


def make_hostile(deployment: Deployment) -> None:
    """Renames all that has a name in the sample estate, and adds places that are called so too."""
    with deployment.mariadb.connect("om") as connection:
        om = OMRows(connection, "om")
        for number, document in enumerate(_documents(om, "table_entity")):
            _rename_table(om, document, NAMES[number % len(NAMES)])
        for table in _NAMED:
            _rename_all(om, table)
        om.run("UPDATE tag_usage SET tagFQN = CONCAT(tagFQN, %s) WHERE tagFQN NOT LIKE 'Tier%%'", NAMES[0])
        place = ".".join(NAMES[:3])
        for name in NAMES:
            om.table(f"{place}.{name}")


def _rows(om: OMRows, sql: str) -> list[tuple[Any, ...]]:
    with om.connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _documents(om: OMRows, table: str) -> list[dict[str, Any]]:
    return [json.loads(text) for (text,) in _rows(om, f"SELECT json FROM {table} ORDER BY id")]


def _rename_table(om: OMRows, document: dict[str, Any], name: str) -> None:
    before = document["fullyQualifiedName"]
    # OpenMetadata's columns take 256 characters, and the sample has names as long as that.
    if '"' in before or len(document["name"]) > 100:
        return
    after = f"{before}_{name}"
    document |= {
        "name": after.rpartition(".")[2],
        "fullyQualifiedName": after,
        "displayName": name,
        "description": name,
    }
    old, new = hash_of(before), hash_of(after)
    om.run("UPDATE table_entity SET json = %s, fqnHash = %s WHERE fqnHash = %s", json.dumps(document), new, old)
    for table, column in _HASHED.items():
        # What is of its columns lies below it.
        om.run(
            f"UPDATE {table} SET {column} = CONCAT(%s, SUBSTRING({column}, %s)) WHERE {column} = %s OR {column} LIKE %s",
            new, len(old) + 1, old, f"{old}.%",
        )  # fmt: skip


def _rename_all(om: OMRows, table: str) -> None:
    if not _rows(om, f"SHOW TABLES LIKE '{table}'"):
        return
    for number, document in enumerate(_documents(om, table)):
        name = NAMES[number % len(NAMES)]
        document |= {"name": f"{document['name'][:100]}_{name}", "displayName": name}
        om.run(f"UPDATE {table} SET json = %s WHERE id = %s", json.dumps(document), document["id"])


def write_harm(ask: Callable[..., dict[str, Any]], names: list[str], until: str) -> int:
    """Into all that people may write, by persisted operations, of tables of these names; the id of an item."""
    text, other = WRITTEN
    items = [
        ask("create_action_item", title=each, table=name, assignee=each)["createActionItem"]["id"]
        for each, name in zip(WRITTEN, names, strict=False)
    ]
    for each, item in zip(WRITTEN, items, strict=True):
        ask("comment_action_item", id=item, text=each)
    ask("update_action_item", id=items[1], resolution="DISMISSED", resolutionReason=text)
    ask("keep_table", fqn=names[0], reason=text, until=until)
    ask("approve_removal", fqn=names[1], reason=text)
    ask("create_campaign", input={"name": text, "owner": other})
    # A filter names what there is.
    tables = [edge["node"] for edge in ask("list_tables", first=100)["tables"]["edges"]]
    owner = next(each["owners"][0]["name"] for each in tables if each["owners"])
    rule = {"name": text, "category": "PURGE", "priority": "LOW", "filter": {"owner": [owner]}}
    ask("set_action_rule", input=rule)
    ask("set_policy", input={"protectedTags": [text, other]})
    ask("set_storage_price", serviceType=text, usdPerGbMonth="0.03")
    service = ask("get_administration")["services"][0]["name"]
    ask("confirm_feed", fqn=join_fqn([service]), reason=text)
    ask("confirm_lineage", service=service, reason=text)
    # A second word takes the first one back, with a reason of its own.
    ask("confirm_feed", fqn=join_fqn([service]), reason=other, complete=False)
    ask("set_uncounted_use", input={"users": [text], "statements": [other]})
    return int(items[0])
