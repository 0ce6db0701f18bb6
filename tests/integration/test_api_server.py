"""The local API server answers as the official specification says, and goes wrong only where it is told to."""

from __future__ import annotations

import io
import json
import socket
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import jsonschema
import pytest
import yaml

from tests.conftest import MADE, STUDIES
from tests.integration.api_search import AREAS, ExpressionError, area_paths, fields, parsed
from tests.integration.api_server import ApiServer, Fault, copies, records_in, serve

SPECIFICATION = Path(__file__).parents[3] / "shared" / "data" / "ctgov-api" / "ctg-oas-v2.0.5.yaml"
ZIP = SPECIFICATION.parents[1] / "studies.zip"
RECORDS = [path.read_bytes() for path in STUDIES]
NUMBERS = [path.stem for path in STUDIES]
ALIAS, MERGED = "NCT00459394", "NCT00470873"
COUNTED = {"countTotal": "true"}


class Api:
    """A server that runs, and a client of it."""

    def __init__(self, server: ApiServer, client: httpx.Client) -> None:
        self.server = server
        self.client = client

    def get(self, path: str = "/studies", headers: Any = None, **params: Any) -> httpx.Response:
        names = {name.replace("_", "."): value for name, value in params.items()}
        return self.client.get(self.server.url + path, params=names or None, headers=headers)

    def found(self, **params: Any) -> list[str]:
        page = self.get(**({"pageSize": "1000"} | params)).json()
        return [study["protocolSection"]["identificationModule"]["nctId"] for study in page["studies"]]

    def pages(self, **params: Any) -> Iterator[dict[str, Any]]:
        page = self.get(**params, **COUNTED).json()
        yield page
        while token := page.get("nextPageToken"):
            page = self.get(**params, pageToken=token).json()
            yield page


@pytest.fixture
def api() -> Iterator[Api]:
    server = ApiServer(RECORDS)
    with serve(server), httpx.Client(timeout=5) as client:
        yield Api(server, client)


# -- the specification ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    if not SPECIFICATION.exists():
        pytest.skip("the specification of the API is not here (../shared/data/ctgov-api)")
    read: dict[str, Any] = yaml.load(SPECIFICATION.read_text("utf-8"), yaml.CSafeLoader)
    return read


@pytest.fixture(scope="module")
def follows(specification: dict[str, Any]) -> Callable[[httpx.Response, str], None]:
    def check(response: httpx.Response, path: str) -> None:
        described = specification["paths"][path]["get"]["responses"][str(response.status_code)]["content"]
        if response.status_code == 301:
            assert not described
            return
        kind = response.headers["Content-Type"].partition(";")[0]
        data = response.json() if kind == "application/json" else response.text
        jsonschema.validate(data, {**described[kind]["schema"], "components": specification["components"]})

    return check


@pytest.mark.parametrize(
    ("path", "status", "params"),
    [
        ("/studies", 200, {}),
        ("/studies", 200, {"countTotal": "true", "pageSize": "34"}),
        ("/studies", 200, {"query.cond": "asthma", "fields": "NCTId|BriefTitle", "sort": "LastUpdatePostDate"}),
        ("/studies", 200, {"query.cond": "nothing has this name"}),
        ("/studies", 400, {"filter.phase": "PHASE1"}),
        ("/studies", 400, {"pageToken": "abracadabra"}),
        ("/studies/{nctId}", 200, {"nctId": NUMBERS[0]}),
        ("/studies/{nctId}", 200, {"nctId": NUMBERS[0], "fields": "ConditionsModule"}),
        ("/studies/{nctId}", 301, {"nctId": ALIAS}),
        ("/studies/{nctId}", 400, {"nctId": "NCT0"}),
        ("/studies/{nctId}", 404, {"nctId": "NCT99999998"}),
        ("/studies/metadata", 200, {}),
        ("/studies/search-areas", 200, {}),
        ("/studies/enums", 200, {}),
        ("/stats/size", 200, {}),
        ("/version", 200, {}),
        ("/version", 400, {"fields": "NCTId"}),
    ],
)
def test_answers_follow_the_specification(
    api: Api, follows: Callable[[httpx.Response, str], None], path: str, status: int, params: dict[str, str]
) -> None:
    given = dict(params)
    response = api.get(path.replace("{nctId}", given.pop("nctId", "")), **given)
    assert response.status_code == status
    follows(response, path)


def test_a_record_with_every_field_follows_the_specification(
    follows: Callable[[httpx.Response, str], None], api: Api
) -> None:
    api.server.set(MADE.read_bytes())
    follows(api.get(f"/studies/{MADE.stem}"), "/studies/{nctId}")


def test_all_real_records_follow_the_specification(follows: Callable[[httpx.Response, str], None], api: Api) -> None:
    if not ZIP.exists():
        pytest.skip("the real records are not here (../shared/data/studies.zip)")
    api.server.set(*list(records_in(ZIP))[::20])
    for params in ({}, {"fields": "ProtocolSection"}):
        follows(api.get(pageSize="1000", **params), "/studies")


def test_the_parameters_are_those_of_the_specification(specification: dict[str, Any], api: Api) -> None:
    known = {each["name"] for each in specification["paths"]["/studies"]["get"]["parameters"]}
    unserved = {"geoDecay", "aggFilters", *(f"{kind}.{name}" for kind in ("filter", "postFilter") for name in GEO)}
    for name in known | {"filter.phase"}:
        answer = api.client.get(api.server.url + "/studies", params={name: ""}).text
        assert ("unknown parameter" in answer) == (name in unserved | {"filter.phase"}), name


GEO = ("geo", "synonyms")


# -- pages ------------------------------------------------------------------------------------------------------


def test_pages_follow_each_other_to_the_end(api: Api) -> None:
    pages = list(api.pages(pageSize="10"))
    assert [len(page["studies"]) for page in pages] == [10, 10, 10, 4]
    assert [page.get("totalCount") for page in pages] == [34, None, None, None]
    assert [study for page in pages for study in page["studies"]] == [json.loads(record) for record in RECORDS]


def test_a_token_comes_with_a_full_page_even_with_the_last_one(api: Api) -> None:
    pages = list(api.pages(pageSize="17"))
    assert [len(page["studies"]) for page in pages] == [17, 17, 0]
    tokens = [page.get("nextPageToken", "") for page in pages]
    assert all("-" in token and "_" in token for token in tokens[:2])
    assert tokens[2] == ""
    assert api.get(pageSize="17", pageToken=tokens[1]).text == '{"studies":[  ]}'


@pytest.mark.parametrize(("given", "size"), [("", 10), ("0", 10), ("3", 3), ("25", 20), ("5000", 20)])
def test_the_size_of_a_page_is_limited_without_a_word(given: str, size: int) -> None:
    server = ApiServer(RECORDS, page_limit=20)
    with serve(server), httpx.Client() as client:
        assert len(Api(server, client).get(**({"pageSize": given} if given else {})).json()["studies"]) == size


def test_the_size_of_pages_may_change_and_the_total_is_told_once(api: Api) -> None:
    first = api.get(pageSize="4").json()
    second = api.get(pageSize="7", pageToken=first["nextPageToken"], countTotal="true").json()
    third = api.get(pageToken=second["nextPageToken"]).json()
    assert "totalCount" not in first | second
    assert [*first["studies"], *second["studies"], *third["studies"]] == [json.loads(each) for each in RECORDS[:21]]


def test_tokens_die_with_the_version_of_the_data(api: Api) -> None:
    before = api.get(pageSize="10").json()
    assert api.get(pageSize="10", pageToken=before["nextPageToken"]).status_code == 200
    api.server.move()
    dead = api.get(pageSize="10", pageToken=before["nextPageToken"])
    assert (dead.status_code, dead.headers["Content-Type"]) == (400, "text/plain; charset=UTF-8")
    assert dead.text == "Incorrect or expired value of parameter `pageToken`"
    after = api.get(pageSize="10").json()
    assert after["nextPageToken"] != before["nextPageToken"]
    assert {each["derivedSection"]["miscInfoModule"]["versionHolder"] for each in after["studies"]} == {"2026-11-28"}
    assert api.get("/version").json() == {"apiVersion": "2.0.5", "dataTimestamp": "2026-11-28T09:00:05"}


def test_a_move_changes_nothing_but_the_version_in_the_records(api: Api) -> None:
    api.server.move("2027-01-02T09:00:00")
    for record in RECORDS:
        expected = json.loads(record)
        expected["derivedSection"]["miscInfoModule"]["versionHolder"] = "2027-01-02"
        number = expected["protocolSection"]["identificationModule"]["nctId"]
        assert api.get(f"/studies/{number}").json() == expected == api.server.records[number]


def test_a_token_is_a_position_in_any_query(api: Api) -> None:
    token = api.get(pageSize="3").json()["nextPageToken"]
    assert (
        api.found(pageSize="10", pageToken=token, filter_overallStatus="COMPLETED")
        == (api.found(filter_overallStatus="COMPLETED")[3:13])
    )


def test_a_study_that_vanishes_between_pages_is_not_on_a_later_one(api: Api) -> None:
    pages = api.pages(pageSize="10")
    first = next(pages)
    api.server.remove(NUMBERS[0], NUMBERS[12])
    rest = [study for page in pages for study in page["studies"]]
    expected = [json.loads(record) for record in RECORDS[10:12] + RECORDS[13:]]
    assert (first["totalCount"], rest) == (34, expected)
    assert api.get(**COUNTED).json()["totalCount"] == 32


def test_a_study_that_changes_between_pages_is_another_on_the_later_one(api: Api) -> None:
    pages = api.pages(pageSize="30")
    next(pages)
    record = api.server.records[NUMBERS[33]]
    record["protocolSection"]["identificationModule"]["briefTitle"] = "Another title"
    api.server.set(record)
    assert next(pages)["studies"][-1] == record


def test_pages_from_before_a_change_are_not_served_after_it(api: Api) -> None:
    headers = {"Accept-Encoding": "gzip"}
    first = api.get(headers=headers).json()
    record = api.server.records[NUMBERS[10]] | {"hasResults": True}
    api.server.set(record)
    api.get(headers=headers, pageToken=first["nextPageToken"])
    added = record | {"protocolSection": {"identificationModule": {"nctId": "NCT99999997"}}}
    api.server.records["NCT99999997"] = added
    assert len([study for page in api.pages() for study in page["studies"]]) == 35


# -- search and filters -----------------------------------------------------------------------------------------


def words_of(record: bytes, *path: str) -> str:
    data: Any = json.loads(record)
    for name in path:
        data = data.get(name, {})
    return json.dumps(data).lower()


def test_areas_and_their_pieces_are_of_the_data_model() -> None:
    pieces = {piece for area in AREAS.values() for piece in area.split()}
    assert pieces <= fields().keys()
    assert area_paths("LastUpdatePostDate") == [("protocolSection", "statusModule", "lastUpdatePostDateStruct", "date")]


@pytest.mark.parametrize(
    ("parameter", "term", "path"),
    [
        ("query_locn", "Germany", ("contactsLocationsModule", "locations")),
        ("query_spons", "university", ("sponsorCollaboratorsModule",)),
        ("query_lead", "pfizer", ("sponsorCollaboratorsModule", "leadSponsor")),
        ("query_term", "placebo", ()),
    ],
)
def test_a_query_finds_the_studies_with_its_words(api: Api, parameter: str, term: str, path: tuple[str, ...]) -> None:
    found = api.found(**{parameter: term})
    for number in found:
        assert term.lower() in json.dumps(api.server.records[number]).lower()
    without = [each for each, record in zip(NUMBERS, RECORDS, strict=True) if each not in found]
    for number in without:
        assert term.lower() not in words_of(api.server.records.json[number], "protocolSection", *path).split()


CASES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "AREA[Phase]PHASE3": lambda study: "PHASE3" in phases(study),
    "AREA[Phase](PHASE2 OR PHASE3)": lambda study: bool({"PHASE2", "PHASE3"} & {*phases(study)}),
    "AREA[Phase]PHASE2 AND AREA[Phase]PHASE3": lambda study: {"PHASE2", "PHASE3"} <= {*phases(study)},
    "NOT AREA[Phase]NA": lambda study: "NA" not in phases(study),
    "AREA[Phase]MISSING": lambda study: not phases(study),
    "AREA[Phase]PHASE3 OR AREA[Phase]NA AND AREA[OverallStatus]COMPLETED": lambda study: (
        "PHASE3" in phases(study) or ("NA" in phases(study) and status(study) == "COMPLETED")
    ),
    "(AREA[Phase]PHASE3 OR AREA[Phase]NA) AND AREA[OverallStatus]COMPLETED": lambda study: (
        bool({"PHASE3", "NA"} & {*phases(study)}) and status(study) == "COMPLETED"
    ),
    "AREA[Phase]PHASE2 NOT AREA[OverallStatus]COMPLETED": lambda study: (
        "PHASE2" in phases(study) and status(study) != "COMPLETED"
    ),
    "AREA[LastUpdatePostDate]RANGE[2022-01-01,MAX]": lambda study: posted(study) >= "2022-01-01",
    "AREA[LastUpdatePostDate]RANGE[MIN,2021]": lambda study: posted(study) <= "2021-12-31",
    "AREA[LastUpdatePostDate]RANGE[01/15/2020, 2021-06]": lambda study: "2020-01-15" <= posted(study) <= "2021-06-30",
    "AREA[EnrollmentCount]RANGE[100,2000]": lambda study: 100 <= enrolled(study) <= 2000,
    "AREA[LastUpdatePostDate]2021": lambda study: posted(study).startswith("2021"),
    "AREA[HasResults]true": lambda study: bool(study["hasResults"]),
    "ALL": lambda _: True,
}


def phases(study: Any) -> Any:
    return study["protocolSection"].get("designModule", {}).get("phases", [])


def status(study: Any) -> Any:
    return study["protocolSection"]["statusModule"]["overallStatus"]


def posted(study: Any) -> Any:
    return study["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"]


def enrolled(study: Any) -> Any:
    return study["protocolSection"].get("designModule", {}).get("enrollmentInfo", {}).get("count", -1)


@pytest.mark.parametrize("expression", CASES)
def test_expressions_select_studies(api: Api, expression: str) -> None:
    expected = [number for number in NUMBERS if CASES[expression](api.server.records[number])]
    assert api.found(filter_advanced=expression) == expected == api.found(query_term=expression)
    assert expression == "ALL" or 0 < len(expected) < 34


@pytest.mark.parametrize(
    ("expression", "text", "matches"),
    [
        ("lung cancer", "Cancer of the lung", True),
        ('"lung cancer"', "Cancer of the lung", False),
        ('"lung cancer"', "Non-Small-Cell Lung Cancer, stage IV", True),
        ("lung", "Lungs", False),
        ("head OR neck", "neck", True),
        ("head or neck", "neck", False),
        ("pain NOT cancer", "cancer pain", False),
        ("pain AND NOT (head OR neck)", "back pain", True),
        ('AREA[Condition]COVERAGE[FullMatch]"back pain"', "back pain", True),
        ("AREA[Condition]COVERAGE[FullMatch]pain", "back pain", False),
        ("AREA[Keyword]pain OR nothing", "back pain", False),
        (r"\NOT pain", "not a pain", True),
    ],
)
def test_terms(expression: str, text: str, matches: bool) -> None:
    study = {"protocolSection": {"conditionsModule": {"conditions": ["other", text]}}}
    assert parsed(expression, "ConditionSearch")(study) is matches


@pytest.mark.parametrize(
    "expression", ["(a", "a)", "AREA[Nothing]a", "a AND", "OR a", "FOO[a]b", "AREA[Phase]RANGE[1]"]
)
def test_expressions_that_are_not_understood(expression: str) -> None:
    with pytest.raises(ExpressionError):
        parsed(expression, "BasicSearch")


def test_filters_of_status_and_ids(api: Api) -> None:
    wanted = [number for number in NUMBERS if status(api.server.records[number]) in ("COMPLETED", "RECRUITING")]
    assert api.found(filter_overallStatus="COMPLETED,RECRUITING") == wanted
    assert api.found(filter_overallStatus="COMPLETED|RECRUITING") == wanted
    assert api.found(filter_ids="NCT99999998,nct1,NCT00000001") == []
    assert api.found(filter_ids=f"nct000{NUMBERS[0][5:]}") == NUMBERS[:1]
    assert api.found(filter_ids=f"nct{NUMBERS[0][5:]}|{ALIAS}") == [NUMBERS[0], MERGED]
    assert api.found(filter_ids=NUMBERS[0], filter_overallStatus="WITHDRAWN") == []


def test_a_query_of_nct_numbers_ignores_filters(api: Api) -> None:
    query = f"{NUMBERS[0]}, {ALIAS}"
    assert api.found(query_term=query, filter_overallStatus="WITHHELD") == [NUMBERS[0], MERGED]
    assert api.found(query_term=f"{NUMBERS[0]} AND asthma", filter_overallStatus="WITHHELD") == []


def test_studies_are_sorted_by_at_most_two_keys(api: Api) -> None:
    found = [posted(api.server.records[number]) for number in api.found(sort="LastUpdatePostDate")]
    assert found == sorted(found, reverse=True)
    counts = [enrolled(api.server.records[number]) for number in api.found(sort="EnrollmentCount:asc|StartDate")]
    assert counts == sorted(counts, key=lambda count: (count == -1, count))


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"filter.phase": "PHASE3"}, "`filter.phase` is unknown parameter"),
        ({"filter.overallStatus": "DONE"}, "Invalid value in parameter `overallStatus`: `DONE`"),
        ({"filter.ids": "NCT1,ABC"}, "Item 2 in parameter `filter.ids` has incorrect format"),
        ({"filter.advanced": "AREA[X]y"}, "Error parsing query in advanced filter: Unknown area name: 'X'"),
        ({"sort": "BriefTitle"}, "Unsupported sort field type: text"),
        ({"sort": "StartDate,EnrollmentCount,CompletionDate"}, "Too many items in parameter `sort`: max 2"),
        ({"pageSize": "-1"}, "Parameter `pageSize` has incorrect format"),
        ({"countTotal": "yes"}, "Parameter `countTotal` has incorrect format"),
        ({"fields": ""}, "Parameter `fields` is empty"),
        ({"fields": "Nothing"}, "Invalid value in parameter `fields`: Unknown area name: 'Nothing'"),
    ],
)
def test_wrong_parameters_are_named_in_a_sentence(api: Api, params: dict[str, str], text: str) -> None:
    response = api.get(**params)
    assert (response.status_code, response.text) == (400, text)


def test_a_url_that_is_too_long(api: Api) -> None:
    assert api.get(filter_ids=",".join(["NCT00000001"] * 700)).status_code == 414


def test_fields_of_studies(api: Api) -> None:
    whole = json.loads(RECORDS[0])["protocolSection"]
    assert api.get(pageSize="1", fields="NCTId").json()["studies"] == [
        {"protocolSection": {"identificationModule": {"nctId": NUMBERS[0]}}}
    ]
    names = "protocolSection.identificationModule.nctId,OverallStatus|ConditionsModule"
    assert api.get(pageSize="1", fields=names).json()["studies"] == [
        {
            "protocolSection": {
                "identificationModule": {"nctId": NUMBERS[0]},
                "statusModule": {"overallStatus": whole["statusModule"]["overallStatus"]},
                "conditionsModule": whole["conditionsModule"],
            }
        }
    ]


# -- other resources --------------------------------------------------------------------------------------------


def test_a_study_by_its_number(api: Api) -> None:
    assert api.get(f"/studies/{NUMBERS[0].lower()}").json() == json.loads(RECORDS[0])
    assert api.get("/studies/NCT99999998").text == "NCT number NCT99999998 not found"
    assert api.get("/studies/X1").text == "Parameter `nctId` has incorrect format"


def test_an_alias_is_redirected(api: Api) -> None:
    api.server.aliases["NCT00000002"] = NUMBERS[5]
    for alias, number in ((ALIAS, MERGED), ("NCT00000002", NUMBERS[5])):
        moved = api.get(f"/studies/{alias}", fields="NCTId")
        assert (moved.status_code, moved.headers["Location"]) == (301, f"/api/v2/studies/{number}?fields=NCTId")
    assert api.found(filter_ids="NCT00000002") == [NUMBERS[5]]


def test_the_bulk_download(api: Api) -> None:
    with zipfile.ZipFile(io.BytesIO(api.get("/studies/download", format="json.zip").content)) as archive:
        assert archive.namelist() == [f"{number}.json" for number in NUMBERS]
        assert [json.loads(archive.read(name)) for name in archive.namelist()] == [json.loads(each) for each in RECORDS]
    assert api.get("/stats/size").json()["totalStudies"] == 34
    head = api.client.head(api.server.url + "/studies/download?format=json.zip")
    assert (head.status_code, head.content, "Content-Length" in head.headers) == (200, b"", False)


def test_parts_of_the_bulk_download(api: Api) -> None:
    whole = api.get("/studies/download", format="json.zip")
    tag = whole.headers["ETag"]
    part = api.get("/studies/download", {"Range": "bytes=1000-", "If-Range": tag}, format="json.zip")
    size = len(whole.content)
    assert (part.status_code, part.headers["Content-Range"]) == (206, f"bytes 1000-{size - 1}/{size}")
    assert part.content == whole.content[1000:]
    assert api.get("/studies/download", {"Range": f"bytes={size}-"}, format="json.zip").status_code == 416
    api.server.move()
    other = api.get("/studies/download", {"Range": "bytes=1000-", "If-Range": tag}, format="json.zip")
    assert (other.status_code, other.headers["ETag"] == tag) == (200, False)
    api.server.has_ranges = False
    assert api.get("/studies/download", {"Range": "bytes=9-"}, format="json.zip").status_code == 200


def test_a_bulk_download_that_is_chunked_or_cut_on_the_server(api: Api) -> None:
    whole = api.get("/studies/download", format="json.zip").content
    api.server.zip_is_chunked, api.server.zip_share = True, 0.7
    cut = api.get("/studies/download", format="json.zip")
    assert "Content-Length" not in cut.headers
    assert cut.content == whole[: int(len(whole) * 0.7)]
    assert not zipfile.is_zipfile(io.BytesIO(cut.content))


def test_tags_and_encodings(api: Api) -> None:
    plain = api.get(headers={"Accept-Encoding": "identity"})
    packed = api.get(headers={"Accept-Encoding": "gzip"})
    assert ("Content-Encoding" in plain.headers, packed.headers["Content-Encoding"]) == (False, "gzip")
    assert plain.content == packed.content
    assert api.server.requests[1].sent < api.server.requests[0].sent == len(plain.content)
    assert api.get(headers={"If-None-Match": plain.headers["ETag"]}).status_code == 304
    api.server.move()
    assert api.get(headers={"If-None-Match": plain.headers["ETag"]}).status_code == 200


# -- faults -----------------------------------------------------------------------------------------------------


def test_a_fault_hits_the_requests_that_it_names(api: Api) -> None:
    api.server.inject("500", at=2, times=2, path="/studies")
    api.server.inject("429", at=1, path="/version", retry_after=7)
    answers = [api.get(path) for path in ("/version", "/studies", "/version", "/studies", "/studies", "/studies")]
    assert [answer.status_code for answer in answers] == [429, 200, 200, 500, 500, 200]
    assert answers[0].headers["Retry-After"] == "7"
    assert [request.fault for request in api.server.requests] == ["429", "", "", "500", "500", ""]
    assert (api.server.count(), api.server.count("/version")) == (4, 2)


def test_random_faults_are_the_same_for_the_same_seed() -> None:
    def faults(seed: int) -> list[str]:
        server = ApiServer(RECORDS[:1], seed=seed)
        server.inject(Fault(("500", "html", "reset"), probability=0.3))
        with serve(server), httpx.Client() as client:
            for _ in range(60):
                with suppress(httpx.HTTPError):
                    client.get(server.url + "/version")
        return [request.fault for request in server.requests]

    assert faults(1) == faults(1) != faults(2)
    assert {*faults(1)} == {"", "500", "html", "reset"}


@pytest.mark.parametrize(
    ("kind", "status", "start"),
    [
        ("429", 429, "Too Many Requests"),
        ("503", 503, "<html><head><title>503"),
        ("html", 200, "<!DOCTYPE html>"),
        ("empty", 200, ""),
        ("another shape", 200, '{"error"'),
        ("null", 200, "null"),
        ("short", 200, '{"studies":[{'),
        ("no studies", 200, '{"studies":[],"nextPageToken"'),
    ],
)
def test_faults_of_a_content(api: Api, kind: str, status: int, start: str) -> None:
    api.server.inject(kind)
    response = api.get()
    assert (response.status_code, response.text[: len(start)]) == (status, start)
    assert "Retry-After" not in response.headers
    assert api.get().json()["studies"] == [json.loads(record) for record in RECORDS[:10]]


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("kind", ["cut", "cut chunked", "corrupt", "reset"])
def test_faults_of_the_transport(api: Api, kind: str, encoding: str) -> None:
    api.server.inject(kind)
    with pytest.raises((httpx.TransportError, httpx.DecodingError, UnicodeDecodeError, json.JSONDecodeError)):
        api.get(headers={"Accept-Encoding": encoding}).json()
    assert len(api.get().json()["studies"]) == 10


def test_pages_that_say_less_than_there_is(api: Api) -> None:
    api.server.inject("no token")
    api.server.inject("study left out", at=2)
    assert "nextPageToken" not in api.get().json()
    assert len(api.get().json()["studies"]) == 9
    token = api.get().json()["nextPageToken"]
    api.server.inject("same page")
    assert api.get(pageToken=token).json()["studies"][0] == json.loads(RECORDS[0])
    assert api.get(pageToken=token).json()["studies"][0] == json.loads(RECORDS[10])


@pytest.mark.parametrize(("kind", "received"), [("stall", True), ("stall at once", False)])
def test_a_connection_that_stalls_is_silent_until_it_ends(api: Api, kind: str, received: bool) -> None:
    api.server.inject(kind, seconds=0.4)
    target = urlsplit(api.server.url)
    with socket.create_connection((target.hostname or "", target.port or 0), timeout=5) as connection:
        started = time.monotonic()
        connection.sendall(b"GET /api/v2/studies HTTP/1.1\r\nHost: x\r\n\r\n")
        data = b"".join(iter(lambda: connection.recv(1 << 20), b""))
    assert time.monotonic() - started >= 0.4
    assert data.startswith(b"HTTP/1.1 200 OK") is received


def test_a_connection_that_stalls_ends_with_the_server() -> None:
    server = ApiServer(RECORDS[:1])
    server.inject("stall")
    with serve(server) as url, httpx.Client(timeout=0.2) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(url + "/version")
        started = time.monotonic()
    assert time.monotonic() - started < 2


def test_a_dripping_connection_is_never_silent(api: Api) -> None:
    api.server.inject("drip", seconds=0.01)
    started = time.monotonic()
    with httpx.Client(timeout=0.5) as client:
        assert client.get(api.server.url + "/version").json()["apiVersion"] == "2.0.5"
    assert time.monotonic() - started > 0.4


def test_data_that_moves_while_it_is_read(api: Api) -> None:
    api.server.inject("move", at=2)
    token = api.get().json()["nextPageToken"]
    assert api.get(pageToken=token).status_code == 400
    token = api.get().json()["nextPageToken"]
    api.server.inject("dead token")
    assert api.get(pageToken=token).status_code == 400
    api.server.inject("vanish")
    api.server.inject("change", at=2)
    assert api.get(pageSize="100", **COUNTED).json()["totalCount"] == 33
    assert api.get(pageSize="100").json()["studies"][-1] != json.loads(RECORDS[32])
    api.server.inject("call", action=lambda server: server.remove(NUMBERS[1]))
    assert api.get(**COUNTED).json()["totalCount"] == 32


# -- many studies -----------------------------------------------------------------------------------------------


def test_many_studies_are_paged_in_little_time() -> None:
    server = ApiServer(copies([json.dumps(json.loads(each)).encode() for each in RECORDS], 5000))
    assert len(server.records) == 5000
    with serve(server), httpx.Client() as client:
        started = time.monotonic()
        pages = list(Api(server, client).pages(pageSize="1000", fields="NCTId"))
        assert time.monotonic() - started < 2
    numbers = [each["protocolSection"]["identificationModule"]["nctId"] for page in pages for each in page["studies"]]
    assert numbers == list(server.records)
