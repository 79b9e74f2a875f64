"""What is shipped, as tests read it: compose and Kubernetes files, workflows, the image's recipe."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.support import ROOT

KUBERNETES = sorted((ROOT / "deploy" / "kubernetes").rglob("*.yaml"))
Document = dict[str, Any]


def load(path: Path) -> list[Document]:
    """The documents of a YAML file."""
    return parse(path.read_text(encoding="utf-8"))


def parse(text: str) -> list[Document]:
    """The documents of a YAML text."""
    return [document for document in YAML(typ="safe", pure=True).load_all(text) if document]


def compose(name: str = "docker-compose.yml") -> Document:
    """One compose file."""
    return load(ROOT / name)[0]


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows each."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1].strip()) for line in lines]


def pods(documents: list[Document]) -> list[Document]:
    """What Deployments and Jobs make pods of: metadata and spec."""
    return [document["spec"]["template"] for document in documents if document["kind"] in {"Deployment", "Job"}]
