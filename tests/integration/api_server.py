"""A server on loopback with the behaviour of the ClinicalTrials.gov API v2, over records that a test gives and changes.

It follows the official specification (version 2.0.5), and where that is silent, what clients report of the real API:
a token comes with every full page, also with the last one, and dies with the data version; a token is a position, so
another query may use it; ``filter.ids`` finds aliases; errors are sentences in ``text/plain``.

``python -m tests.integration.api_server STUDIES --port 8000`` serves records to other programs.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import re
import socket
import struct
import threading
import time
import zipfile
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

import orjson

from tests.integration.api_faults import CONTENT, DATA, TRANSPORT, Answer, Fault, text
from tests.integration.api_search import (
    AREAS,
    DATES,
    METADATA,
    NUMBERS,
    PARAMETERS,
    ExpressionError,
    Test,
    area_paths,
    fields,
    ordered,
    parsed,
    projected,
    tree_of,
    values,
)

ROOT = "/api/v2"
LONGEST_TARGET = 8190
"""The most characters of a request's target."""
ENUMS = METADATA.with_name("enums.json")
STATUSES: tuple[str, ...] = tuple(json.loads(ENUMS.read_text("utf-8"))["Status"])
FILTERS = ("overallStatus", "ids", "advanced")
OTHER_PARAMETERS = frozenset(
    ["format", "markupFormat", "fields", "sort", "countTotal", "pageSize", "pageToken"]
    + [f"{kind}.{name}" for kind in ("filter", "postFilter") for name in FILTERS]
)
PAGING = ("countTotal", "pageSize", "pageToken")
"""The parameters that may differ from page to page."""

Numbers = set[str]

_NCT = re.compile(r"[Nn][Cc][Tt]0*([1-9]\d{0,7})")
_ONLY_NCT = re.compile(r"\s*NCT\d{8}(?:[\s,]+NCT\d{8})*[\s,]*", re.IGNORECASE)
_FIRST_ID = re.compile(rb'"nctId"\s*:\s*"(NCT\d{8})"')
_VERSION_HOLDER = re.compile(rb'("versionHolder"\s*:\s*")[^"]*')


class Refusal(Exception):  # noqa: N818 -- it is an answer
    """An answer that is a sentence: a status and a text."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = text(status, message)


class Records(MutableMapping[str, dict[str, Any]]):
    """The records of a server by NCT number, kept as JSON: what is read is a copy, and has to be set again."""

    def __init__(self, records: Iterable[dict[str, Any] | bytes]) -> None:
        self.json: dict[str, bytes] = {}
        self.revision = 0
        """The number of changes."""
        for record in records:
            self.add(record)

    def add(self, record: dict[str, Any] | bytes) -> str:
        """Add or replace a record, in JSON or not; return its NCT number."""
        if isinstance(record, dict):
            record = orjson.dumps(record)
        elif b"\n" in record:
            record = orjson.dumps(orjson.loads(record))
        match = _FIRST_ID.search(record)
        assert match, "a record has an nctId"
        number = match[1].decode()
        self.json[number] = record
        self.revision += 1
        return number

    def stamp(self, day: str) -> None:
        """Set the ``versionHolder`` of all records that have one."""
        for number, record in self.json.items():
            at = max(0, record.rfind(b'"versionHolder"'))
            self.json[number] = record[:at] + _VERSION_HOLDER.sub(rb"\g<1>" + day.encode(), record[at:], count=1)
        self.revision += 1

    def __getitem__(self, number: str) -> dict[str, Any]:
        record: dict[str, Any] = orjson.loads(self.json[number])
        return record

    def __setitem__(self, number: str, record: dict[str, Any]) -> None:
        assert self.add(record) == number

    def __delitem__(self, number: str) -> None:
        del self.json[number]
        self.revision += 1

    def __contains__(self, number: object) -> bool:
        return number in self.json

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.json))

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self.json))

    def __len__(self) -> int:
        return len(self.json)


@dataclass
class Request:
    """A request that the server received, and what it answered."""

    method: str
    path: str
    """What follows ``/api/v2``."""
    params: dict[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    sent: int = 0
    """Bytes of the body that were sent, as they were encoded."""
    fault: str = ""


class ApiServer:
    """The API over some records, which a test may change between two requests; :func:`serve` runs it.

    ``page_limit`` is the largest page, ``delay`` the seconds before each answer, ``seed`` that of random faults.
    """

    api_version = "2.0.5"

    def __init__(
        self,
        records: Iterable[dict[str, Any] | bytes] = (),
        *,
        data_timestamp: str = "2026-11-27T09:00:05",
        page_limit: int = 1000,
        delay: float = 0.0,
        seed: int = 0,
    ) -> None:
        self.records = Records(records)
        self.data_timestamp = data_timestamp
        self.page_limit = page_limit
        self.delay = delay
        self.random = Random(seed)
        self.aliases: dict[str, str] = {}
        """Canonical NCT numbers of former ones, besides those that the records name."""
        self.faults: list[Fault] = []
        self.requests: list[Request] = []
        self.has_ranges = True
        """Whether parts of the bulk download are served, and said to be."""
        self.zip_is_chunked = False
        """Whether the bulk download comes without its length."""
        self.zip_share = 1.0
        """How much of the bulk download there is: less than 1 for a file that was cut on the server."""
        self.url = ""
        self.lock = threading.RLock()
        self.stopped = threading.Event()
        self._tokens: dict[str, int] = {}
        self._listings: OrderedDict[tuple[Any, ...], list[str]] = OrderedDict()
        self._made: OrderedDict[tuple[Any, ...], Any] = OrderedDict()
        self._made_for = -1

    # -- what a test changes --

    def set(self, *records: dict[str, Any] | bytes) -> None:
        """Add or replace records; the data version stays."""
        with self.lock:
            for record in records:
                self.records.add(record)

    def remove(self, *numbers: str) -> None:
        """Remove studies; the data version stays."""
        with self.lock:
            for number in numbers:
                del self.records[number]

    def move(self, timestamp: str = "") -> None:
        """Move the data to another version, by default that of the next day: no token lives on, and records tell it."""
        with self.lock:
            next_day = datetime.fromisoformat(self.data_timestamp) + timedelta(days=1)
            self.data_timestamp = timestamp or next_day.isoformat()
            self.records.stamp(self.data_timestamp[:10])
            self.forget_tokens()

    def forget_tokens(self) -> None:
        """Let all tokens die."""
        with self.lock:
            self._tokens.clear()
            self._listings.clear()

    def inject(self, fault: Fault | str, **options: Any) -> Fault:
        """Add a fault, given as such or by its kind and options."""
        fault = Fault(fault, **options) if isinstance(fault, str) else fault
        self.faults.append(fault)
        return fault

    def count(self, path: str = "/studies") -> int:
        """Return how many requests for a path there were."""
        return sum(request.path == path for request in self.requests)

    def sent(self) -> int:
        """Return the number of bytes of all bodies that were sent."""
        return sum(request.sent for request in self.requests)

    # -- answers --

    def answer(self, request: Request) -> Answer:
        """Return the answer to a request, with the first of the faults that hit it."""
        with self.lock:
            self.requests.append(request)
            kind, fault = self._drawn(request)
            request.fault = kind
            if kind in DATA:
                DATA[kind](self)
            elif kind == "call" and fault.action:
                fault.action(self)
            elif kind == "same page":
                request.params.pop("pageToken", None)
            answer = self._content(request)
            if kind in CONTENT:
                answer = CONTENT[kind](answer, fault)
            answer = self._encoded(request, answer)
            return TRANSPORT[kind](answer, fault) if kind in TRANSPORT else answer

    def _drawn(self, request: Request) -> tuple[str, Fault]:
        drawn = [(fault.drawn(request.path, self.random), fault) for fault in self.faults]
        return next(((kind, fault) for kind, fault in drawn if kind), ("", Fault("500")))

    def _content(self, request: Request) -> Answer:
        try:
            answer = self._route(request)
        except Refusal as refusal:
            return refusal.answer
        if answer.status == 200 and request.headers.get("If-None-Match") == self.etag:
            return Answer(status=304, headers={"ETag": self.etag})
        return answer.replace(headers={"ETag": self.etag} | dict(answer.headers), key=answer.key)

    def _route(self, request: Request) -> Answer:
        path, params = request.path, request.params
        if path == "/studies":
            return self._page(params)
        if path == "/studies/download":
            return self._download(request)
        if path in self._FIXED:
            if params and path != "/studies/metadata":
                raise Refusal(400, f"`{next(iter(params))}` is unknown parameter")
            return _json(self._FIXED[path](self))
        if match := re.fullmatch(r"/studies/([^/]+)", path):
            return self._study(match[1], params)
        raise Refusal(404, "Not Found")

    def _encoded(self, request: Request, answer: Answer) -> Answer:
        accepted = re.split(r"[\s,;]+", request.headers.get("Accept-Encoding", ""))
        is_text = "zip" not in answer.headers.get("Content-Type", "")
        if "gzip" not in accepted or not is_text or len(answer.body) < 200 or answer.reset:
            return answer

        def compressed() -> bytes:
            return gzip.compress(answer.body, 1, mtime=0)

        body = self._cached(("gzip", answer.key), compressed) if answer.key else compressed()
        return answer.replace(body=body, headers=dict(answer.headers) | {"Content-Encoding": "gzip"})

    @property
    def etag(self) -> str:
        """The tag of the data, which is that of all answers."""
        data = f"{self.data_timestamp} {self.records.revision}".encode()
        return f'"{blake2b(data, digest_size=8).hexdigest()}"'

    def _cached(self, key: tuple[Any, ...], made: Any) -> Any:
        """Return what was made for the same records and key, or make it."""
        if self._made_for != self.records.revision:
            self._made.clear()
            self._made_for = self.records.revision
        if key not in self._made:
            self._made[key] = made()
            while len(self._made) > 64:
                self._made.popitem(last=False)
        return self._made[key]

    # -- /studies --

    def _page(self, params: dict[str, str]) -> Answer:
        _check(params)
        size = min(_integer(params, "pageSize") or 10, self.page_limit)
        start = self._position(params)
        listing = self._listing(params, is_first="pageToken" not in params)
        numbers, end = self._taken(listing, start, size)
        total = self._total(listing) if _counts(params) else None
        token = self._token(params, end) if len(numbers) == size else ""
        parts = [b'{"studies":[' if total is None else b'{"totalCount":%d,"studies":[' % total]
        parts += [b",\n".join(self._records(numbers, params)) or b"  ", b"]"]
        parts.append(b',"nextPageToken":"%s"}' % token.encode() if token else b"}")
        key = (tuple(numbers), total, token, params.get("fields"))
        return Answer(b"".join(parts), headers={"Content-Type": "application/json"}, key=key)

    def _position(self, params: Mapping[str, str]) -> int:
        token = params.get("pageToken")
        if token is None:
            return 0
        if token not in self._tokens:
            raise Refusal(400, "Incorrect or expired value of parameter `pageToken`")
        return self._tokens[token]

    def _token(self, params: Mapping[str, str], position: int) -> str:
        known = f"{self.data_timestamp} {_key(params)} {position}".encode()
        name = urlsafe_b64encode(blake2b(known, digest_size=9).digest()).decode()
        token = f"{name[:7]}-{name[7:]}_"
        self._tokens[token] = position
        return token

    def _taken(self, listing: list[str], start: int, size: int) -> tuple[list[str], int]:
        """Return the next studies of a listing that are still there, and the position after them."""
        numbers: list[str] = []
        end = start
        while end < len(listing) and len(numbers) < size:
            if listing[end] in self.records:
                numbers.append(listing[end])
            end += 1
        return numbers, end

    def _total(self, listing: list[str]) -> int:
        return sum(number in self.records for number in listing)

    def _listing(self, params: Mapping[str, str], *, is_first: bool) -> list[str]:
        """Return the studies of a query, as they were when its first page was asked for."""
        key = _key(params)
        if is_first or key not in self._listings:
            found = self._cached(("listing", *key), lambda: self._sorted(self._found(params), params))
            self._listings[key] = found
            while len(self._listings) > 100:
                self._listings.popitem(last=False)
        return self._listings[key]

    def _found(self, params: Mapping[str, str]) -> list[str]:
        tests, numbers = self._tests(params)
        found = list(self.records) if numbers is None else [each for each in self.records if each in numbers]
        if not tests:
            return found
        return [number for number in found if all(test(self.records[number]) for test in tests)]

    def _tests(self, params: Mapping[str, str]) -> tuple[list[Test], Numbers | None]:
        """Return the tests of records, and the studies that come into question, or None for all."""
        queries = {name: value for name, value in params.items() if name in PARAMETERS and value.strip()}
        for value in queries.values():
            if _ONLY_NCT.fullmatch(value):
                return [], self._canonical(re.split(r"[\s,]+", value.strip(" ,")))
        tests = [_parsed(value, PARAMETERS[name], name) for name, value in queries.items()]
        numbers: Numbers | None = None
        for name in ("filter", "postFilter"):
            if value := params.get(f"{name}.advanced", "").strip():
                tests.append(_parsed(value, "BasicSearch", f"{name}.advanced"))
            if value := params.get(f"{name}.overallStatus", ""):
                tests.append(_has_status(_listed(value)))
            if value := params.get(f"{name}.ids", ""):
                given = self._canonical(_nct_numbers(_listed(value), f"{name}.ids"))
                numbers = given if numbers is None else numbers & given
        return tests, numbers

    def _canonical(self, numbers: Iterable[str]) -> Numbers:
        aliases = self.all_aliases()
        return {aliases.get(number.upper(), number.upper()) for number in numbers}

    def all_aliases(self) -> dict[str, str]:
        """Return the canonical NCT numbers of all former ones."""

        def own() -> dict[str, str]:
            holders = [number for number, record in self.records.json.items() if b'"nctIdAliases"' in record]
            path = fields()["NCTIdAlias"].path
            return {alias: number for number in holders for alias in values(self.records[number], path)}

        aliases = self._cached(("aliases",), own) | self.aliases
        return {alias: number for alias, number in aliases.items() if alias not in self.records}

    def _sorted(self, numbers: list[str], params: Mapping[str, str]) -> list[str]:
        for key in reversed(_listed(params.get("sort", ""))):
            name, _, direction = key.partition(":")
            if name == "@relevance":
                continue
            path, order, is_date = fields()[name].path, ordered(name), fields()[name].type in DATES
            first = {number: next(values(self.records[number], path), None) for number in numbers}
            known = [number for number in numbers if first[number] is not None]
            is_down = direction == "desc" or (not direction and is_date)
            known.sort(key=lambda number: order(str(first[number]), False), reverse=is_down)
            numbers = known + [number for number in numbers if first[number] is None]
        return numbers

    def _records(self, numbers: list[str], params: Mapping[str, str]) -> list[bytes]:
        names = tuple(_listed(params.get("fields", "")))
        if not names:
            return [self.records.json[number] for number in numbers]
        if names == ("NCTId",):
            form = b'{"protocolSection":{"identificationModule":{"nctId":"%s"}}}'
            return [form % number.encode() for number in numbers]
        tree = tree_of(names)
        return [orjson.dumps(projected(self.records[number], tree)) for number in numbers]

    # -- other resources --

    def _study(self, name: str, params: Mapping[str, str]) -> Answer:
        unknown = [each for each in params if each not in ("format", "markupFormat", "fields")]
        if unknown:
            raise Refusal(400, f"`{unknown[0]}` is unknown parameter")
        match = _NCT.fullmatch(name)
        if not match:
            raise Refusal(400, "Parameter `nctId` has incorrect format")
        number = f"NCT{int(match[1]):08}"
        if alias := self.all_aliases().get(number):
            query = "&".join(f"{key}={value}" for key, value in params.items())
            where = f"{ROOT}/studies/{alias}" + (f"?{query}" if query else "")
            return Answer(status=301, headers={"Location": where})
        if number not in self.records:
            raise Refusal(404, f"NCT number {number} not found")
        _check_fields(params)
        [record] = self._records([number], params)
        return Answer(record, headers={"Content-Type": "application/json"})

    def _size(self) -> object:
        sizes = {number: len(record) for number, record in self.records.json.items()}
        largest = sorted(sizes, key=lambda number: -sizes[number])[:10]
        ordered_sizes = sorted(sizes.values()) or [0]
        share = {str(each): ordered_sizes[min(len(sizes), each * len(sizes) // 100) - 1] for each in range(10, 101, 10)}
        return {
            "totalStudies": len(sizes),
            "averageSizeBytes": sum(sizes.values()) // max(1, len(sizes)),
            "percentiles": share,
            "ranges": [{"sizeRange": "0 - 10 MB", "studiesCount": len(sizes)}],
            "largestStudies": [{"id": number, "sizeBytes": sizes[number]} for number in largest],
        }

    _FIXED: ClassVar[dict[str, Any]] = {
        "/version": lambda self: {"apiVersion": self.api_version, "dataTimestamp": self.data_timestamp},
        "/stats/size": _size,
        "/studies/metadata": lambda _: json.loads(METADATA.read_text("utf-8")),
        "/studies/search-areas": lambda _: _search_areas(),
        "/studies/enums": lambda _: _enums(),
    }

    def _download(self, request: Request) -> Answer:
        if request.params != {"format": "json.zip"}:
            raise Refusal(400, "Parameter `format` has incorrect value")
        whole = self._zip()
        headers = {
            "Content-Type": "application/zip",
            "Content-Disposition": 'attachment; filename="ctg-studies.json.zip"',
            "ETag": self.etag,
        }
        if not self.has_ranges:
            return Answer(whole, 200, headers, self.zip_is_chunked)
        headers["Accept-Ranges"] = "bytes"
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
        if not match or request.headers.get("If-Range", self.etag) != self.etag:
            return Answer(whole, 200, headers, self.zip_is_chunked)
        start, end = int(match[1]), min(int(match[2] or len(whole)), len(whole) - 1)
        if start >= len(whole):
            return Answer(b"", 416, {"Content-Range": f"bytes */{len(whole)}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{len(whole)}"
        return Answer(whole[start : end + 1], 206, headers, self.zip_is_chunked)

    def _zip(self) -> bytes:
        def zipped() -> bytes:
            file = io.BytesIO()
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for number, record in self.records.json.items():
                    archive.writestr(zipfile.ZipInfo(f"{number}.json", (2026, 1, 1, 0, 0, 0)), record)
            return file.getvalue()

        whole: bytes = self._cached(("zip",), zipped)
        return whole[: int(len(whole) * self.zip_share)]


# -- parameters -------------------------------------------------------------------------------------------------


def _check(params: Mapping[str, str]) -> None:
    """Raise :class:`Refusal` for a parameter of ``/studies`` that is unknown or has a wrong value."""
    for name in params:
        if name not in PARAMETERS and name not in OTHER_PARAMETERS:
            raise Refusal(400, f"`{name}` is unknown parameter")
    if params.get("format", "json") != "json":
        raise Refusal(400, f"Invalid value in parameter `format`: `{params['format']}`")
    for name in ("filter.overallStatus", "postFilter.overallStatus"):
        for status in _listed(params.get(name, "")):
            if status not in STATUSES:
                raise Refusal(400, f"Invalid value in parameter `overallStatus`: `{status}`")
    if params.get("countTotal", "true") not in ("true", "false"):
        raise Refusal(400, "Parameter `countTotal` has incorrect format")
    _check_sort(_listed(params.get("sort", "")))
    _check_fields(params)


def _check_sort(keys: list[str]) -> None:
    if len(keys) > 2:
        raise Refusal(400, "Too many items in parameter `sort`: max 2")
    for i, key in enumerate(keys, 1):
        name, _, direction = key.partition(":")
        if direction not in ("", "asc", "desc"):
            raise Refusal(400, f"Item {i} in parameter `sort` has incorrect format")
        if name != "@relevance" and name not in fields():
            raise Refusal(400, f"Unknown field in parameter `sort`: `{name}`")
        if name != "@relevance" and fields()[name].type not in (*DATES, *NUMBERS):
            raise Refusal(400, f"Unsupported sort field type: {fields()[name].type}")


def _check_fields(params: Mapping[str, str]) -> None:
    if "fields" not in params:
        return
    names = _listed(params["fields"])
    if not names:
        raise Refusal(400, "Parameter `fields` is empty")
    try:
        for name in names:
            area_paths(name)
    except ExpressionError as error:
        raise Refusal(400, f"Invalid value in parameter `fields`: {error}") from error


def _parsed(expression: str, area: str, parameter: str) -> Test:
    where = "advanced filter" if parameter.endswith("advanced") else f"`{parameter}`"
    try:
        return parsed(expression, area)
    except ExpressionError as error:
        raise Refusal(400, f"Error parsing query in {where}: {error}") from error


def _has_status(statuses: list[str]) -> Test:
    path = fields()["OverallStatus"].path
    return lambda study: next(values(study, path), None) in statuses


def _nct_numbers(items: list[str], name: str) -> list[str]:
    matches = [_NCT.fullmatch(item) for item in items]
    if None in matches:
        raise Refusal(400, f"Item {matches.index(None) + 1} in parameter `{name}` has incorrect format")
    return [f"NCT{int(match[1]):08}" for match in matches if match]


def _listed(value: str) -> list[str]:
    return [item.strip() for item in re.split(r"[,|]", value) if item.strip()]


def _integer(params: Mapping[str, str], name: str) -> int:
    value = params.get(name, "0")
    if not re.fullmatch(r"\d{1,9}", value):
        raise Refusal(400, f"Parameter `{name}` has incorrect format")
    return int(value)


def _counts(params: Mapping[str, str]) -> bool:
    return params.get("countTotal") == "true" and "pageToken" not in params


def _key(params: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, value) for name, value in params.items() if name not in (*PAGING, "fields")))


def _json(data: object) -> Answer:
    return Answer(orjson.dumps(data), headers={"Content-Type": "application/json"})


def _enums() -> object:
    types = json.loads(ENUMS.read_text("utf-8"))
    pieces: dict[str, list[str]] = {name: [] for name in types}
    for name, each in fields().items():
        if "." not in name and each.type.removesuffix("[]") in pieces:
            pieces[each.type.removesuffix("[]")].append(name)
    return [
        {"type": name, "pieces": pieces[name], "values": [{"value": each, "legacyValue": each} for each in types[name]]}
        for name in types
    ]


def _search_areas() -> object:
    parts = {"isEnum": False, "isSynonyms": True, "type": "text", "weight": 1.0}
    used = {area: parameter.removeprefix("query.") for parameter, area in PARAMETERS.items()}
    areas = [{"name": area, "param": used[area], "parts": [parts | {"pieces": AREAS[area].split()}]} for area in AREAS]
    return [{"name": "Study", "areas": areas}]


# -- HTTP -------------------------------------------------------------------------------------------------------


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, api: ApiServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api = api

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away, and all of faults of the server."""
        import sys

        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    server: _Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        api = self.server.api
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.removeprefix(ROOT) if parts.path.startswith(ROOT) else parts.path
        request = Request(self.command, path, params, dict(self.headers.items()))
        answer = text(414, "URI Too Long") if len(self.path) > LONGEST_TARGET else api.answer(request)
        if api.delay and api.stopped.wait(api.delay):
            return
        request.status = answer.status
        self._send(answer, request)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, answer: Answer, request: Request) -> None:
        if answer.reset:
            self._reset()
            return
        if answer.cut == -1:
            self._wait(answer.stall)
            return
        self._start(answer)
        if self.command == "HEAD" or answer.status == 304:
            self.end_headers()
            return
        body = memoryview(answer.body)[: answer.cut]
        if answer.drip:
            self.end_headers()
            self._drip(body, answer.drip, request)
        else:
            self._write(body, answer, request)
        if answer.cut is not None:
            self._wait(answer.stall)

    def _start(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Server", "istio-envoy")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.is_chunked and self.command != "HEAD":
            self.send_header("Transfer-Encoding", "chunked")
        elif self.command != "HEAD" and answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))

    def _write(self, body: memoryview, answer: Answer, request: Request) -> None:
        """Send a body; the headers go with its first bytes."""
        self._headers_buffer: list[bytes]
        self._headers_buffer.append(b"\r\n")
        size = 1 << 18
        if not answer.is_chunked:
            self._headers_buffer.append(bytes(body[:size]))
            self.flush_headers()
            self.wfile.write(body[size:])
            request.sent = len(body)
            return
        self.flush_headers()
        for at in range(0, len(body), size):
            part = body[at : at + size]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            request.sent += len(part)
        if answer.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _drip(self, body: memoryview, pause: float, request: Request) -> None:
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            request.sent += 1
            if self.server.api.stopped.wait(pause):
                break
        self.close_connection = True

    def _wait(self, seconds: float) -> None:
        self.server.api.stopped.wait(seconds)
        self.close_connection = True

    def _reset(self) -> None:
        """Break the connection, so that the client is told of it rather than of its end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serve(server: ApiServer, port: int = 0) -> Iterator[str]:
    """Run a server; yield the base URL, which ends in ``/api/v2``."""
    with _Listener(server, port) as listener:
        server.stopped.clear()
        server.url = f"http://127.0.0.1:{listener.server_address[1]}{ROOT}"
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server.url
        finally:
            server.stopped.set()
            listener.shutdown()
            thread.join()


# -- records ----------------------------------------------------------------------------------------------------


def records_in(path: Path) -> Iterator[bytes]:
    """The records of a zip archive or a folder, as JSON in a line."""
    if path.is_dir():
        contents: Iterable[bytes] = (file.read_bytes() for file in sorted(path.glob("NCT*.json")))
    else:
        archive = zipfile.ZipFile(path)
        contents = (archive.read(name) for name in archive.namelist())
    for content in contents:
        yield orjson.dumps(orjson.loads(content))


def copies(records: Iterable[bytes], count: int) -> Iterator[bytes]:
    """As many records as are asked for: those that are given, and copies of them with other NCT numbers."""
    given = list(records)
    for i in range(count):
        record = given[i % len(given)]
        match = _FIRST_ID.search(record)
        assert match
        yield record if i < len(given) else record.replace(match[1], b"NCT%08d" % (90_000_000 + i))


def main() -> None:
    """Serve the records of a file or folder until the program is stopped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("studies", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--count", type=int, default=0, help="number of studies, some of which are copies")
    options = parser.parse_args()
    records: Iterable[bytes] = records_in(options.studies)
    with serve(ApiServer(copies(records, options.count) if options.count else records), options.port) as url:
        print(url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main()
