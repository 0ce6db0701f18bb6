"""The API of ClinicalTrials.gov, version 2: pages of studies, single studies, the data version and the counts.

What is no answer raises :class:`~kg.http.client.ResponseError`: statuses with the server's own text, and, after the
request was repeated, web pages with status 200, JSON that is cut and JSON of another shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

from kg.errors import UsageError, public_url, shown
from kg.http.client import Client, Response, ResponseError, named
from kg.http.credentials import checked
from kg.http.messages import first_line, is_html
from kg.ontology.vocabulary import CLINICAL_TRIALS
from kg.registry.page import Page, ShapeError, loaded, number_of, page_of

if TYPE_CHECKING:
    import httpx

API = CLINICAL_TRIALS + "api/v2"
RATE, TIMEOUT = 1.0, 300.0
"""Requests per second, and the most seconds for a request."""
SILENCE = 60.0
"""The most seconds between two parts of a response."""
TRIES = 9
"""The most times that a request is sent, within about half a minute if the server names no time to wait."""
PAGE_SIZE = 1000
"""Studies of the largest page."""
LIMIT = 2 << 30
"""Bytes of the largest page."""
_HEAD = 4 << 10

T = TypeVar("T")


class Version(NamedTuple):
    """The versions of the API and of its data; that of the data is a time in UTC, which has no zone."""

    api: str
    data: str


class Study(NamedTuple):
    """A record as it was sent, and its NCT number, which differs from the requested one if that is an alias."""

    content: bytes
    number: str


class Api:
    """Sends at most ``rate`` requests a second (0: any number), one at a time; to be used in a ``with`` statement.

    ``timeout`` is the most seconds for a request. Raises :class:`~kg.errors.UsageError` for an invalid URL.
    """

    def __init__(self, url: str = API, *, rate: float = RATE, timeout: float = TIMEOUT) -> None:
        checked(url)
        if rate < 0 or timeout <= 0:
            raise UsageError(f"The rate is {rate} and the timeout {timeout}; expected 0 or more, and more than 0.")
        self.base = url.rstrip("/")
        interval = 1 / rate if rate else 0.0
        self._client = Client(timeout=min(timeout, SILENCE), tries=TRIES, interval=interval, deadline=timeout)

    def __enter__(self) -> Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def url(self, params: Mapping[str, str]) -> str:
        """Return the URL of a listing.

        >>> Api().url({"query.cond": "ALS"})
        'https://clinicaltrials.gov/api/v2/studies?query.cond=ALS'
        """
        return f"{self.base}/studies?{urlencode(params)}" if params else f"{self.base}/studies"

    def version(self) -> Version:
        """Return the versions of the API and of its data."""
        return self._parsed("version", {}, lambda response: _version(_object(response.content)))

    def size(self) -> int:
        """Return the number of studies in the registry."""
        return self._parsed("stats/size", {}, lambda response: _integer(_object(response.content), "totalStudies"))

    def page(self, params: Mapping[str, str], token: str | None = None, *, size: int = PAGE_SIZE) -> Page:
        """Return the first page of a listing, which has ``total``, or the page of a token."""
        position = {"countTotal": "true"} if token is None else {"pageToken": token}
        sent = {**params, "pageSize": str(size), **position}
        return self._parsed("studies", sent, lambda response: page_of(response.content, size, is_first=token is None))

    def study(self, number: str) -> Study:
        """Return a single study; the registry redirects an alias to its study."""
        return self._parsed(f"studies/{number}", {}, lambda response: _study(response.content))

    @contextmanager
    def request(self, path: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Send one request, without repeating it; the body of the response is to be read with :meth:`chunks`."""
        with self._client.request(f"{self.base}/{path}", params, headers) as response:
            yield response

    @staticmethod
    def chunks(url: str, response: httpx.Response) -> Iterator[bytes]:
        """Yield the body of a response as it was sent."""
        with named(url):
            yield from response.iter_raw()

    def repeated(self, call: Callable[[], T]) -> T:
        """Return the result of a call, which is repeated while it fails temporarily."""
        return self._client.repeated(call)

    def _parsed(self, path: str, params: Mapping[str, str], parse: Callable[[Response], T]) -> T:
        url = f"{self.base}/{path}"
        return self._client.parsed(url, params or None, lambda response: _answer(url, response, parse), limit=LIMIT)


def _answer(url: str, response: Response, parse: Callable[[Response], T]) -> T:
    """Return what is parsed of a response; raise a temporary error for one that is no answer."""
    try:
        return parse(response)
    except ShapeError as error:
        problem = f"the server answers {_other(response.content) or error}".removesuffix(".")
        raise ResponseError(problem, file=public_url(url), status=response.status, is_temporary=True) from error


def _other(content: bytes) -> str:
    """Return what content is that is not JSON."""
    text = content[:_HEAD].decode("utf-8", "replace")
    if is_html(text):
        return f"with a web page ({shown(first_line(text))}) in place of JSON"
    if not text.strip():
        return "with nothing in place of JSON"
    return "" if text.lstrip().startswith(("{", "[")) else f"with {shown(first_line(text))} in place of JSON"


def _object(content: bytes) -> dict[str, Any]:
    value = loaded(content)
    if not isinstance(value, dict):
        raise ShapeError("with JSON that is no object")
    return value


def _version(value: dict[str, Any]) -> Version:
    return Version(_text(value, "apiVersion"), _text(value, "dataTimestamp"))


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text:
        raise ShapeError(f"with JSON in which {key} is {shown(text)}, not a text")
    return text


def _integer(value: dict[str, Any], key: str) -> int:
    number = value.get(key)
    if type(number) is not int or number < 0:
        raise ShapeError(f"with JSON in which {key} is {shown(number)}, not a number of studies")
    return number


def _study(content: bytes) -> Study:
    return Study(content, number_of(_object(content)))
