"""MeSH from XML (https://www.nlm.nih.gov/mesh/xmlmesh.html)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, cast

from kg._types import Reject
from kg.errors import RecordError
from kg.mapping.derived import mesh_id
from kg.mesh.tree import DESCRIPTOR, SUPPLEMENTARY, Heading, mapped_id, valid_tree_numbers

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_RECORDS = ("DescriptorRecord", "SupplementalRecord")
_CLASSES = {
    "DescriptorClass": {
        "1": "TopicalDescriptor",
        "2": "PublicationType",
        "3": "CheckTag",
        "4": "GeographicalDescriptor",
    },
    "SCRClass": {"1": "SCR_Chemical", "2": "SCR_Protocol", "3": "SCR_Disease", "4": "SCR_Organism"},
}


def from_xml(chunks: Iterator[bytes], file: str, reject: Reject) -> Iterator[Heading]:
    """Yield the records of a DescriptorRecordSet or a SupplementalRecordSet.

    Raises :class:`SyntaxError` for malformed XML; external entities are not loaded.
    """
    from xml.etree.ElementTree import XMLPullParser

    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    ancestors: list[Element] = []
    number = 0
    for chunk in chain(chunks, (b"",)):
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if event == "start":
                ancestors.append(element)
                continue
            ancestors.pop()
            if len(ancestors) == 1:  # the end of a record; clear the root to free its memory
                number += 1
                if element.tag in _RECORDS:
                    yield from _heading(element, file, number, reject)
                ancestors[0].clear()


def _heading(element: Element, file: str, number: int, reject: Reject) -> Iterator[Heading]:
    stem = "Descriptor" if element.tag == "DescriptorRecord" else "SupplementalRecord"
    text = (element.findtext(f"{stem}UI") or "").strip()
    id_ = mesh_id(text)
    label = (element.findtext(f"{stem}Name/String") or "").strip()
    if id_ is None or not label:
        reject(RecordError("has no MeSH id or no name", file=file, record=number, path=f"{stem}UI", value=text))
        return
    heading = Heading(id_, label, _class(element))
    tree_numbers = (e.text or "" for e in element.iterfind("TreeNumberList/TreeNumber"))
    heading.trees |= valid_tree_numbers(tree_numbers, id_, file, reject)
    actions = element.iterfind("PharmacologicalActionList/PharmacologicalAction/DescriptorReferredTo/DescriptorUI")
    heading.actions |= {action for e in actions if (action := mesh_id((e.text or "").strip()))}
    terms = element.iterfind("ConceptList/Concept/TermList/Term/String")
    heading.names |= {term.text.strip() for term in terms if term.text}
    _add_mappings(heading, element)
    yield heading


def _class(element: Element) -> str:
    name = "DescriptorClass" if element.tag == "DescriptorRecord" else "SCRClass"
    default = DESCRIPTOR if name == "DescriptorClass" else SUPPLEMENTARY
    return _CLASSES[name].get(element.get(name, "1"), default)


def _add_mappings(heading: Heading, element: Element) -> None:
    """Add the descriptors that a supplementary concept is mapped to; a star marks preferred ones."""
    for mapping in element.iterfind("HeadingMappedToList/HeadingMappedTo"):
        descriptor = (mapping.findtext("DescriptorReferredTo/DescriptorUI") or "").strip()
        qualifier = (mapping.findtext("QualifierReferredTo/QualifierUI") or "").strip()
        if id_ := mapped_id(descriptor.lstrip("*") + qualifier.lstrip("*")):
            heading.mapped.add(id_)
            if "*" in descriptor + qualifier:
                heading.preferred.add(id_)
