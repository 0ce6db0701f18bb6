"""URLs as inputs: http and https with the HTTP client of ``kg``, all others with fsspec.

A page of an API that has more pages (``nextPageToken``) is followed to the last one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import chain
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from kg.errors import SourceError, UsageError, missing_extra, public_url, shown
from kg.records.decompress import ChunkReader, gunzip, peek

if TYPE_CHECKING:
    from kg.http.client import Client, Stream

PAGE_INTERVAL = 1.0
"""Seconds between the requests of the pages of an API."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
_HTTP = ("http", "https")
_TOKEN = rb'"nextPageToken"\s*:\s*"((?:[^"\\]|\\.)+)"'
_TOKEN_ENTRY = re.compile(rb",\s*" + _TOKEN + rb"|" + _TOKEN + rb"\s*,?")
_MAX_TOKEN = 4 << 10
"""Largest size of such an entry, which may extend over two chunks."""
_LISTING = "/api/v2/studies"
_SHOWN = 80
_COMPARED = 64 << 10
"""Bytes of the start of a page that tell it from the page before."""


def is_url(name: str) -> bool:
    """Return whether the name of an input is a URL.

    >>> is_url("https://example.org/a.json"), is_url("a.json"), is_url("C:/a.json")
    (True, False, False)
    """
    return _URL.match(name) is not None


def check(url: str) -> None:
    """Raise :class:`~kg.errors.UsageError` for a URL that cannot be opened for lack of a package or a server name."""
    if not _is_http(url):
        filesystem(url)
        return
    try:
        is_valid = bool(urlsplit(url).hostname) and urlsplit(url).port != 0
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageError(f"{public_url(url)} is not a valid URL.")


def files(url: str) -> list[str]:
    """Return the URLs of the files in a folder, or the URL itself if it is not a folder."""
    if _is_http(url):
        return [url]
    system, path = filesystem(url)
    if not system.isdir(path):
        return [url]
    paths = [file for file in system.find(path) if not re.search(r"/\.", file.removeprefix(path))]
    return sorted(map(system.unstrip_protocol, paths))


def size(url: str) -> int | None:
    """Return the size of a file, or None if it is not known, as over HTTP."""
    if _is_http(url):
        return None
    system, path = filesystem(url)
    return cast("int | None", system.info(path).get("size"))


def opened(url: str) -> AbstractContextManager[IO[bytes]]:
    """Open a URL for reading; over HTTP, what follows the first page too."""
    if _is_http(url):
        return cast("IO[bytes]", _Download(_content(url)))
    system, path = filesystem(url)
    return cast("AbstractContextManager[IO[bytes]]", system.open(path, "rb"))


def filesystem(url: str) -> tuple[Any, str]:
    """Return the filesystem of a URL, or that of this machine, and the path in it."""
    from fsspec.core import url_to_fs

    protocol = url.partition("://")[0]
    if protocol in _HTTP:
        raise UsageError(f"{public_url(url)}: {protocol}:// URLs can be read, not written.")
    try:
        return cast("tuple[Any, str]", url_to_fs(url))
    except ImportError as error:
        extra = _EXTRAS.get(protocol)
        if extra:
            raise missing_extra(f"{public_url(url)}: {protocol}:// URLs", extra) from error
        needs = f"{protocol}:// needs a package that is not installed: {error}."
        raise UsageError(f"{public_url(url)}: {needs}") from error
    except ValueError as error:
        raise UsageError(f"{public_url(url)}: {protocol}:// is not a supported protocol.") from error


def _is_http(url: str) -> bool:
    return url.partition("://")[0].lower() in _HTTP


# -- HTTP -------------------------------------------------------------------------------------------------------


class _Download(ChunkReader):
    """A file object over a stream; what was read before a failure is returned before it is raised."""

    _failure: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        data = bytearray()
        try:
            if self._failure:
                raise self._failure
            while size < 0 or len(data) < size:
                part = super().read(size - len(data) if size > 0 else _COMPARED)
                if not part:
                    break
                data += part
        except Exception as error:
            if not data:
                raise
            self._failure = error
        return bytes(data)


def _content(url: str) -> Iterator[bytes]:
    """Yield the content of a URL; if it is a page of an API, that of all following pages too."""
    from kg.http.client import Client

    with Client(interval=PAGE_INTERVAL) as client:
        yield from _pages(client, url)


def _pages(client: Client, url: str) -> Iterator[bytes]:
    """Yield a page and those that follow, separated by line feeds and without their page tokens."""
    number, earlier, tokens, url = 1, b"", set[bytes](), _with_total(url)
    while True:
        try:
            with client.stream(url) as stream:
                head, chunks = peek(_decoded(stream), _COMPARED)
                if number > 1:
                    _check_page(head[:_COMPARED], earlier)
                page = _Page(chunks, is_json=head.lstrip().startswith(b"{"))
                yield from page
                url = stream.url
        except SourceError as error:
            raise (error if number == 1 else _broken_off(error, number)) from error
        if not page.token:
            return
        if page.token in tokens:
            raise _broken_off(SourceError("the server repeats a nextPageToken"), number + 1)
        tokens.add(page.token)
        url, number, earlier = _next_url(url, page.token), number + 1, head[:_COMPARED]
        yield b"\n"


def _with_total(url: str) -> str:
    """Return the URL of a listing of the registry's API with the request for the number of its studies."""
    import httpx

    parts = httpx.URL(url)
    is_listing = parts.path.endswith(_LISTING) and parts.params.keys().isdisjoint(("pageToken", "countTotal"))
    return str(parts.copy_set_param("countTotal", "true")) if is_listing else url


def _check_page(head: bytes, earlier: bytes) -> None:
    """Raise an error if what follows a page is none, or is the same one."""
    if head == earlier:
        raise SourceError("the server sends the same page for every pageToken")
    if not head.lstrip().startswith(b"{") or b'"studies"' not in head:
        raise SourceError(f"the server sends no page but {shown(head[:_SHOWN].decode('utf-8', 'replace'))}")


def _broken_off(error: SourceError, number: int) -> SourceError:
    problem = f"is read up to page {number - 1:,} only, as page {number:,} cannot be read: {error.problem}"
    return SourceError(problem, file=error.file)


def _next_url(url: str, token: bytes) -> str:
    import json

    import httpx

    return str(httpx.URL(url).copy_set_param("pageToken", json.loads(b'"' + token + b'"')))


def _decoded(stream: Stream) -> Iterator[bytes]:
    if not stream.encoding:
        return iter(stream)
    if stream.encoding not in ("gzip", "x-gzip"):
        raise SourceError(f"is sent as {stream.encoding}, which kg does not read and did not ask for")
    return gunzip(stream)


class _Page:
    """The chunks of a page without the entry of its page token, which is in ``token`` after the last chunk."""

    def __init__(self, chunks: Iterator[bytes], *, is_json: bool) -> None:
        self._chunks = chunks
        self._is_json = is_json
        self.token = b""

    def __iter__(self) -> Iterator[bytes]:
        if not self._is_json:
            yield from self._chunks
            return
        rest = b""
        for chunk in chain(self._chunks, [b""]):
            data = rest + chunk
            match = _TOKEN_ENTRY.search(data)
            if match:
                self.token = match[1] or match[2]
                data = data[: match.start()] + data[match.end() :]
                yield data
                yield from self._chunks
                return
            yield data[:-_MAX_TOKEN]
            rest = data[-_MAX_TOKEN:]
        yield rest
