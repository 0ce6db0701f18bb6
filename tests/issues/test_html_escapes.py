"""URLs with HTML escapes: repaired and counted, never a warning.

``&amp;`` was exported as it is, a link that leads nowhere, and a strict run did not count them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.errors import Repaired
from kg.export.exporter import Exporter
from kg.ontology.vocabulary import CT
from kg.restore.records import Restorer

REPAIRED = {
    "https:&#x2F;&#x2F;example.org&#x2F;a": "https://example.org/a",
    "https:&#X2f;&#47;example.org/a": "https://example.org/a",
    "https://example.org/?a=1&amp;b=2": "https://example.org/?a=1&b=2",
    "https://example.org/a&#x2F;b": "https://example.org/a/b",
    "https://example.org/?a=1&amp;copy=2": "https://example.org/?a=1&copy=2",
    "https://example.org/?a=%27&apos;b&apos;": "https://example.org/?a=%27'b'",
}
KEPT = [
    "https://example.org/?a=1&b=2",
    "https://example.org/?a=1&copy=2",
    "https://example.org/?a=1&lt=2",
    "https://example.org/?a=&lt;b&gt;",
    "https://example.org/?a&#section",
]


def study(*urls: str) -> dict[str, Any]:
    """A record with links."""
    links = [{"label": "x", "url": url} for url in urls]
    header = {"nctId": "NCT05937334", "briefTitle": "A trial"}
    return {"protocolSection": {"identificationModule": header, "referencesModule": {"seeAlsoLinks": links}}}


def urls(data: bytes) -> list[str]:
    quads = ox.parse(data, format=ox.RdfFormat.N_TRIPLES)
    return [
        quad.object.value
        for quad in quads
        if quad.predicate.value == CT + "url" and isinstance(quad.object, ox.NamedNode)
    ]


@pytest.mark.parametrize("url", REPAIRED)
def test_a_url_with_escapes_is_repaired_on_both_paths_and_restored(url: str) -> None:
    record, exporter = study(url), Exporter()
    fast, reference = exporter.try_json(orjson.dumps(record)), exporter(record)
    assert fast is not None
    assert fast.data == reference.data
    assert urls(fast.data) == [REPAIRED[url]]
    for exported in (fast, reference):
        assert [(type(error), error.value) for error in exported.errors] == [(Repaired, url)]
    assert list(Restorer(ox.parse(fast.data, format=ox.RdfFormat.N_TRIPLES))) == [record]


@pytest.mark.parametrize("url", KEPT)
def test_a_url_that_is_right_is_kept(url: str) -> None:
    record, exporter = study(url), Exporter()
    fast, reference = exporter.try_json(orjson.dumps(record)), exporter(record)
    assert fast is not None
    assert fast.data == reference.data
    assert urls(fast.data) == [url]
    assert fast.errors == reference.errors == []


def test_the_command_counts_them_and_prints_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(study(*REPAIRED, *KEPT)))
    for arguments in (
        ["export", "-o", "a.nt"],
        ["export", "-o", "a.nt", "--strict"],
        ["store", "build", "-o", "a.kgstore"],
    ):
        command = [sys.executable, "-m", "kg", *arguments, "a.json"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        assert len(done.stderr.splitlines()) == 1
        assert arguments[0] == "store" or f", {len(REPAIRED)} URLs repaired, " in done.stderr
