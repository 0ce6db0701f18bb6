"""Answers of the API, and answers that are none."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

import kg
from kg.http import retries
from kg.http.client import Client, ResponseError
from kg.registry.api import Api, Version
from kg.registry.page import page_of
from tests.integration.api_server import ApiServer, serve
from tests.loopback import Loopback, Reply, Request, serving
from tests.registry.registry import study

MAINTENANCE = "<!DOCTYPE html><html><head><title>Maintenance</title></head><body>Back soon</body></html>"
PAGE = {"totalCount": 2, "studies": [study(1), study(2)]}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "MAX_WAIT", 0.01)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with serving({}) as server:
        yield server


def test_versions_and_sizes_are_read(server: Loopback) -> None:
    server.routes["/version"] = Reply('{"apiVersion": "2.0.5", "dataTimestamp": "2026-11-27T09:00:05"}')
    server.routes["/stats/size"] = Reply('{"averageSizeBytes": 17, "totalStudies": 600000}')
    server.routes["/studies/NCT00000009"] = Reply("", 301, {"Location": "/studies/NCT00000001"})
    server.routes["/studies/NCT00000001"] = Reply(json.dumps(study(1)))
    with Api(server.url + "/", rate=0) as api:
        assert api.version() == Version("2.0.5", "2026-11-27T09:00:05")
        assert api.size() == 600000
        assert api.study("NCT00000009").number == "NCT00000001"


@pytest.mark.parametrize(
    "wrong",
    [
        Reply(MAINTENANCE),
        Reply(json.dumps(PAGE)[:-20]),
        Reply(json.dumps(PAGE), cut=40),
        Reply(json.dumps(PAGE), headers={"Content-Length": ""}, cut=40),
        Reply(""),
        Reply('{"message": "try later"}'),
        Reply('{"studies": [], "totalCount": null}'),
        Reply('{"studies": [{}], "totalCount": 1}'),
        Reply("[]"),
        Reply("down", 503),
        Reply("slow down", 429, {"Retry-After": "0"}),
        Reply("slow down", 429),
        Reply("", 500),
        Reply("", 408),
    ],
)
def test_what_is_no_answer_is_requested_again(server: Loopback, wrong: Reply) -> None:
    server.routes["/studies"] = lambda request: wrong if request.number < 3 else Reply(json.dumps(PAGE))
    with Api(server.url, rate=0) as api:
        assert api.page({}).ids == ("NCT00000001", "NCT00000002")
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (Reply(MAINTENANCE), 'the server answers with a web page ("Maintenance: Back soon") in place of JSON.'),
        (Reply("Not now"), 'the server answers with "Not now" in place of JSON.'),
        (Reply(""), "the server answers with nothing in place of JSON."),
        (Reply("{"), "the server answers with JSON that is cut or invalid."),
        (Reply('{"a": 1}'), 'with JSON that is no page of studies ({"studies": [...]}).'),
        (Reply('{"studies": []}'), "with a first page in which totalCount is null, not a number of studies."),
        (Reply('{"studies": [], "nextPageToken": 7, "totalCount": 0}'), "nextPageToken is 7, not a text."),
        (Reply('{"studies": [{"a": 1}], "totalCount": 1}'), "with a study whose NCT number is null."),
        (Reply("`query.cond` is invalid", 400), "the server answers 400 Bad Request: `query.cond` is invalid."),
    ],
)
def test_what_stays_no_answer_is_an_error_of_one_sentence(server: Loopback, reply: Reply, message: str) -> None:
    server.routes["/studies"] = reply
    with Api(server.url, rate=0) as api, pytest.raises(kg.SourceError) as error:
        api.page({"query.cond": "(secret"})
    assert str(error.value).startswith(server.url + "/studies: ")
    assert str(error.value).endswith(message)


def test_a_response_that_takes_too_long_is_given_up(server: Loopback) -> None:
    def slow(request: Request) -> Reply:
        if request.number == 1:
            import time

            time.sleep(0.5)
        return Reply(json.dumps(PAGE))

    server.routes["/studies"] = slow
    with Api(server.url, rate=0, timeout=0.2) as api:
        assert len(api.page({}).ids) == 2


def test_requests_keep_their_distance(server: Loopback) -> None:
    import time

    server.routes["/studies"] = Reply(json.dumps(PAGE))
    begin = time.monotonic()
    with Api(server.url, rate=20) as api:
        for _ in range(5):
            api.page({})
    assert time.monotonic() - begin >= 0.2


def test_the_bytes_of_studies_are_kept() -> None:
    first = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000001","x":"\\u00e9 ]}{\\"a\\":"}},"n":1.50}'
    second = b'{"protocolSection":{"identificationModule":{"nctId":"NCT00000002"}},"n":12345678901234567890123}'
    for content in (
        b'{"studies":[%b,%b],"totalCount":2,"nextPageToken":"a-_]}"}',
        b'{"totalCount":2,"studies":[\n%b,\n%b\n],"nextPageToken":"a-_]}"}\n',
    ):
        page = page_of(content % (first, second), 10, is_first=True)
        assert page.studies == [first, second]
        assert (page.ids, page.token, page.total) == (("NCT00000001", "NCT00000002"), "a-_]}", 2)


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("reverse", [False, True])
def test_pages_of_any_layout_are_read(indent: int | None, reverse: bool) -> None:
    records = [{"x": "\ud800", **study(1)}, study(2), study(3)]
    records = [dict(reversed(record.items())) for record in records] if reverse else records
    content = json.dumps({"studies": records, "totalCount": 3}, indent=indent).encode()
    page = page_of(content, 10, is_first=True)
    assert [json.loads(text) for text in page.studies] == records
    assert not any(b"\n" in text for text in page.studies)


def test_the_time_for_a_request_is_limited_also_while_nothing_can_be_decoded() -> None:
    api = ApiServer([study(i) for i in range(1, 100)])
    api.inject("drip", seconds=0.01)
    started = time.monotonic()
    expected = pytest.raises(ResponseError, match="is not sent within 0 seconds")
    with serve(api) as url, Client(tries=1, deadline=0.2) as client, expected as error:
        client.get(f"{url}/studies?pageSize=100")
    assert error.value.is_temporary
    assert time.monotonic() - started < 1


def test_the_wait_between_two_requests_is_no_part_of_their_time() -> None:
    with serve(ApiServer([study(1)])) as url, Client(interval=0.4, deadline=0.3, tries=1) as client:
        assert [client.get(f"{url}/version").status for _ in range(2)] == [200, 200]
