"""A running store: asked and changed over HTTP, with its errors told in one sentence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import OutputError, UsageError
from kg.http.credentials import Credentials, checked
from kg.http.retries import BUSY, retried
from kg.load.presets import FILES, PRESETS, Preset, address, told_by_address, told_by_answer

if TYPE_CHECKING:
    import httpx

N_TRIPLES, N_QUADS = "application/n-triples", "application/n-quads"
SHOWN = 300
"""Characters of a server's own words in a message."""

Row = dict[str, str]


class _Busy(Exception):  # noqa: N818 -- never seen outside
    """The server is there and cannot answer now."""

    def __init__(self, answer: httpx.Response) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Request:
    """A request that is made while it is sent, and made again where it is sent again."""

    made: Callable[[], Iterator[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return self.made()


class Store:
    """A store that runs. Raises :class:`~kg.errors.OutputError` for whatever it refuses, or where it does not answer.

    ``writes`` counts the requests that change data.
    """

    def __init__(self, client: httpx.Client, url: str, preset: Preset) -> None:
        self._client = client
        self.preset = preset
        self.url = address(url, preset)
        self.writes = 0

    def select(self, query: str) -> Iterator[Row]:
        """The rows of an answer: by variable the IRI or the lexical form of what is bound."""
        for row in self.terms(query):
            yield {name: getattr(term, "value", str(term)) for name, term in row.items()}

    def terms(self, query: str) -> Iterator[dict[str, Any]]:
        """The rows of an answer: by variable the term that is bound."""
        headers = {"Accept": "application/sparql-results+json"}
        answer = self._send("POST", self.preset.query, data={"query": query}, headers=headers)
        try:
            found = ox.parse_query_results(_plain(answer.content), format=ox.QueryResultsFormat.JSON)
            assert isinstance(found, ox.QuerySolutions)
            names = [variable.value for variable in found.variables]
            for row in found:
                bound = ((name, row[name]) for name in names)
                yield {name: term for name, term in bound if term is not None}
        except (SyntaxError, ValueError, AssertionError) as error:
            raise OutputError(f"{self.url} gave an answer that is none of a query ({error}).") from error

    def update(self, text: str | Request, *, again: bool = True) -> None:
        """Runs an update; ``again`` says that it may be run twice, as it is when an answer is lost."""
        data = text.encode() if isinstance(text, str) else text
        self._write("POST", self.preset.update, "application/sparql-update", data, again=again)

    def add_quads(self, data: bytes) -> None:
        """Adds N-Quads to whatever graphs they name."""
        self._write("POST", self.preset.quads, N_QUADS, data)

    def put(self, graph: str, data: bytes) -> None:
        """Puts N-Triples in the place of a graph."""
        self._write("PUT", self.preset.graphs, N_TRIPLES, data, graph=graph)

    def add(self, graph: str, data: bytes) -> None:
        """Adds N-Triples to a graph."""
        self._write("POST", self.preset.graphs, N_TRIPLES, data, graph=graph)

    def _write(
        self, method: str, path: str, kind: str, data: bytes | Request, *, graph: str | None = None, again: bool = True
    ) -> None:
        self.writes += 1
        params = {"graph": graph} if graph else None
        self._send(method, path, params=params, content=data, headers={"Content-Type": kind}, again=again)

    def _send(self, method: str, path: str, *, again: bool = True, **request: Any) -> httpx.Response:
        import httpx

        def once() -> httpx.Response:
            answer = self._client.request(method, self.url + path, **request)
            if answer.status_code in BUSY:
                raise _Busy(answer)
            return answer

        lost = (httpx.NetworkError, httpx.RemoteProtocolError) if again else (httpx.ConnectError,)
        passing = (_Busy, httpx.ConnectTimeout, *lost)
        try:
            answer = retried(once, lambda error: isinstance(error, passing))
        except _Busy as busy:
            answer = busy.answer
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = " ".join(str(error).split())[:SHOWN]
            raise OutputError(f"{self.url} does not answer ({type(error).__name__}: {said}).") from error
        if answer.is_success:
            return answer
        raise OutputError(f"{self.url} refuses {method} {path or '/'} ({_said(answer)}).{_hint(answer)}")


def _plain(content: bytes) -> bytes:
    """Results in JSON as the standard has them: Virtuoso writes ``typed-literal``."""
    return re.sub(rb'("type"\s*:\s*)"typed-literal"', rb'\1"literal"', content)


def _said(answer: httpx.Response) -> str:
    """The status of an answer and the first line of its own words."""
    text = re.sub(
        r"<(?:style|script|title|head)\b.*?</(?:style|script|title|head)>|<[^>]*>", " ", answer.text, flags=re.S
    )
    lines = (" ".join(line.split()) for line in text.splitlines())
    first = next((line for line in lines if line), "")
    return f"{answer.status_code} {answer.reason_phrase}" + (f": {first[:SHOWN].rstrip('.')}" if first else "")


def _hint(answer: httpx.Response) -> str:
    if answer.status_code in (401, 403):
        return " Set KG_USER and KG_PASSWORD, or write an entry for the host into the netrc file."
    if "SR325" in answer.text:
        return " Give Virtuoso room for it: TransactionAfterImageLimit = 2000000000 in [Parameters] of virtuoso.ini."
    return ""


@contextmanager
def connected(
    url: str, preset: str | None, credentials: Credentials | None, *, digest: bool = False, timeout: float = 300
) -> Iterator[Store]:
    """A store at an address, of the kind that is given, or else that its address or its first answer tells.

    Raises :class:`~kg.errors.UsageError` where that cannot be told, or where the store loads from files.
    """
    import httpx

    checked(url)
    name = preset or told_by_address(url)
    limits = httpx.Timeout(timeout, connect=min(timeout, 10))
    with httpx.Client(timeout=limits, headers={"User-Agent": "kg"}) as client:
        name = name or _told(client, url)
        if name in FILES:
            raise UsageError(f"{name} loads from files: give --preset {name} and -o DIR to write them.")
        chosen = PRESETS[name]
        if credentials:
            client.auth = httpx.DigestAuth(*credentials) if digest or chosen.digest else httpx.BasicAuth(*credentials)
        yield Store(client, url, chosen)


def _told(client: httpx.Client, url: str) -> str:
    import httpx

    def ask() -> Mapping[str, str]:
        with client.stream("GET", url.split("?", 1)[0], params={"query": "ASK {}"}) as answer:
            return answer.headers

    try:
        headers = retried(ask, lambda error: isinstance(error, httpx.NetworkError))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        said = " ".join(str(error).split())[:SHOWN]
        raise OutputError(f"{url} does not answer ({type(error).__name__}: {said}).") from error
    name = told_by_answer(headers)
    if name is None:
        raise UsageError(f"It cannot be told which store answers at {url}; give --preset, one of {', '.join(PRESETS)}.")
    return name
