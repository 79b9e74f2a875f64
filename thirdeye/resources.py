"""Where the schema, the operations and the migrations lie: in the source tree, or inside an installed wheel."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "bundled"


def resource(name: str) -> Path:
    """The path of `schema.graphql`, `operations` or `migrations`. Raises FileNotFoundError when it was not shipped."""
    for root in (_BUNDLED, _PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{name} is neither in the source tree nor in the installed package")
