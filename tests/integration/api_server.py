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
import re
import threading
import time
import zipfile
from base64 import urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any

import orjson

from tests.integration.api_faults import CONTENT, DATA, KINDS, PASSING, TRANSPORT, Answer, Fault, Refusal
from tests.integration.api_http import ROOT, Listener, Request
from tests.integration.api_query import Query, check_fields, listed, nct_number
from tests.integration.api_records import Records, copies, records_in
from tests.integration.api_resources import enums, metadata, search_areas, sizes
from tests.integration.api_search import projected, tree_of

__all__ = ["KINDS", "PASSING", "ApiServer", "Fault", "Records", "Request", "copies", "records_in", "serve"]

JSON = {"Content-Type": "application/json"}


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
            return self._page(request)
        if path == "/studies/download":
            return self._download(request)
        if (fixed := self._fixed(path)) is not None:
            if params and path != "/studies/metadata":
                raise Refusal(400, f"`{next(iter(params))}` is unknown parameter")
            return Answer(orjson.dumps(fixed), headers=JSON)
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

    def _cached(self, key: tuple[Any, ...], made: Callable[[], Any]) -> Any:
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

    def _page(self, request: Request) -> Answer:
        query = Query(request.params)
        size = min(query.size, self.page_limit)
        start = self._position(query)
        listing = self._listing(query)
        numbers, end = self._taken(listing, start, size)
        total = sum(number in self.records for number in listing) if query.counts else None
        token = self._token(query, end) if len(numbers) == size else ""
        parts = [b'{"studies":[' if total is None else b'{"totalCount":%d,"studies":[' % total]
        parts += [b",\n".join(self._json(numbers, query.fields)) or b"  ", b"]"]
        parts.append(b',"nextPageToken":"%s"}' % token.encode() if token else b"}")
        return Answer(b"".join(parts), headers=JSON, key=(tuple(numbers), total, token, query.fields))

    def _position(self, query: Query) -> int:
        if query.token is None:
            return 0
        if query.token not in self._tokens:
            raise Refusal(400, "Incorrect or expired value of parameter `pageToken`")
        return self._tokens[query.token]

    def _token(self, query: Query, position: int) -> str:
        known = f"{self.data_timestamp} {query.key} {position}".encode()
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

    def _listing(self, query: Query) -> list[str]:
        """Return the studies of a query, as they were when its first page was asked for."""
        if query.token is None or query.key not in self._listings:
            found = self._cached(("listing", *query.key), lambda: query.found(self.records, self.all_aliases()))
            self._listings[query.key] = found
            while len(self._listings) > 100:
                self._listings.popitem(last=False)
        return self._listings[query.key]

    def _json(self, numbers: list[str], names: tuple[str, ...]) -> list[bytes]:
        if not names:
            return [self.records.json[number] for number in numbers]
        if names == ("NCTId",):
            form = b'{"protocolSection":{"identificationModule":{"nctId":"%s"}}}'
            return [form % number.encode() for number in numbers]
        tree = tree_of(names)
        return [orjson.dumps(projected(self.records[number], tree)) for number in numbers]

    def all_aliases(self) -> dict[str, str]:
        """Return the studies that were merged into others, by NCT number, and these."""
        aliases: dict[str, str] = self._cached(("aliases",), self.records.aliases) | self.aliases
        return {alias: number for alias, number in aliases.items() if alias not in self.records}

    # -- other resources --

    def _study(self, name: str, params: dict[str, str]) -> Answer:
        unknown = [each for each in params if each not in ("format", "markupFormat", "fields")]
        if unknown:
            raise Refusal(400, f"`{unknown[0]}` is unknown parameter")
        number = nct_number(name)
        if number is None:
            raise Refusal(400, "Parameter `nctId` has incorrect format")
        if alias := self.all_aliases().get(number):
            query = "&".join(f"{key}={value}" for key, value in params.items())
            return Answer(status=301, headers={"Location": f"{ROOT}/studies/{alias}" + (f"?{query}" if query else "")})
        if number not in self.records:
            raise Refusal(404, f"NCT number {number} not found")
        check_fields(params)
        return Answer(self._json([number], tuple(listed(params.get("fields", ""))))[0], headers=JSON)

    def _fixed(self, path: str) -> object:
        """Return what a resource without parameters says, or None if there is no such resource."""
        resources: dict[str, Callable[[], object]] = {
            "/version": lambda: {"apiVersion": self.api_version, "dataTimestamp": self.data_timestamp},
            "/stats/size": lambda: sizes(self.records),
            "/studies/metadata": metadata,
            "/studies/search-areas": search_areas,
            "/studies/enums": enums,
        }
        return resources[path]() if path in resources else None

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
            with zipfile.ZipFile(file, "w") as archive:
                for number, record in self.records.json.items():
                    entry = zipfile.ZipInfo(f"{number}.json", (2026, 1, 1, 0, 0, 0))
                    archive.writestr(entry, record, zipfile.ZIP_DEFLATED, compresslevel=1)
            return file.getvalue()

        whole: bytes = self._cached(("zip",), zipped)
        return whole[: int(len(whole) * self.zip_share)]


@contextmanager
def serve(server: ApiServer, port: int = 0) -> Iterator[str]:
    """Run a server; yield the base URL, which ends in ``/api/v2``."""
    with Listener(server, port) as listener:
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
