"""No text of a record becomes markup, a script or a request on any page."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.export.report import Report
from kg.serve.app import create_app
from kg.serve.settings import Settings
from kg.serve.state import Server
from kg.store.embedded import build
from tests.conftest import MADE, SEED

PAYLOAD = "\"'><img src=https://evil.example/x onerror=alert(1)><script>alert(2)</script>{{7*7}}&lt;b&gt;"
KEEP = re.compile(r"^(nctId|id|groupId|date|type|.*[dD]ate|phases|ctgid|units|country|lat|lon|value)$")
CHARACTERS = "\u202eevil\x07\ud7ff"
HOST = "http://127.0.0.1:8000"


def poisoned(value: Any, key: str = "") -> Any:
    """A record with hostile text in every text that is no identifier, date or code."""
    if isinstance(value, dict):
        return {name: poisoned(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [poisoned(item, key) for item in value]
    if isinstance(value, str) and not KEEP.match(key) and not re.fullmatch(r"[A-Z0-9_]+|[\d.<>= -]+", value):
        if value.startswith("http"):
            return "javascript:alert(3)//" + value
        return value[:40] + PAYLOAD + CHARACTERS
    return value


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("hostile")
    record = orjson.loads(MADE.read_bytes())
    (folder / "r.json").write_text(json.dumps(poisoned(record)), "utf-8")
    build([folder / "r.json", SEED], folder / "s.kgstore", report=Report())
    store = ox.Store.read_only(str(folder / "s.kgstore"))
    server = Server(folder / "s.kgstore", store, Settings(workers=1))
    with TestClient(create_app(server), base_url=HOST) as client:
        yield client


class Page(HTMLParser):
    """The elements, attributes and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.faults: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or name in ("style", "srcdoc", "formaction"):
                self.faults.append(f"{tag} {name}")
            if name in ("href", "src", "action", "xlink:href"):
                self.links.append(value or "")
        source = dict(attrs).get("src") or ""
        if tag in ("script", "img", "iframe", "object", "embed", "link", "base") and not source.startswith(("/", "")):
            self.faults.append(f"{tag} {source}")
        if tag in ("object", "embed", "base", "style", "form") and tag != "form":
            self.faults.append(tag)
        if tag == "script" and not source.startswith("/static/"):
            self.faults.append("script in the page")
        if tag == "img" and not source.startswith("/static/"):
            self.faults.append(f"img {source}")


def pages(client: TestClient, *starts: str, limit: int = 600) -> Iterator[tuple[str, str]]:
    """Yield the paths and texts of all pages that can be reached by links, HTML only."""
    waiting, seen = [*starts], {*starts}
    while waiting and limit:
        path, limit = waiting.pop(0), limit - 1
        response = client.get(path, headers={"accept": "text/html"})
        if not response.headers.get("content-type", "").startswith("text/html"):
            assert response.status_code == 200, path
            continue
        yield path, response.text
        assert response.status_code == 200, path
        if path.partition("?")[0].endswith("/picture"):
            continue
        for link in Page(response.text).links:
            url = urlsplit(urljoin(HOST + path, link))
            target = url.path + (f"?{url.query}" if url.query else "")
            if url.netloc == "127.0.0.1:8000" and target not in seen and is_of_these_pages(url.path):
                seen.add(target)
                waiting.append(target)


OURS = (
    "/study/",
    "/part/",
    "/record/",
    "/organization/",
    "/country/",
    "/mesh/",
    "/code/",
    "/town/",
    "/compare",
    "/branch/",
    "/scheme/",
)


def is_of_these_pages(path: str) -> bool:
    return path.startswith(OURS) and not path.endswith((".svg", ".rdf", ".jsonld", ".nt"))


def test_no_page_has_foreign_markup(hostile: TestClient) -> None:
    count = 0
    for path, text in pages(hostile, "/study/NCT99999999", "/compare?study=NCT99999999&study=NCT02059759"):
        count += 1
        if path.endswith("/picture"):
            continue  # a page of kg draw, with tests of its own
        page = Page(text)
        assert page.faults == [], path
        schemes = {urlsplit(link).scheme for link in page.links}
        assert schemes <= {"", "http", "https"}, path
        assert "\u202e" not in text, path
        assert "{{7*7}}" in text or "49&" not in text, path
    assert count > 150


def test_a_search_that_finds_nothing_shows_the_words_as_text(hostile: TestClient) -> None:
    response = hostile.get("/organization/" + "%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E")
    assert response.status_code == 404
    assert Page(response.text).faults == []


def test_every_link_of_real_pages_leads_somewhere(client: TestClient) -> None:
    starts = ("/study/NCT02059759", "/study/NCT00829985", "/study/NCT00829985/results")
    assert sum(1 for _ in pages(client, *starts, limit=400)) > 150


def test_headers_of_pages(client: TestClient) -> None:
    headers = client.get("/study/NCT02059759").headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"


FOLDER = Path(__file__).parents[2] / "kg" / "serve" / "templates"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.html")), ids=lambda path: path.name)
def test_templates_have_no_script_style_or_foreign_file(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"\son\w+=|style=|<style|javascript:|\|safe", text)
    assert not re.search(r"(src|<link[^>]*href)=\"https?:", text)
