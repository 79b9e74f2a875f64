"""Checks the sample estate's JSON against OpenMetadata's own pydantic models.

Run by hand, outside the repository's environment:

    python -m venv om-models
    om-models/bin/pip install --no-deps openmetadata-ingestion
    om-models/bin/pip install pydantic pydantic-settings email-validator PyMySQL
    om-models/bin/python tests/tools/check_openmetadata_models.py [tables]

Never install it beside ThirdEye: its pins (SQLAlchemy, pydantic) would spoil the environment. Only the generated
models are loaded, so that its many other dependencies are not needed. Prints what differs; exit status 1 if
anything does.
"""

import json
import logging
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from thirdeye.local.sample import EstateOptions, generate
from thirdeye.local.sample.rows import all_rows

Check = Callable[[dict[str, Any]], object]
# Neither is in the models; both are met in databases that older versions wrote.
OPERATIONS_OF_NO_MODEL = {"MERGE", "SELECT"}


def model(module: str, name: str) -> Any:
    """A generated model, without running the package's own `__init__`, which imports all of the ingestion."""
    if "metadata" not in sys.modules:
        package = ModuleType("metadata")
        package.__path__ = [
            str(Path(path, "metadata")) for path in sys.path if Path(path, "metadata", "generated").is_dir()
        ]
        sys.modules["metadata"] = package
    return getattr(import_module(f"metadata.generated.schema.{module}"), name)


def checks() -> dict[str, Check]:
    """How to check a document, by the table or extension it stands in."""
    table_profile = model("entity.data.table", "TableProfile")
    system_profile = model("entity.data.table", "SystemProfile")
    entity_profile = model("type.entityProfile", "EntityProfile")
    with_service = {"service": {"id": "00000000-0000-4000-8000-000000000000", "type": "databaseService"}}

    def profile(document: dict[str, Any]) -> object:
        fields = document.get("profileData", document)
        if "profileData" in document:
            entity_profile.model_validate(document)
        # On its own as well: the union within EntityProfile takes many things for the profile of a column.
        return (system_profile if "operation" in fields else table_profile).model_validate(fields)

    def with_its_service(module: str, name: str) -> Check:
        # OM keeps the reference to the service in the relations, while its models require it.
        return lambda document: model(module, name).model_validate({**with_service, **document})

    return {
        "table_entity": model("entity.data.table", "Table").model_validate,
        "database_entity": with_its_service("entity.data.database", "Database"),
        "database_schema_entity": with_its_service("entity.data.databaseSchema", "DatabaseSchema"),
        "query_entity": with_its_service("entity.data.query", "Query"),
        "query_cost_time_series": model("entity.data.queryCostRecord", "QueryCostRecord").model_validate,
        "profiler_data_time_series": profile,
        "entity_relationship": model("type.entityLineage", "LineageDetails").model_validate,
    }


def documents(table: str, row: tuple[Any, ...]) -> list[dict[str, Any]]:
    texts = [value for value in row if isinstance(value, str) and value.startswith("{")]
    found = [json.loads(text) for text in texts]
    return [d for d in found if d.get("profileData", d).get("operation") not in OPERATIONS_OF_NO_MODEL]


def main(tables: int) -> int:
    # The models log that their masking of secrets is missing, once for each document.
    logging.disable(logging.CRITICAL)
    check_of, checked, failed = checks(), Counter[str](), Counter[str]()
    for table, row in all_rows(generate(EstateOptions(today=date(2026, 11, 20), tables=tables, usage_days=0))):
        if table not in check_of:
            continue
        for document in documents(table, row):
            checked[table] += 1
            try:
                check_of[table](document)
            except ValueError as error:
                failed[table] += 1
                if failed[table] <= 3:
                    print(table, document.get("fullyQualifiedName", ""), error, sep="\n  ")
    for table, count in checked.items():
        print(f"{table}: {count} checked, {failed[table]} differ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
