"""MeSH from tab-separated tables of ids, names and tree numbers."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator

from kg._types import Reject
from kg.errors import FieldError, RecordError, UsageError
from kg.mapping.derived import mesh_id
from kg.mesh.tree import DESCRIPTOR, SUPPLEMENTARY, Heading, valid_tree_numbers
from kg.records.sanitize import clean
from kg.records.sources import one_line

_COLUMNS = {
    "id": ("id", "ui", "descriptor", "descriptorui", "mesh_id", "meshid", "identifier"),
    "label": ("label", "name", "descriptorname", "term", "heading"),
    "names": ("synonyms", "entry_terms", "entry terms", "terms", "aliases", "entryterms"),
    "trees": ("trees", "tree_numbers", "treenumbers", "tree numbers", "tree_number", "treenumber", "mn"),
}
"""Accepted column names; that of the entry terms is optional."""


Columns = tuple[int, int, int, int]
"""The indexes of the columns with id, name, entry terms and tree numbers; -1 for entry terms that a table lacks."""


def from_table(chunks: Iterator[bytes], file: str, reject: Reject) -> Iterator[Heading]:
    """Yield the rows of a table: id, name, entry terms separated by bars, and tree numbers.

    Without a header, the first column is the id, the second the name, the third of at least four the entry terms, and
    the fourth, or the third of three, the tree numbers. These are separated by bars, commas or spaces. Tables have no
    classes.
    """
    rows = csv.reader(_lines(chunks), delimiter="\t", quoting=csv.QUOTE_NONE)
    columns: Columns | None = None
    for number, row in enumerate(rows, 1):
        if columns is None:
            columns, is_header = _columns(row, file)
            if is_header:
                continue
        if row:
            yield from _heading(row, columns, file, number, reject)


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    rest = b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        yield from (line.decode("utf-8-sig").rstrip("\r") for line in lines)
    if rest:
        yield rest.decode("utf-8-sig").rstrip("\r")


def _columns(row: list[str], file: str) -> tuple[Columns, bool]:
    """Return the indexes of the columns, and whether the first row is a header."""
    if mesh_id(row[0].strip()):
        return (0, 1, 2, 3) if len(row) > 3 else (0, 1, -1, 2), False
    names = [name.strip().lstrip("#").lower() for name in row]
    indexes = [next((i for i, name in enumerate(names) if name in accepted), -1) for accepted in _COLUMNS.values()]
    if -1 in (indexes[0], indexes[1], indexes[3]):
        raise UsageError(
            f"{one_line(file)} is not a MeSH table: its first line has neither a MeSH id nor column names."
        )
    return (indexes[0], indexes[1], indexes[2], indexes[3]), True


def _heading(row: list[str], columns: Columns, file: str, number: int, reject: Reject) -> Iterator[Heading]:
    cells = [row[i].strip() if 0 <= i < len(row) else "" for i in columns]
    id_ = mesh_id(cells[0])
    if id_ is None or not cells[1]:
        expected = "a MeSH id and a name"
        reject(RecordError("no heading", file=file, record=number, value="\t".join(cells[:2]), expected=expected))
        return

    def report(problem: str, value: object, expected: str) -> None:
        reject(FieldError(problem, file=file, path=id_, value=value, expected=expected))

    label = clean(cells[1], report)
    default_class = SUPPLEMENTARY if id_.startswith("C") else DESCRIPTOR
    trees = valid_tree_numbers(re.split(r"[|,;\s]+", cells[3]), id_, file, reject)
    names = {clean(name.strip(), report) for name in cells[2].split("|")} - {""}
    yield Heading(id_, label, default_class, trees=trees, names=names)
