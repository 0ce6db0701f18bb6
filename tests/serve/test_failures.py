"""Responses to requests that fail."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("accept", ["", "*/*", "text/plain", "application/json", "text/turtle"])
def test_programs_get_a_sentence(client: TestClient, accept: str) -> None:
    response = client.get("/nothing", headers={"accept": accept})
    assert (response.status_code, response.text) == (404, "There is no such page.\n")
    assert response.headers["content-type"].startswith("text/plain")


def test_people_get_a_page_with_a_search(client: TestClient) -> None:
    response = client.get("/some/<b>thing", headers=BROWSER)
    assert response.status_code == 404
    assert response.headers["content-type"].startswith("text/html")
    assert 'role="search"' in response.text
    assert "<b>thing" not in response.text


def test_a_wrong_method_is_named(client: TestClient) -> None:
    response = client.delete("/sparql", headers=BROWSER)
    assert (response.status_code, "The method DELETE is not available here." in response.text) == (405, True)
    assert "GET" in response.headers["allow"]


def test_an_error_is_shown_to_people_as_a_page(client: TestClient) -> None:
    response = client.get("/sparql?query=a&query=b", headers=BROWSER)
    assert response.status_code == 400
    assert "<h1>Bad Request</h1>" in response.text
    assert "The request has more than one query; it takes one." in response.text
