"""What views refer to: resources with their texts, and codes."""

from __future__ import annotations

from dataclasses import dataclass

from kg.serve.nodes import Node, code_label, shown_text


@dataclass(frozen=True, slots=True)
class Link:
    """A text and the IRI of the resource that it names."""

    text: str
    iri: str

    @classmethod
    def to(cls, node: Node) -> Link:
        """Return a link to a node by its label, or by the last part of its IRI."""
        return cls(node.label or node.iri.rpartition("/")[2], node.iri)


@dataclass(frozen=True, slots=True)
class Code:
    """A code of the API with its label; false if there is none."""

    iri: str = ""
    value: str = ""
    label: str = ""

    def __bool__(self) -> bool:
        return bool(self.label)

    @classmethod
    def of(cls, node: Node, name: str) -> Code:
        """Return the code of a property; a text that is no code of the list is kept as the label."""
        return cls.from_iri(node.raw(name))

    @classmethod
    def from_iri(cls, iri: str) -> Code:
        """Return the code with an IRI."""
        label = code_label(iri)
        return cls(iri, iri.rpartition("/")[2], label) if label else cls("", shown_text(iri), shown_text(iri))
