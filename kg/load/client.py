"""HTTP client for a running triple store; every failure becomes a one-sentence error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import OutputError, UsageError
from kg.http.client import USER_AGENT
from kg.http.credentials import Credentials, checked
from kg.http.messages import EXCERPT, status_and_text
from kg.http.retries import BUSY, retried
from kg.load.presets import FILE_PRESETS, PRESETS, Preset, dataset_url, preset_from_headers, preset_from_url

if TYPE_CHECKING:
    import httpx

N_TRIPLES, N_QUADS = "application/n-triples", "application/n-quads"

Row = dict[str, str]


class _Busy(Exception):  # noqa: N818 -- never leaves this module
    """The server is up but cannot answer now."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


@dataclass(frozen=True, slots=True)
class StreamedBody:
    """A request body that is generated while it is sent, and generated again for a retry."""

    generate: Callable[[], Iterator[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return self.generate()


class RemoteStore:
    """A running store. Raises :class:`~kg.errors.OutputError` when it refuses a request or does not respond.

    ``writes`` counts the requests that change data.
    """

    def __init__(self, client: httpx.Client, url: str, preset: Preset) -> None:
        self._client = client
        self.preset = preset
        self.url = dataset_url(url, preset)
        self.writes = 0

    def select(self, query: str) -> Iterator[Row]:
        """Yield the rows of a query as the IRI or lexical form of each bound variable."""
        for row in self.terms(query):
            yield {name: getattr(term, "value", str(term)) for name, term in row.items()}

    def terms(self, query: str) -> Iterator[dict[str, Any]]:
        """Yield the rows of a query as the term of each bound variable."""
        headers = {"Accept": "application/sparql-results+json"}
        response = self._send("POST", self.preset.query, data={"query": query}, headers=headers)
        try:
            solutions = ox.parse_query_results(_standard(response.content), format=ox.QueryResultsFormat.JSON)
            assert isinstance(solutions, ox.QuerySolutions)
            names = [variable.value for variable in solutions.variables]
            for solution in solutions:
                bound = ((name, solution[name]) for name in names)
                yield {name: term for name, term in bound if term is not None}
        except (SyntaxError, ValueError, AssertionError) as error:
            raise OutputError(f"{self.url} returned an invalid query result ({error}).") from error

    def update(self, text: str | StreamedBody, *, retry: bool = True) -> None:
        """Run an update; ``retry`` allows it to run twice, which happens when a response is lost."""
        data = text.encode() if isinstance(text, str) else text
        self._write("POST", self.preset.update, "application/sparql-update", data, retry=retry)

    def add_quads(self, data: bytes) -> None:
        """Add N-Quads to the graphs that they name."""
        self._write("POST", self.preset.quads, N_QUADS, data)

    def put(self, graph: str, data: bytes) -> None:
        """Replace a graph with N-Triples."""
        self._write("PUT", self.preset.graphs, N_TRIPLES, data, graph=graph)

    def add(self, graph: str, data: bytes) -> None:
        """Add N-Triples to a graph."""
        self._write("POST", self.preset.graphs, N_TRIPLES, data, graph=graph)

    def _write(
        self,
        method: str,
        path: str,
        media_type: str,
        data: bytes | StreamedBody,
        *,
        graph: str | None = None,
        retry: bool = True,
    ) -> None:
        self.writes += 1
        params = {"graph": graph} if graph else None
        self._send(method, path, params=params, content=data, headers={"Content-Type": media_type}, retry=retry)

    def _send(self, method: str, path: str, *, retry: bool = True, **request: Any) -> httpx.Response:
        import httpx

        def send() -> httpx.Response:
            response = self._client.request(method, self.url + path, **request)
            if response.status_code in BUSY:
                raise _Busy(response)
            return response

        lost = (httpx.NetworkError, httpx.RemoteProtocolError) if retry else (httpx.ConnectError,)
        transient = (_Busy, httpx.ConnectTimeout, *lost)
        try:
            response = retried(send, lambda error: isinstance(error, transient))
        except _Busy as busy:
            response = busy.response
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _no_response(self.url, error) from error
        if response.is_success:
            return response
        reason = status_and_text(response.status_code, response.reason_phrase, response.text)
        raise OutputError(f"{self.url} refused {method} {path or '/'} ({reason}).{_hint(response)}")


def _no_response(url: str, error: Exception) -> OutputError:
    details = " ".join(str(error).split())[:EXCERPT]
    return OutputError(f"{url} does not respond ({type(error).__name__}: {details}).")


def _standard(content: bytes) -> bytes:
    """Replace Virtuoso's ``typed-literal`` in JSON results with the standard ``literal``."""
    return re.sub(rb'("type"\s*:\s*)"typed-literal"', rb'\1"literal"', content)


def _hint(response: httpx.Response) -> str:
    if response.status_code in (401, 403):
        return " Set KG_USER and KG_PASSWORD, or add an entry for the host to the netrc file."
    if "SR325" in response.text:
        return (
            " Raise Virtuoso's transaction limit:"
            " TransactionAfterImageLimit = 2000000000 in [Parameters] of virtuoso.ini."
        )
    return ""


@contextmanager
def connect(
    url: str, preset: str | None, credentials: Credentials | None, *, digest: bool = False, timeout: float = 300
) -> Iterator[RemoteStore]:
    """Connect to a store; without ``preset``, its kind is detected from the URL or from its first response.

    Raises :class:`~kg.errors.UsageError` if the kind cannot be detected, or if the store loads from files.
    """
    import httpx

    checked(url)
    name = preset or preset_from_url(url)
    limits = httpx.Timeout(timeout, connect=min(timeout, 10))
    with httpx.Client(timeout=limits, headers={"User-Agent": USER_AGENT}) as client:
        name = name or _detect(client, url)
        if name in FILE_PRESETS:
            raise UsageError(f"{name} loads from files; write them with --preset {name} -o DIR.")
        chosen = PRESETS[name]
        if credentials:
            client.auth = httpx.DigestAuth(*credentials) if digest or chosen.digest else httpx.BasicAuth(*credentials)
        yield RemoteStore(client, url, chosen)


def _detect(client: httpx.Client, url: str) -> str:
    """Return the preset of the store that responds at a URL."""
    import httpx

    def probe() -> Mapping[str, str]:
        with client.stream("GET", url.split("?", 1)[0], params={"query": "ASK {}"}) as response:
            return response.headers

    try:
        headers = retried(probe, lambda error: isinstance(error, httpx.NetworkError))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _no_response(url, error) from error
    name = preset_from_headers(headers)
    if name is None:
        raise UsageError(f"The kind of store at {url} was not recognized; give --preset, one of {', '.join(PRESETS)}.")
    return name
