"""The forms in which MeSH comes: NLM's RDF, NLM's XML, and tables of tree numbers.

RDF is told by the name of the file, XML and tables by how they begin. All are read as streams; what is no heading
(terms, concepts, qualifiers) is passed over.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, cast

from kg._types import Progress, Reject
from kg.errors import FieldError, RecordError, SourceError, UsageError
from kg.mapping.derived import mesh_id
from kg.mesh.heading import DESCRIPTOR, SUPPLEMENTARY, VOCABULARY, Heading, Tree, is_tree_number
from kg.ontology.vocabulary import RDF, RDFS
from kg.rdf.formats import format_of
from kg.rdf.parse import counted, quads
from kg.records.decompress import CHUNK, peek, unpacked
from kg.records.sanitize import clean
from kg.records.sources import printed

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

    import pyoxigraph as ox


_XML = re.compile(rb"\s*<(?:\?xml|!DOCTYPE|!--|DescriptorRecord|SupplementalRecord)")
_IRI = re.compile(r"https?://id\.nlm\.nih\.gov/mesh/(?:[0-9]{4}/)?([^/#]+)", re.ASCII)
_HEADING = re.compile(r"[CD][0-9]{6,9}", re.ASCII)
_NAMED = re.compile(r"([CD][0-9]{6,9})(Q[0-9]{6,9})?", re.ASCII)


def read(names: Iterable[str], reject: Reject, progress: Progress | None = None) -> Tree:
    """The tree of all headings in some files; ``reject`` is told of what cannot be taken as it stands.

    Raises :class:`~kg.errors.UsageError` for a file that is not there or has none of the forms.
    """
    tree = Tree()
    files = list(names)
    for name in files:
        if not Path(name).is_file():
            raise UsageError(f"{printed(name)}: No such file.")
    for name in files:
        for heading in _headings(name, reject, progress):
            if not tree.enter(heading):
                reject(_renamed(heading, tree[heading.id], name))
    for place, id_ in tree.join():
        reject(FieldError(f"claims {place}, which another heading has", study=id_))
    for id_ in [id_ for id_, heading in tree.items() if not heading.label]:
        reject(RecordError(f"{id_} has no name and is left out"))
        del tree[id_]
    return tree


def _renamed(heading: Heading, known: Heading, file: str) -> FieldError:
    return FieldError("another name", file=file, path=heading.id, value=heading.label, expected=f'"{known.label}"')


def _headings(name: str, reject: Reject, progress: Progress | None) -> Iterator[Heading]:
    try:
        format_of(name)
    except UsageError:
        yield from _told_by_content(name, reject, progress)
        return
    try:
        yield from from_rdf(quads(name, progress))
    except SourceError as error:
        reject(error)


def _told_by_content(name: str, reject: Reject, progress: Progress | None) -> Iterator[Heading]:
    try:
        with Path(name).open("rb") as file:
            raw = iter(partial(file.read, CHUNK), b"")
            head, chunks = peek(unpacked(counted(raw, progress)), 4096)
            if _XML.match(head.removeprefix(b"\xef\xbb\xbf")):
                yield from from_xml(chunks, name, reject)
            elif b"\t" in head.partition(b"\n")[0]:
                yield from from_table(chunks, name, reject)
            else:
                said = "RDF by its name (as mesh.nt), XML of descriptors or a table with tabs"
                raise UsageError(f"{printed(name)} has none of the forms of MeSH that are read: {said}.")
    except (SyntaxError, ValueError, OSError, EOFError) as error:
        reject(SourceError(f"cannot be read to its end ({error})", file=name))
    except SourceError as error:
        reject(SourceError(error.problem, file=name))


# -- RDF --------------------------------------------------------------------------------------------------------


def from_rdf(found: Iterable[ox.Quad]) -> Iterator[Heading]:
    """A heading of every statement that says something of one, whatever their order (https://hhs.github.io/meshrdf/)."""
    for quad in found:
        subject = _local(quad.subject)
        says = _RDF.get(quad.predicate.value)
        if says is not None and _HEADING.fullmatch(subject) and (id_ := mesh_id(subject)):
            heading = Heading(id_)
            says(heading, quad.object)
            yield heading


def _local(term: object) -> str:
    found = _IRI.fullmatch(getattr(term, "value", ""))
    return found[1] if found else ""


def _says_kind(heading: Heading, term: object) -> None:
    heading.kind = getattr(term, "value", "").removeprefix(VOCABULARY)


def _says_label(heading: Heading, term: object) -> None:
    if getattr(term, "language", None) in (None, "en"):
        heading.label = getattr(term, "value", "")


def _says_active(heading: Heading, term: object) -> None:
    heading.active = getattr(term, "value", "") not in ("false", "0")


def _says_tree(heading: Heading, term: object) -> None:
    if is_tree_number(local := _local(term)):
        heading.trees.add(local)


def _says_id(name: str) -> Callable[[Heading, object], None]:
    def says(heading: Heading, term: object) -> None:
        if local := _named(_local(term)):
            getattr(heading, name).add(local)

    return says


def _named(text: str) -> str:
    """The id of a descriptor, or of its pair with a qualifier, as NLM writes it; nothing for anything else."""
    found = _NAMED.fullmatch(text.lstrip("*"))  # XML marks the preferred ones with a star
    return (mesh_id(found[1]) or "") + (mesh_id(found[2]) or "") if found else ""


def _says_preferred(heading: Heading, term: object) -> None:
    if local := _named(_local(term)):
        heading.mapped.add(local)
        heading.preferred.add(local)


_RDF: dict[str, Callable[[Heading, object], None]] = {
    RDF + "type": _says_kind,
    RDFS + "label": _says_label,
    VOCABULARY + "active": _says_active,
    VOCABULARY + "treeNumber": _says_tree,
    VOCABULARY + "broaderDescriptor": _says_id("broader"),
    VOCABULARY + "pharmacologicalAction": _says_id("actions"),
    VOCABULARY + "mappedTo": _says_id("mapped"),
    VOCABULARY + "preferredMappedTo": _says_preferred,
}

# -- XML --------------------------------------------------------------------------------------------------------

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
    """The records of a DescriptorRecordSet or a SupplementalRecordSet (https://www.nlm.nih.gov/mesh/xmlmesh.html).

    Raises :class:`SyntaxError` where the XML breaks off; entities are not fetched.
    """
    from xml.etree.ElementTree import XMLPullParser

    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    above: list[Element] = []
    number = 0
    for chunk in chain(chunks, (b"",)):
        if chunk:
            parser.feed(chunk)
        else:
            parser.close()
        for event, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if event == "start":
                above.append(element)
                continue
            above.pop()
            if len(above) == 1:  # a record; the set of all is let go of what was read
                number += 1
                if element.tag in _RECORDS:
                    yield from _recorded(element, file, number, reject)
                above[0].clear()


def _recorded(element: Element, file: str, number: int, reject: Reject) -> Iterator[Heading]:
    stem = "Descriptor" if element.tag == "DescriptorRecord" else "SupplementalRecord"
    given = (element.findtext(f"{stem}UI") or "").strip()
    id_ = mesh_id(given)
    label = (element.findtext(f"{stem}Name/String") or "").strip()
    if id_ is None or not label:
        reject(RecordError("has no id of MeSH or no name", file=file, record=number, path=f"{stem}UI", value=given))
        return
    heading = Heading(id_, label, _xml_class(element))
    heading.trees |= _places((e.text or "" for e in element.iterfind("TreeNumberList/TreeNumber")), id_, file, reject)
    actions = element.iterfind("PharmacologicalActionList/PharmacologicalAction/DescriptorReferredTo/DescriptorUI")
    heading.actions |= {known for e in actions if (known := mesh_id((e.text or "").strip()))}
    _map(heading, element)
    yield heading


def _xml_class(element: Element) -> str:
    name = "DescriptorClass" if element.tag == "DescriptorRecord" else "SCRClass"
    general = DESCRIPTOR if name == "DescriptorClass" else SUPPLEMENTARY
    return _CLASSES[name].get(element.get(name, "1"), general)


def _map(heading: Heading, element: Element) -> None:
    """Takes what a supplementary concept is mapped to; the preferred ones bear a star."""
    for mapped in element.iterfind("HeadingMappedToList/HeadingMappedTo"):
        descriptor = (mapped.findtext("DescriptorReferredTo/DescriptorUI") or "").strip()
        qualifier = (mapped.findtext("QualifierReferredTo/QualifierUI") or "").strip()
        if pair := _named(descriptor.lstrip("*") + qualifier.lstrip("*")):
            heading.mapped.add(pair)
            if "*" in descriptor + qualifier:
                heading.preferred.add(pair)


def _places(given: Iterable[str], id_: str, file: str, reject: Reject) -> set[str]:
    places = {text.strip() for text in given} - {""}
    for wrong in sorted(place for place in places if not is_tree_number(place)):
        reject(FieldError("no place", file=file, path=id_, value=wrong, expected="a tree number such as C10.574"))
        places.remove(wrong)
    return places


# -- tables -----------------------------------------------------------------------------------------------------

_COLUMNS = {
    "id": ("id", "ui", "descriptor", "descriptorui", "mesh_id", "meshid", "identifier"),
    "label": ("label", "name", "descriptorname", "term", "heading"),
    "trees": ("trees", "tree_numbers", "treenumbers", "tree numbers", "tree_number", "treenumber", "mn"),
}


def from_table(chunks: Iterator[bytes], file: str, reject: Reject) -> Iterator[Heading]:
    """The rows of a table with tabs: id, name and tree numbers, those separated by bars, commas or blanks.

    Without a line of names above, the first column is the id, the second the name, and the fourth, or the last of
    three, the tree numbers. Such a table tells no classes.
    """
    rows = csv.reader(_lines(chunks), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns: tuple[int, int, int] | None = None
    for number, row in enumerate(rows, 1):
        if columns is None:
            columns, header = _columns(row, file)
            if header:
                continue
        if row:
            yield from _row(row, columns, file, number, reject)


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    left = b""
    for chunk in chunks:
        *lines, left = (left + chunk).split(b"\n")
        yield from (line.decode("utf-8-sig").rstrip("\r") for line in lines)
    if left:
        yield left.decode("utf-8-sig").rstrip("\r")


def _columns(row: list[str], file: str) -> tuple[tuple[int, int, int], bool]:
    if mesh_id(row[0].strip()):
        return (0, 1, 3 if len(row) > 3 else 2), False
    names = [name.strip().lstrip("#").lower() for name in row]
    found = [next((i for i, name in enumerate(names) if name in known), -1) for known in _COLUMNS.values()]
    if -1 in found:
        raise UsageError(
            f"{printed(file)} is no table of MeSH: its first line has neither an id nor the names of columns."
        )
    return (found[0], found[1], found[2]), True


def _row(row: list[str], columns: tuple[int, int, int], file: str, number: int, reject: Reject) -> Iterator[Heading]:
    cells = [row[i].strip() if i < len(row) else "" for i in columns]
    id_ = mesh_id(cells[0])
    if id_ is None or not cells[1]:
        expected = "an id of MeSH and a name"
        reject(RecordError("no heading", file=file, record=number, value="\t".join(cells[:2]), expected=expected))
        return
    label = clean(
        cells[1],
        lambda path, value, expected: reject(FieldError(path, file=file, path=id_, value=value, expected=expected)),
    )
    general = SUPPLEMENTARY if id_.startswith("C") else DESCRIPTOR
    yield Heading(id_, label, general, trees=_places(re.split(r"[|,;\s]+", cells[2]), id_, file, reject))
