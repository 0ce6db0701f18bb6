"""Read MeSH from the formats in which it is published: NLM's RDF, NLM's XML, and tables of tree numbers.

RDF is recognized by the name of the file, XML and tables by their first bytes. All are read as streams; of concepts and
terms only the names are kept, and qualifiers are skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from kg._types import Progress, Reject
from kg.errors import FieldError, RecordError, SourceError, UsageError
from kg.mesh.read_rdf import from_rdf
from kg.mesh.read_table import from_table
from kg.mesh.read_xml import from_xml
from kg.mesh.tree import Heading, Tree
from kg.rdf.formats import format_of
from kg.rdf.parse import counted, quads
from kg.records.decompress import CHUNK, decompressed, peek
from kg.records.sources import one_line

_XML = re.compile(rb"\s*<(?:\?xml|!DOCTYPE|!--|DescriptorRecord|SupplementalRecord)")


def read(names: Iterable[str], reject: Reject, progress: Progress | None = None) -> Tree:
    """Return the tree of all headings in some files; invalid content goes to ``reject``.

    Raises :class:`~kg.errors.UsageError` for a file that does not exist or has an unknown format.
    """
    tree = Tree()
    files = list(names)
    for name in files:
        if not Path(name).is_file():
            raise UsageError(f"{one_line(name)}: No such file.")
    for name in files:
        for heading in _headings(name, reject, progress):
            if not tree.add(heading):
                expected = f'"{tree[heading.id].label}"'
                reject(FieldError("another name", file=name, path=heading.id, value=heading.label, expected=expected))
    for tree_number, id_ in tree.link():
        reject(FieldError(f"claims {tree_number}, which belongs to another heading", study=id_))
    for id_ in [id_ for id_, heading in tree.items() if not heading.label]:
        reject(RecordError(f"{id_} has no name and is left out"))
        del tree[id_]
    return tree


def _headings(name: str, reject: Reject, progress: Progress | None) -> Iterator[Heading]:
    try:
        format_of(name)
    except UsageError:
        yield from _by_content(name, reject, progress)
        return
    try:
        yield from from_rdf(quads(name, progress))
    except SourceError as error:
        reject(error)


def _by_content(name: str, reject: Reject, progress: Progress | None) -> Iterator[Heading]:
    try:
        with Path(name).open("rb") as file:
            raw = iter(partial(file.read, CHUNK), b"")
            head, chunks = peek(decompressed(counted(raw, progress)), 4096)
            if _XML.match(head.removeprefix(b"\xef\xbb\xbf")):
                yield from from_xml(chunks, name, reject)
            elif b"\t" in head.partition(b"\n")[0]:
                yield from from_table(chunks, name, reject)
            else:
                formats = "RDF (with an extension such as .nt), NLM's XML, or a tab-separated table"
                raise UsageError(f"{one_line(name)} is not a supported MeSH file; expected {formats}.")
    except (SyntaxError, ValueError, OSError, EOFError) as error:
        reject(SourceError(f"cannot be read to its end ({error})", file=name))
    except SourceError as error:
        reject(SourceError(error.problem, file=name))
