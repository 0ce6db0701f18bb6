"""An export to describe, and its description under construction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.export.partitions import Document, literal
from kg.export.study_index import Totals
from kg.export.tally import Tally
from kg.rdf.formats import Format
from kg.records.origin import Origin

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")


@dataclass(frozen=True, slots=True)
class Export:
    """An export to describe: the file, and the settings and totals of the run that wrote it."""

    path: Path
    format: Format
    prefixes: Mapping[str, str]
    base: str
    totals: Totals
    sha256: str
    tool: str
    origins: tuple[Origin, ...] = ()
    without: tuple[str, ...] = ()
    """The sections that are left out by choice."""


def day(text: str) -> ox.Literal:
    """Return a date as a literal of its precision: a day, a month or a year.

    >>> day("2020-02-00").value
    '2020-02'
    """
    text = text.replace("-00", "")
    return literal(text, {7: "gYearMonth", 4: "gYear"}.get(len(text), "date"))


def moment(text: str) -> ox.Literal:
    """Return a time as a literal, or as a text if it is none."""
    return literal(text, "dateTime" if _MOMENT.fullmatch(text) else "string")


class Description(Document):
    """The description of an export."""

    def __init__(self, export: Export, tally: Tally) -> None:
        super().__init__(f"{export.base}dataset/{export.sha256[:32]}", export.prefixes)
        self.export, self.tally = export, tally
