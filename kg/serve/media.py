"""Media types of answers: those of results (SELECT, ASK) and of graphs (CONSTRUCT, DESCRIBE, resources)."""

from __future__ import annotations

from typing import NamedTuple


class Media(NamedTuple):
    """A format of answers: its name, its extension without the dot, and its media types, the preferred one first."""

    name: str
    extension: str
    types: tuple[str, ...]
    parameters: str = ""

    @property
    def content_type(self) -> str:
        """The value of the header ``Content-Type``."""
        return self.types[0] + self.parameters


_UTF8 = "; charset=utf-8"
HTML = Media("html", "html", ("text/html", "application/xhtml+xml"), _UTF8)
RESULTS = {
    media.name: media
    for media in (
        Media("json", "srj", ("application/sparql-results+json", "application/json")),
        Media("xml", "srx", ("application/sparql-results+xml", "application/xml", "text/xml")),
        Media("csv", "csv", ("text/csv",), _UTF8),
        Media("tsv", "tsv", ("text/tab-separated-values",), _UTF8),
    )
}
"""Formats of results by name, in the order of preference."""
GRAPHS = {
    media.name: media
    for media in (
        Media("turtle", "ttl", ("text/turtle", "application/x-turtle"), _UTF8),
        Media("ntriples", "nt", ("application/n-triples", "text/plain")),
        Media("jsonld", "jsonld", ("application/ld+json", "application/json")),
        Media("rdfxml", "rdf", ("application/rdf+xml", "application/xml", "text/xml")),
    )
}
"""Formats of graphs by name, in the order of preference."""
