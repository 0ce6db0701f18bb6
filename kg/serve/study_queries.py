"""The queries behind the pages of a study, from the files in ``kg/serve/queries``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

EXAMPLE = "NCT02059759"
"""The study in the files of queries, so that each of them runs as it is."""
PAGES = {
    "overview": ("study", "arms", "outcomes", "sites", "publications"),
    "results": ("flow", "baseline", "outcome-measures", "analyses"),
    "events": ("event-groups", "events"),
}


@cache
def _file(name: str) -> tuple[str, str]:
    """Return the title of a query, which is its first comment, and its text."""
    text = (Path(__file__).parent / "queries" / f"{name}.rq").read_text("utf-8")
    title, _, query = text.partition("\n")
    return title.removeprefix("# "), query.strip()


def study_queries(number: str, page: str) -> list[tuple[str, str]]:
    """Return the titles and texts of the queries of a page for a study, given by its number."""
    return [(title, text.replace(EXAMPLE, number)) for title, text in map(_file, PAGES[page])]
