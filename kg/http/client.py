"""HTTP client for downloads: retries, redirects, proxies from the environment, and every failure one sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from kg._version import __version__
from kg.errors import SourceError, UsageError, public_url
from kg.http.messages import EXCERPT, status_and_text
from kg.http.retries import BUSY, MAX_RETRY_AFTER, TRIES, retried, retry_after

if TYPE_CHECKING:
    import httpx

USER_AGENT = f"kg/{__version__}"
TIMEOUT, CONNECT_TIMEOUT = 60.0, 10.0
"""Seconds to wait for the next bytes of a response, and for a connection."""
LIMIT = 256 << 20
"""Largest body that :meth:`Client.get` returns."""
TEMPORARY = BUSY | {408, 500}
"""HTTP statuses that are worth a retry of a request that changes nothing."""
_ERROR_TEXT = 64 << 10
"""Bytes read of the body of an error response."""

T = TypeVar("T")


class ResponseError(SourceError):
    """A URL that cannot be read: the server answers with an error status, or not at all.

    ``status`` is the HTTP status, if there is one; ``is_temporary`` says whether the request may succeed when it is
    repeated, after the seconds ``retry_after`` if the server named them.
    """

    def __init__(
        self,
        problem: str,
        *,
        file: str,
        status: int | None = None,
        is_temporary: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(problem, file=file)
        self.status = status
        self.is_temporary = is_temporary
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        return SourceError, (self.problem,), {"file": self.file}


class Response(NamedTuple):
    """A complete response: its URL after redirects, its status, headers and decoded body."""

    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes


class Client:
    """Sends GET requests, one at a time and at least ``interval`` seconds apart; to be used in a ``with`` statement.

    Every failure is a :class:`ResponseError` that names the URL and the reason. Requests that fail temporarily are
    repeated up to ``tries`` times in all, after the time that the server asks for (``Retry-After``). ``timeout`` is the
    most seconds between two parts of a response, ``deadline`` the most seconds for all of one that :meth:`get` reads.
    """

    def __init__(
        self, *, timeout: float = TIMEOUT, tries: int = TRIES, interval: float = 0.0, deadline: float = inf
    ) -> None:
        self._tries = tries
        self._interval = interval
        self._deadline = deadline
        self._next_request = 0.0
        self._client = _httpx_client(timeout)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, url: str, params: Mapping[str, str] | None = None, *, limit: int = LIMIT) -> Response:
        """Return a complete response, of at most ``limit`` bytes; ``params`` replace those of the URL."""
        return self.parsed(url, params, lambda response: response, limit=limit)

    def parsed(
        self,
        url: str,
        params: Mapping[str, str] | None,
        parse: Callable[[Response], T],
        *,
        limit: int = LIMIT,
    ) -> T:
        """Return what a function makes of a response; where it raises a temporary error, the request is repeated."""
        return self.repeated(lambda: parse(self._get(url, params, limit)))

    def _get(self, url: str, params: Mapping[str, str] | None, limit: int) -> Response:
        with self.request(url, params, deadline=self._deadline) as response, named(url):
            content = bytearray()
            for chunk in response.iter_bytes():
                content += chunk
                if len(content) > limit:
                    raise ResponseError(f"is larger than {limit >> 20} MiB", file=public_url(url))
            return Response(str(response.url), response.status_code, response.headers, bytes(content))

    def stream(self, url: str) -> Stream:
        """Open a response of any size, to be read in a ``with`` statement."""
        return Stream(self, url)

    @contextmanager
    def request(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        deadline: float = inf,
    ) -> Iterator[httpx.Response]:
        """Send one request, without repeating it; the body of the response is not read yet.

        ``deadline`` is the most seconds until its end.
        """
        if (wait := self._next_request - time.monotonic()) > 0:
            time.sleep(wait)
        started = time.monotonic()
        self._next_request = started + self._interval
        with ExitStack() as stack:
            with named(url):
                options = {"params": params} if params else {}
                stream = self._client.stream("GET", url, headers=headers, **options)  # type: ignore[arg-type]
                response = stack.enter_context(stream)
                _limit(url, response, started, deadline)
                if not response.is_success:
                    raise _refusal(url, response)
            yield response

    def repeated(self, call: Callable[[], T]) -> T:
        """Return the result of a call, which is repeated while it fails temporarily."""
        return retried(call, _is_temporary, self._tries, _delay)


class Stream:
    """A response that is read in chunks, as they were sent: not decoded if ``encoding`` is not empty.

    When the connection breaks, the request is repeated and what was read before is skipped, if it is the same.
    """

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._given_url = url
        self._stack = ExitStack()
        self._digest, self._size = blake2b(), 0
        client.repeated(self._open)

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        """The URL after redirects."""
        return str(self._response.url)

    @property
    def encoding(self) -> str:
        """The content encoding, such as ``gzip``."""
        encoding = self._response.headers.get("Content-Encoding", "").strip().lower()
        return "" if encoding == "identity" else encoding

    def __iter__(self) -> Iterator[bytes]:
        chunk = self._next()
        while chunk:
            self._digest.update(chunk)
            self._size += len(chunk)
            yield chunk
            try:
                chunk = self._next()
            except ResponseError as error:
                if not error.is_temporary:
                    raise
                chunk = self._client.repeated(self._resume)

    def _open(self) -> None:
        self._stack.close()
        self._response = self._stack.enter_context(self._client.request(self._given_url))
        self._chunks = self._response.iter_raw()

    def _next(self) -> bytes:
        """Return the next bytes, empty at the end."""
        with named(self._given_url):
            return next(filter(None, self._chunks), b"")

    def _resume(self) -> bytes:
        """Repeat the request and return the first bytes after those that were read before."""
        self._open()
        digest, left, rest = blake2b(), self._size, b""
        while left and (chunk := self._next()):
            digest.update(chunk[:left])
            left, rest = max(0, left - len(chunk)), chunk[left:]
        if left or digest.digest() != self._digest.digest():
            problem = "broke off, and has another content now; try again"
            raise ResponseError(problem, file=public_url(self._given_url))
        return rest or self._next()


def _is_temporary(error: BaseException) -> bool:
    return isinstance(error, ResponseError) and error.is_temporary


def _delay(error: BaseException) -> float | None:
    return error.retry_after if isinstance(error, ResponseError) else None


def _httpx_client(timeout: float) -> httpx.Client:
    """Return a client with the proxies and certificates of the environment."""
    import httpx

    limits = httpx.Timeout(timeout, connect=min(timeout, CONNECT_TIMEOUT))
    headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"}
    try:
        return httpx.Client(timeout=limits, headers=headers, follow_redirects=True)
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:  # a proxy or certificate file of any kind
        raise UsageError(
            f"The HTTP settings of the environment cannot be used ({_detail(error)});"
            " check HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE."
        ) from error


def _limit(url: str, response: httpx.Response, started: float, seconds: float) -> None:
    """Let a response end in a temporary error when it takes longer."""
    if seconds == inf:
        return
    from kg.http.checked_stream import CheckedStream

    def check() -> None:
        if time.monotonic() - started > seconds:
            problem = f"is not sent within {seconds:,.0f} seconds"
            raise ResponseError(problem, file=public_url(url), is_temporary=True)

    response.stream = CheckedStream(response.stream, check)  # type: ignore[arg-type]


@contextmanager
def named(url: str) -> Iterator[None]:
    """Raise :class:`ResponseError` for the exceptions of httpx."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise _no_response(url, error) from error


def _refusal(url: str, response: httpx.Response) -> ResponseError:
    """Return the error for a response with an error status: the status and the server's text."""
    status, seconds = response.status_code, retry_after(response.headers.get("Retry-After"))
    problem = f"the server answers {status_and_text(status, response.reason_phrase, error_text(response))}"
    if seconds is not None and seconds > MAX_RETRY_AFTER:
        problem += f"; it asks to wait {seconds:,.0f} seconds"
    query = response.url.query.decode("ascii", "replace")
    return ResponseError(
        problem.replace(query, "…") if query else problem,
        file=public_url(url),
        status=status,
        is_temporary=status in TEMPORARY,
        retry_after=seconds,
    )


def error_text(response: httpx.Response) -> str:
    """Return the start of the text of a response."""
    import httpx

    content = b""
    try:
        for chunk in response.iter_bytes():
            content += chunk
            if len(content) >= _ERROR_TEXT:
                break
    except httpx.HTTPError:  # the status says enough
        pass
    return content[:_ERROR_TEXT].decode(response.encoding or "utf-8", "replace")


def _no_response(url: str, error: Exception) -> ResponseError:
    """Return the error for a request without a usable response."""
    import httpx

    reason = _known_reason(error)
    passing = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError, httpx.DecodingError)
    is_temporary = reason is None and isinstance(error, passing)
    if reason is None and isinstance(error, httpx.TimeoutException):
        reason = "the server does not respond in time"
    elif reason is None and isinstance(error, httpx.ProxyError):
        reason = f"the proxy refuses the request ({_detail(error)})"
    problem = reason or f"cannot be read to its end ({_detail(error)})"
    return ResponseError(problem, file=public_url(url), is_temporary=is_temporary)


def _known_reason(error: BaseException) -> str | None:
    """Return the reason for a failure that will not pass: an unknown host, or a certificate that is not trusted."""
    import socket
    import ssl

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "the name of the server is not known; check the URL and the network"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate of the server is not trusted ({cause.verify_message}); name yours in SSL_CERT_FILE"
        cause = cause.__cause__ or cause.__context__
    return None


def _detail(error: Exception) -> str:
    return " ".join(str(error).split())[:EXCERPT].rstrip(".") or type(error).__name__
