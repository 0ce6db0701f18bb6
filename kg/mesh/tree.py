"""MeSH headings and their tree.

Names follow NLM's vocabulary (https://id.nlm.nih.gov/mesh/vocab#). IRIs start with http: and contain no year.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from kg._types import Reject
from kg.errors import FieldError
from kg.mapping.derived import mesh_id

DESCRIPTOR, SUPPLEMENTARY = "Descriptor", "SupplementaryConceptRecord"
_TREE = re.compile(r"[A-Z][0-9]{2}(?:\.[0-9A-Z]{2,3})*", re.ASCII)
_MAPPED = re.compile(r"([CD][0-9]{6,9})(Q[0-9]{6,9})?", re.ASCII)


def is_tree_number(text: str) -> bool:
    """Return whether a text is a tree number.

    >>> is_tree_number("C10.228.854.139"), is_tree_number("C"), is_tree_number("C10.")
    (True, False, False)
    """
    return _TREE.fullmatch(text) is not None


def valid_tree_numbers(texts: Iterable[str], id_: str, file: str, reject: Reject) -> set[str]:
    """Return the tree numbers of a heading; invalid ones go to ``reject``."""
    numbers = {text.strip() for text in texts} - {""}
    invalid = sorted(number for number in numbers if not is_tree_number(number))
    for number in invalid:
        expected = "a tree number such as C10.574"
        reject(FieldError("no tree number", file=file, path=id_, value=number, expected=expected))
    return numbers.difference(invalid)


def mapped_id(text: str) -> str:
    """Return the normalized id of a descriptor or of a descriptor-qualifier pair, or an empty string.

    >>> mapped_id("D000000690"), mapped_id("*D007376Q000031"), mapped_id("M0000001")
    ('D000690', 'D007376Q000031', '')
    """
    match = _MAPPED.fullmatch(text.lstrip("*"))  # XML marks the preferred ones with a star
    return (mesh_id(match[1]) or "") + (mesh_id(match[2]) or "") if match else ""


def parent(tree: str) -> str:
    """Return the parent of a tree number, or an empty string at the top.

    >>> parent("C10.228.854"), parent("C10")
    ('C10.228', '')
    """
    return tree.rpartition(".")[0]


@dataclass(slots=True)
class Heading:
    """A descriptor or a supplementary concept record, with the ids of related headings."""

    id: str
    label: str = ""
    kind: str = ""
    """The local name of its class in NLM's vocabulary; empty if the source has none."""
    active: bool = True
    trees: set[str] = field(default_factory=set)
    broader: set[str] = field(default_factory=set)
    mapped: set[str] = field(default_factory=set)
    """The descriptors, or descriptor-qualifier pairs, that a supplementary concept is mapped to."""
    preferred: set[str] = field(default_factory=set)
    """The preferred ones among :attr:`mapped`."""
    actions: set[str] = field(default_factory=set)
    """The descriptors of the pharmacological actions."""
    names: set[str] = field(default_factory=set)
    """The entry terms: other names, by which people search."""

    def merge(self, other: Heading) -> bool:
        """Add the data of another source about the same heading; return whether the names agree."""
        agreed = not (self.label and other.label) or self.label == other.label
        self.label = self.label or other.label
        self.kind = self.kind if self.kind not in ("", DESCRIPTOR, SUPPLEMENTARY) else other.kind or self.kind
        self.active = self.active and other.active
        for name in ("trees", "broader", "mapped", "preferred", "actions", "names"):
            getattr(self, name).update(getattr(other, name))
        return agreed


class Tree(dict[str, Heading]):
    """Headings by id.

    >>> tree = Tree()
    >>> tree.add(Heading("D000690", "Amyotrophic Lateral Sclerosis", trees={"C10.574.562.250"}))
    True
    >>> tree.add(Heading("D016472", "Motor Neuron Disease", trees={"C10.574.562"}))
    True
    >>> tree.link()
    []
    >>> sorted(tree.ancestors(["D000690"]))
    ['D016472']
    """

    def add(self, heading: Heading) -> bool:
        """Add a heading or merge it into an existing one; return whether the names agree."""
        existing = self.setdefault(heading.id, heading)
        return existing is heading or existing.merge(heading)

    def link(self) -> list[tuple[str, str]]:
        """Add the broader headings that follow from tree numbers.

        Return each tree number that two headings claim, with the id of the heading whose claim is ignored.
        """
        owners: dict[str, str] = {}
        claimed = []
        for id_ in sorted(self):
            for tree in sorted(self[id_].trees):
                if owners.setdefault(tree, id_) != id_:
                    claimed.append((tree, id_))
        for heading in self.values():
            parents = (owners.get(parent(tree)) for tree in heading.trees)
            heading.broader.update(id_ for id_ in parents if id_ and id_ != heading.id)
        return claimed

    def orphans(self) -> list[str]:
        """Return the tree numbers without a parent, which occur if the source is only a part of the tree."""
        owned = {tree for heading in self.values() for tree in heading.trees}
        return sorted(tree for tree in owned if parent(tree) and parent(tree) not in owned)

    def ancestors(self, ids: Iterable[str]) -> set[str]:
        """Return all ancestors of some headings."""
        ancestors: set[str] = set()
        stack = list(ids)
        while stack:
            heading = self.get(stack.pop())
            if heading is not None:
                new = heading.broader - ancestors
                ancestors |= new
                stack += new
        return ancestors

    def actions(self, ids: Iterable[str]) -> set[str]:
        """Return the pharmacological actions of some headings, with their ancestors."""
        actions = {action for id_ in ids if id_ in self for action in self[id_].actions}
        return actions | self.ancestors(actions)
