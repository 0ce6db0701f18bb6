"""Values extracted from free text: the two parts of eligibility criteria, the DOI in a citation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

from kg.ontology.vocabulary import DOI


class Criteria(NamedTuple):
    """The two parts of eligibility criteria."""

    inclusion: str
    exclusion: str


def inclusion_criteria(value: object) -> str | None:
    """Return the inclusion criteria in eligibility criteria, if the headings are unambiguous.

    >>> inclusion_criteria("Inclusion Criteria:\\n\\n* Adults\\n\\nExclusion Criteria:\\n\\n* Smokers")
    '* Adults'
    """
    parts = _criteria(value) if isinstance(value, str) else None
    return parts.inclusion if parts else None


def exclusion_criteria(value: object) -> str | None:
    """Return the exclusion criteria in eligibility criteria, if the headings are unambiguous.

    >>> exclusion_criteria("Inclusion Criteria:\\n* Adults\\nExclusion Criteria:\\n* Smokers")
    '* Smokers'
    >>> exclusion_criteria("Exclusion Criteria:\\n* Smokers")
    """
    parts = _criteria(value) if isinstance(value, str) else None
    return parts.exclusion if parts else None


_HEADING = re.compile(r"[ \\*#_]*(?:(?:key|main|major|general|study) )?(in|ex)clusion(?: criteria)?[ \\*_]*:?[ \\*_]*")
_LONGEST_HEADING = 120


class _Line(NamedTuple):
    """A line that contains "inclusion" or "exclusion": its position, the word, and whether it is only a heading."""

    start: int
    end: int
    kind: str
    is_heading: bool


def _lines(text: str) -> Iterator[_Line]:
    """Yield the headings of criteria, and the lines that may be further headings."""
    lower, end = text.lower() if text.isascii() else text.encode().lower().decode(), 0  # keeps positions
    while (at := lower.find("clusion", end)) >= 0:
        start, end = lower.rfind("\n", 0, at) + 1, lower.find("\n", at)
        end = len(lower) if end < 0 else end
        line = lower[start:end]
        heading = _HEADING.fullmatch(line)
        if heading or (len(line) <= _LONGEST_HEADING and line.rstrip(" \\*_").endswith(":")):
            yield _Line(start, end, lower[at - 2 : at], heading is not None)


@lru_cache(2)
def _criteria(text: str) -> Criteria | None:
    """Split criteria that have one heading for each part, inclusion first, and no heading in the wrong part."""
    lines = [*_lines(text)]
    headings = [line for line in lines if line.is_heading]
    if [line.kind for line in headings] != ["in", "ex"]:
        return None
    first, second = headings
    if any(line.kind != ("in" if line.start < second.start else "ex") or line.start < first.start for line in lines):
        return None
    parts = Criteria(text[first.end : second.start].strip(), text[second.end :].strip())
    return parts if all(parts) else None


_DOI = re.compile(r"(?<!\d)10\.\d{4,9}/[^\s\"]+", re.ASCII)
_SAFE = re.compile(r"[a-z0-9/.()-]+")


def doi(value: object) -> str | None:
    """Return the IRI of the first DOI in a citation, in lower case, because DOIs are case-insensitive.

    >>> doi("Lancet. 2020;395:497. doi: 10.1016/S0140-6736(20)30183-5. Epub 2020."), doi("no DOI")
    ('https://doi.org/10.1016/s0140-6736(20)30183-5', None)
    """
    match = _DOI.search(value) if isinstance(value, str) else None
    if match is None:
        return None
    name = match[0].rstrip(".,;:'>]")
    while name.endswith(")") and name.count("(") < name.count(")"):
        name = name[:-1].rstrip(".,;")
    name = name.lower()
    return DOI + (name if _SAFE.fullmatch(name) else quote(name, safe="/:;()._-+~!*'@&=$,"))
