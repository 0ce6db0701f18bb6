"""The choice of a format by the header Accept."""

from __future__ import annotations

import time

import pytest

from kg.serve.media import GRAPHS, HTML, RESULTS
from kg.serve.negotiation import choose, media_ranges

OFFERS = [*GRAPHS.values(), HTML]
CHROMIUM = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "name"),
    [
        ("", "turtle"),
        ("*/*", "turtle"),
        ("text/*", "turtle"),
        ("application/*", "ntriples"),
        (CHROMIUM, "html"),
        ("text/html;q=0.5, text/turtle;q=0.6", "turtle"),
        ("text/turtle;q=0, */*;q=0.1", "ntriples"),
        ("application/rdf+xml, text/turtle;q=0.99", "rdfxml"),
        ("application/ld+json;profile=\"http://www.w3.org/ns/json-ld#flattened\"", "jsonld"),
        (" text/turtle ; q=0.2 , application/n-triples ; q=0.3 ", "ntriples"),
        ("text/turtle;q=nonsense", "turtle"),
        ("text/turtle;q=1e9, application/n-triples", "turtle"),
        ("text/turtle;q=nan, application/n-triples;q=0.5", "turtle"),
        ("nonsense", "turtle"),
        (",,;,", "turtle"),
    ],
)  # fmt: skip
def test_the_best_format_is_chosen(accept: str, name: str) -> None:
    choice = choose(accept, OFFERS)
    assert choice is not None
    assert choice.media.name == name


@pytest.mark.parametrize("accept", ["image/png", "text/turtle;q=0", "*/*;q=0", "application/pdf, image/*;q=0.5"])
def test_no_format_is_acceptable(accept: str) -> None:
    assert choose(accept, OFFERS) is None


def test_the_content_type_is_the_one_that_the_client_names() -> None:
    choice = choose("application/json", [*RESULTS.values()])
    assert choice is not None
    assert choice.content_type == "application/json"


def test_a_long_header_takes_little_time() -> None:
    begun = time.monotonic()
    assert len(media_ranges("a/b;" * 20_000 + "," * 20_000)) <= 64
    assert time.monotonic() - begun < 1
