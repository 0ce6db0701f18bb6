"""Headings of MeSH, and the tree that they make.

Names are those of NLM's vocabulary (https://id.nlm.nih.gov/mesh/vocab#). IRIs begin with http and hold no year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

MESH = "http://id.nlm.nih.gov/mesh/"
VOCABULARY = MESH + "vocab#"

DESCRIPTOR, SUPPLEMENTARY = "Descriptor", "SupplementaryConceptRecord"
_TREE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]{2,3})*", re.ASCII)


def is_tree_number(text: str) -> bool:
    """Whether a text is a place in the tree.

    >>> is_tree_number("C10.228.854.139"), is_tree_number("C"), is_tree_number("C10.")
    (True, False, False)
    """
    return _TREE.fullmatch(text) is not None


def parent(tree: str) -> str:
    """The tree number above one, nothing where it is at the top.

    >>> parent("C10.228.854"), parent("C10")
    ('C10.228', '')
    """
    return tree.rpartition(".")[0]


@dataclass(slots=True)
class Heading:
    """A descriptor or a supplementary concept record, by its id, with the ids of those that it names."""

    id: str
    label: str = ""
    kind: str = ""
    """The local name of its class in NLM's vocabulary; nothing where the source tells none."""
    active: bool = True
    trees: set[str] = field(default_factory=set)
    broader: set[str] = field(default_factory=set)
    mapped: set[str] = field(default_factory=set)
    """Of a supplementary concept the descriptors that NLM maps it to, or their pairs with a qualifier."""
    preferred: set[str] = field(default_factory=set)
    """Those of :attr:`mapped` that NLM prefers."""
    actions: set[str] = field(default_factory=set)
    """The descriptors of its pharmacological actions."""

    def merge(self, other: Heading) -> bool:
        """Takes what another source says of the same heading; tells whether both agree on its name."""
        agreed = not (self.label and other.label) or self.label == other.label
        self.label = self.label or other.label
        self.kind = self.kind if self.kind not in ("", DESCRIPTOR, SUPPLEMENTARY) else other.kind or self.kind
        self.active = self.active and other.active
        for name in ("trees", "broader", "mapped", "preferred", "actions"):
            getattr(self, name).update(getattr(other, name))
        return agreed


class Tree(dict[str, Heading]):
    """Headings by their ids.

    >>> tree = Tree()
    >>> tree.enter(Heading("D000690", "Amyotrophic Lateral Sclerosis", trees={"C10.574.562.250"}))
    True
    >>> tree.enter(Heading("D016472", "Motor Neuron Disease", trees={"C10.574.562"}))
    True
    >>> tree.join()
    []
    >>> sorted(tree.above(["D000690"]))
    ['D016472']
    """

    def enter(self, heading: Heading) -> bool:
        """Adds a heading, or what is said of it further; tells whether what was known agrees on its name."""
        known = self.setdefault(heading.id, heading)
        return known is heading or known.merge(heading)

    def join(self) -> list[tuple[str, str]]:
        """Adds the edges that follow from tree numbers: the broader heading owns the tree number above.

        Gives the tree numbers that two headings claim, each with the id of the one that is not believed.
        """
        owners: dict[str, str] = {}
        claimed = []
        for id_ in sorted(self):
            for tree in sorted(self[id_].trees):
                if owners.setdefault(tree, id_) != id_:
                    claimed.append((tree, id_))
        for heading in self.values():
            found = (owners.get(parent(tree)) for tree in heading.trees)
            heading.broader.update(id_ for id_ in found if id_ and id_ != heading.id)
        return claimed

    def orphans(self) -> list[str]:
        """The tree numbers whose parent no heading has: the source holds a part of the tree only."""
        owned = {tree for heading in self.values() for tree in heading.trees}
        return sorted(tree for tree in owned if parent(tree) and parent(tree) not in owned)

    def above(self, ids: Iterable[str]) -> set[str]:
        """All headings above some, over broader descriptors."""
        found: set[str] = set()
        todo = list(ids)
        while todo:
            heading = self.get(todo.pop())
            if heading is not None:
                fresh = heading.broader - found
                found |= fresh
                todo += fresh
        return found

    def acting(self, ids: Iterable[str]) -> set[str]:
        """The pharmacological actions of headings, and all above those."""
        actions = {action for id_ in ids if id_ in self for action in self[id_].actions}
        return actions | self.above(actions)
