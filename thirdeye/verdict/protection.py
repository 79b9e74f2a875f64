"""What protects tables: tags, however a table has them, tiers, data products and contracts. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from thirdeye.inventory.columns import CARED_FOR, Array, Mask
from thirdeye.inventory.fqn import split_fqn
from thirdeye.inventory.labels import UNREADABLE_TAG, Labels, Mark, carriers

CRITICAL_TIERS: Final = frozenset({"Tier.Tier1", "Tier.Tier2"})
# A mark of a column says nothing of how important its table is.
_OF_TABLE: Final = frozenset({Mark.SUGGESTED, Mark.TIER})


class ProtectedNames:
    """The tags, classifications and glossary terms that a policy protects, with all that lies below them.

    Names are compared byte by byte, one segment of the FQN after the other.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {tuple(split_fqn(name)) for name in names if name}

    def covers(self, tag: str) -> bool:
        """Whether a tag, or a classification, glossary or term above it, is one of these, or may be."""
        if tag == UNREADABLE_TAG:
            return True
        segments = tuple(split_fqn(tag))
        return any(segments[:length] in self._names for length in range(1, len(segments) + 1))


@dataclass(frozen=True)
class Protection:
    """Which numbers in the columns of this name stand for something that protects; `places` by place."""

    tags: Mask
    marks: Mask
    tiers: Mask
    places: Mask
    critical_tags: Mask
    critical_marks: Mask
    products: Mask
    product_places: Mask

    def protected(self, query: Mapping[str, Array], place: Array) -> Mask:
        """Which tables a protected tag keeps."""
        by_tag: Mask = self.tags[query["tags"]] | self.marks[query["marks"]] | self.places[place]
        by_tag |= self.tiers[query["tier"]]
        return by_tag

    def critical(self, query: Mapping[str, Array]) -> Mask:
        """Which tables have a critical tier, a suggested one, or one that a glossary term of theirs carries."""
        tier = query["tier"]
        by_tag: Mask = self.critical_tags[query["tags"]] | self.critical_marks[query["marks"]]
        by_tag |= (tier == 1) | (tier == 2)
        return by_tag

    def in_product(self, query: Mapping[str, Array], place: Array) -> Mask:
        """Which tables are in a data product or have a data contract, themselves or through their schema or database."""
        in_product: Mask = self.products[query["products"]] | self.product_places[place]
        return in_product


def protection(tag_sets: Sequence[Sequence[str]], labels: Labels, protected: Sequence[str], places: int) -> Protection:
    """What protects in an estate of so many places under a policy."""
    terms, covers = labels["terms"], ProtectedNames(protected).covers
    tags = set(chain.from_iterable([*tag_sets, *terms.values(), terms]))
    tags.update(tag for pairs in chain(labels["marks"], labels["place_tags"]) for _, tag in pairs)
    protecting = carriers(terms, filter(covers, tags)).__contains__
    # Of the tags on a table only terms stand for a tier: its own tiers have a column.
    critical_terms = carriers(terms, CRITICAL_TIERS)
    critical = (critical_terms - CRITICAL_TIERS).__contains__
    return Protection(
        tags=_mask(any(map(protecting, tags)) for tags in tag_sets),
        marks=_mask(any(protecting(tag) for _, tag in marks) for marks in labels["marks"]),
        tiers=_mask([False, *(covers(f"Tier.Tier{number}") for number in range(1, 6)), covers("Tier")]),
        places=_by_place(places, (any(protecting(tag) for _, tag in tags) for tags in labels["place_tags"])),
        critical_tags=_mask(any(map(critical, tags)) for tags in tag_sets),
        critical_marks=_mask(
            any(kind in _OF_TABLE and tag in critical_terms for kind, tag in marks) for marks in labels["marks"]
        ),
        products=_mask(map(bool, labels["products"])),
        product_places=_by_place(places, map(bool, labels["place_products"])),
    )


def _mask(values: Iterable[bool]) -> Mask:
    """A mask of at least one place."""
    mask = np.fromiter(values, np.bool_)
    return mask if len(mask) else np.zeros(1, np.bool_)


def _by_place(places: int, values: Iterable[bool]) -> Mask:
    mask, known = np.zeros(max(places, 1), np.bool_), np.fromiter(values, np.bool_)
    mask[: len(known)] = known[: len(mask)]
    return mask


def cared_for(flags: Array) -> Mask:
    """Which tables somebody looks after."""
    mask: Mask = (flags & CARED_FOR) != 0
    return mask
