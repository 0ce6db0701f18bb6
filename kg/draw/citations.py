"""What a citation says: its first author and its year of publication, or nothing where that is not certain."""

from __future__ import annotations

import re

MONTHS = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*"
SEASONS = r"(?:Spring|Summer|Autumn|Fall|Winter)"
YEAR = r"(?P<year>(?:18[5-9]|19\d|20\d)\d)"
_MONTH = rf"(?: (?:{MONTHS}|{SEASONS})(?: ?[-/] ?(?:{MONTHS}|{SEASONS}))?\.?(?: \d{{1,2}}(?:-\d{{1,2}})?)?)"
_LATER = re.compile(
    r"\b(?:Epub|eCollection|Accessed|Retrieved|doi|DOI)\b|https?:|"
    r"\b(?:Erratum|Comment|Update|Correct|Republi|Retract|Expression)[a-z ]*\b(?:[Ii]n|[Oo]n|[Oo]f|[Ff]rom):"
)
"""What follows a citation proper: other dates, other works, addresses."""
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
LONGEST = 80
"""Characters of a citation that is its own label."""
_NUMBER = re.compile(r"^\s*\[?\d{1,3}[.)\]]\s*")


def year(citation: str) -> str:
    """The year in which a cited work was published, or nothing where the citation gives none or leaves it open.

    The date of a journal comes first, then a year in brackets, then the year where other styles have it; two
    different years in the same position are two works, or a year in a title.

    >>> year("Xu S. Outcome of 1913 patients. J Card Fail. 2021 May;27(5):1. doi: 10.1/a. Epub 2020 Dec 2.")
    '2021'
    >>> year("Salama, R. (2010). Clinical trials of 1999. TAF, 9(5), 513-522."), year("Survey of 2011 and 2012")
    ('2010', '')
    """
    text = _proper(citation)
    for style in _STYLES:
        years = {match["year"] for match in style.finditer(text)}
        if years:
            return years.pop() if len(years) == 1 else ""
    return ""


def short_citation(citation: str) -> str:
    """A citation as a label: its first author and its year, or its beginning where either is missing.

    >>> short_citation("Camu W, Mickunas M. Repeated 5-day cycles. EBioMedicine. 2020 Sep;59:102844.")
    'Camu W et al. 2020'
    """
    text = _NUMBER.sub("", citation)
    author, published = re.match(r"[^,.;:(]{2,40}", text), year(citation)
    if not author or not published:
        return citation if len(citation) <= LONGEST else citation[: LONGEST - 1] + "…"
    return f"{author[0].strip()}{' et al.' if _several(text) else ''} {published}"


def _proper(citation: str) -> str:
    later = _LATER.search(citation)
    return citation[: later.start()].strip() if later else citation.strip()


def _several(text: str) -> bool:
    """Whether more than one author is named; ``Salama, R. (2010)`` is one."""
    if inverted := re.match(r"[^,.;:&]+, (?:[^\W\d]\.[ -]*)+", text):
        return text.startswith((",", "&", "and "), inverted.end())
    return re.match(r"[^.]*,\s*[^\d\s]", text) is not None
