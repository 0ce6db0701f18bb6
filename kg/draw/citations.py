"""Parsing of citations: the first author and the year of publication, or nothing if they are uncertain."""

from __future__ import annotations

import re

MONTHS = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
SEASONS = r"(?:Spring|Summer|Autumn|Fall|Winter)"
YEAR = r"(?P<year>(?:18[5-9]|19\d|20\d)\d)"
_MONTH = rf"(?: (?:{MONTHS}|{SEASONS})(?: ?[-/] ?(?:{MONTHS}|{SEASONS}))?\.?(?: \d{{1,2}}(?:-\d{{1,2}})?)?)"
_ADDENDA = re.compile(
    r"\b(?:Epub|eCollection|Accessed|Retrieved|doi|DOI)\b|https?:|"
    r"\b(?:Erratum|Comment|Update|Correct|Republi|Retract|Expression)[a-z ]*\b(?:[Ii]n|[Oo]n|[Oo]f|[Ff]rom):"
)
"""The start of text after the citation itself: other dates, other works, URLs."""
_STYLES = tuple(
    re.compile(pattern)
    for pattern in (
        rf"[.?!)\]] ?{YEAR}(?:{_MONTH}? ?;|{_MONTH} ?[.:])",  # Journal. 2013 Mar 5;12(3):45-6.
        rf"[.?!)\]] ?{YEAR} ?[.:]",  # Journal. 2013:205015. Smith, J.-C. 2004. Title.
        rf"\((?:{MONTHS} )?{YEAR}[a-z]?(?:, [A-Z][^()]{{0,30}})?\)",  # (2013), (2013, March), (March 2013)
        rf"(?:[.,;:] ?| ){YEAR} ?[;,:.] ?\d+ ?(?:[(:,]|\.?$)",  # J Med 2018;5:40, J Med 1976, 6:6-13
        rf"[a-z.][;,] ?{YEAR}[:;]",  # Boca Raton, FL: CRC Press, 2008;87-107.
        rf"[;,.] ?(?:{MONTHS},? )?{YEAR} ?[.]?(?: \d+ ?p\.?| p\. ?[\d-]+)?$",  # Press; 2022. 692 p
        rf"^[^\d]{{3,200}}?[,.] ?{YEAR}\.",  # Smith J. 2004. Title.
    )
)
MAX_LENGTH = 80
"""Maximum length of a citation that is used as a label."""
_NUMBER = re.compile(r"^\s*\[?\d{1,3}[.)\]]\s*")


def publication_year(citation: str) -> str:
    """Return the year of publication of a cited work, or an empty string if it is missing or ambiguous.

    The date of a journal is tried first, then a year in brackets, then the positions of other styles. Two different
    years in the same position belong to two works or to a title, so they are ambiguous.

    >>> publication_year("Xu S. Outcome of 1913 patients. J Card Fail. 2021 May;27(5):1. doi: 10.1/a. Epub 2020 Dec 2.")
    '2021'
    >>> publication_year("Salama, R. (2010). Clinical trials of 1999. TAF, 9(5), 513-522.")
    '2010'
    >>> publication_year("Survey of 2011 and 2012")
    ''
    """
    text = _without_addenda(citation)
    for style in _STYLES:
        years = {match["year"] for match in style.finditer(text)}
        if years:
            return years.pop() if len(years) == 1 else ""
    return ""


def short_citation(citation: str) -> str:
    """Return a citation as a label: its first author and year, or its beginning if either is missing.

    >>> short_citation("Camu W, Mickunas M. Repeated 5-day cycles. EBioMedicine. 2020 Sep;59:102844.")
    'Camu W et al. 2020'
    """
    text = _NUMBER.sub("", citation)
    author, published = re.match(r"[^,.;:(]{2,40}", text), publication_year(citation)
    if not author or not published:
        return citation if len(citation) <= MAX_LENGTH else citation[: MAX_LENGTH - 1] + "…"
    return f"{author[0].strip()}{' et al.' if _has_several_authors(text) else ''} {published}"


def _without_addenda(citation: str) -> str:
    addenda = _ADDENDA.search(citation)
    return citation[: addenda.start()].strip() if addenda else citation.strip()


def _has_several_authors(text: str) -> bool:
    """Return whether more than one author is named; ``Salama, R. (2010)`` is one."""
    if inverted := re.match(r"[^,.;:&]+, (?:[^\W\d]\.[ -]*)+", text):
        return text.startswith((",", "&", "and "), inverted.end())
    return re.match(r"[^.]*,\s*[^\d\s]", text) is not None
