"""What a file without study records is: an error of a server, a page of a bot check, another format of trials."""

from __future__ import annotations

import re

from kg.errors import VALUE_WIDTH, shown
from kg.records.saved_page import STUDY

_ELSEWHERE = "kg fetch gets the same studies as API v2 JSON"
_AGAIN = "repeat the download, or use kg fetch"

REFUSED = (
    (
        r'\s*[{\[][^\0]*"(?:FullStudiesResponse|FullStudies|StudyFieldsResponse|ProtocolSection)"\s*:',
        f"is JSON of the API that was shut down in June 2024; {_ELSEWHERE}",
    ),
    (
        r"[^\0]*<(?:clinical_study|search_results|study_fields_response)\b",
        f"is XML of the registry's former downloads; {_ELSEWHERE}",
    ),
    (
        r'\s*"?NCT Number"?\s*[,\t]|\s*"?(?:Rank|Row)"?,"?NCT Number',
        f"is a CSV download of the site, which lacks most fields; choose JSON there, or {_ELSEWHERE}",
    ),
    (r'\s*(?:"?\w+"?\|)*"?nct_id"?\|', f"is a pipe-separated table of AACT; {_ELSEWHERE}"),
    (r"PGDMP|--\n-- PostgreSQL database dump", f"is a dump of a PostgreSQL database, such as AACT's; {_ELSEWHERE}"),
    (r"\s*TY  - ", f"is citations in the RIS format; {_ELSEWHERE}"),
    (r"version https://git-lfs", "is a pointer of Git LFS to the file, not the file itself; run git lfs pull"),
    (r"%PDF-", f"is a PDF file; {_ELSEWHERE}"),
    (r"7z\xbc\xaf|Rar!", "is a 7z or RAR archive, which is not supported; extract it first"),
    (r"PAR1|SQLite format 3\0", f"is a database or a Parquet file; {_ELSEWHERE}"),
    (
        r"\s*(?:@prefix|@base|PREFIX)\s|\s*<(?:https?|urn):[^<>\s]*>\s+<https?:[^<>\s]*>\s"
        r"|\s*(?:<\?xml[^>]*>\s*)?<rdf:RDF\b",
        "is RDF, not study records; kg query, store build, load and network read it by its extension (.nt, .ttl)",
    ),
)
"""Formats that hold no study record, by how they start."""
_REFUSED = [(re.compile(pattern, re.IGNORECASE), problem) for pattern, problem in REFUSED[2:]]
_LEGACY = [(re.compile(pattern), problem) for pattern, problem in REFUSED[:2]]
_BOT_CHECK = re.compile(
    r"captcha|just a moment|checking your browser|cf-chl|challenge-platform|unusual traffic"
    r"|are you (?:a )?(?:human|robot)"
    r"|access denied|request rejected|incapsula|attention required|verify you are|enable javascript",
    re.IGNORECASE,
)
_TITLE = re.compile(r"<title[^>]*>\s*([^<]{1,200})", re.IGNORECASE)
_HTML = re.compile(r"\s*(?:<!doctype html|<html|<head|<body|<!--|<div|<p\b)", re.IGNORECASE)
_LONGEST_TEXT = 2000
"""Characters of the longest text that is taken for an error message of a server."""
_ERROR = re.compile(r'\s*\{\s*"(?:errors?|message|detail|fault|status(?:Code)?|code)"')
_NUMBER = re.compile(r"NCT\d{8}")
_OTHER = re.compile(
    r"(?:^|[/\\!])(?:read.?me|licen[cs]e|notice|changelog|manifest|metadata|index|info|schema|version|datapackage"
    r"|sha\d*sums?|md5sums?|checksums?)[^/\\!]*$"
    r"|\.manifest\.json$"
    r"|\.(?!json|ndjson|gz$|bz2$|xz$|zst$)\w{1,10}$",
    re.IGNORECASE,
)
"""Names of files that are not meant to have studies."""
_ROWS = re.compile(r"[^\n]*[,;\t|][^\n]*[,;\t|]")


def refused(head: str) -> str | None:
    """Return what a stream with this start is, if it surely holds no study record.

    >>> refused("TY  - JOUR\\n")
    'is citations in the RIS format; kg fetch gets the same studies as API v2 JSON'
    """
    return next((problem for pattern, problem in (*_LEGACY, *_REFUSED) if pattern.match(head)), None)


def description(head: str, *, is_json: bool, is_whole: bool) -> str:
    """Return what a stream with this start is, in which no study record was found.

    ``is_whole`` says that the start is all of it.
    """
    text = " ".join(head.split())
    if is_json and text:
        return f"is JSON without {STUDY}; it starts with {shown(text[:VALUE_WIDTH])}"
    if not text:
        return "is empty"
    if _HTML.match(head):
        return _page(head)
    if is_whole and len(head) <= _LONGEST_TEXT and _is_message(head):
        return f"is a message and no study record ({shown(text)}); {_AGAIN}"
    return f"holds no study record; {_ELSEWHERE}"


def is_failure(head: str, name: str, *, is_json: bool) -> bool:
    """Return whether a file without studies was meant to have some, such as an error message in place of a page.

    >>> [is_failure("Too Many Requests", name, is_json=False) for name in ("a.zip!7.json", "a/README.md")]
    [True, False]
    """
    if _NUMBER.search(name) or (is_json and _ERROR.match(head)):
        return True
    return _OTHER.search(name) is None


def _is_message(text: str) -> bool:
    return text.replace("\n", "").replace("\t", "").replace("\r", "").isprintable() and not _ROWS.match(text)


def _page(head: str) -> str:
    title = _TITLE.search(head)
    name = f" ({shown(' '.join(title[1].split()))})" if title else ""
    if _BOT_CHECK.search(head):
        return f"is a web page that checks for bots or refuses access{name}, not the data; wait, then {_AGAIN}"
    return f"is a web page without a study record{name}; {_ELSEWHERE}"
