"""Finding domains by what people call them. Their FQNs tell them apart: Sales.EMEA and Finance.EMEA are two."""

from collections.abc import Iterable

from thirdeye.errors import BadInput
from thirdeye.inventory.fqn import join_fqn, split_fqn
from thirdeye.inventory.owner_names import ambiguous

Path = tuple[str, ...]


def domain_path(fqn: str) -> Path:
    """The names in a domain's FQN."""
    return tuple(split_fqn(fqn))


def with_parents(path: Path) -> list[Path]:
    """A domain and those that it lies in."""
    return [path[:length] for length in range(1, len(path) + 1)]


class DomainNames:
    """The FQNs of all domains, and of those that they lie in."""

    def __init__(self, fqns: Iterable[str]) -> None:
        self._paths = {parent for fqn in set(fqns) for parent in with_parents(domain_path(fqn))}
        self._by_name: dict[str, set[Path]] = {}
        for path in self._paths:
            self._by_name.setdefault(path[-1], set()).add(path)

    def find(self, name: str, field: str, *, strict: bool = True) -> set[Path]:
        """The domain of this FQN, else the one of this name; nothing for an unknown one.

        Raises BadInput that lists the candidates where a name means several; unless `strict`, it means all of these.
        """
        path = domain_path(name)
        found = {path} if path in self._paths else self._by_name.get(name, set())
        if len(found) > 1 and strict:
            raise BadInput(ambiguous(field, name, map(join_fqn, found)), field)
        return found


def lies_in(path: Path, domains: set[Path]) -> bool:
    """Whether a domain is one of these or lies in one."""
    return not domains.isdisjoint(with_parents(path))
