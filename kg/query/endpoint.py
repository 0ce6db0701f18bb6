"""Queries over HTTP: the SPARQL protocol (https://www.w3.org/TR/sparql11-protocol/)."""

from __future__ import annotations

from http.client import HTTPException, IncompleteRead
from typing import IO, TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDigestAuthHandler,
    HTTPPasswordMgrWithDefaultRealm,
    HTTPRedirectHandler,
    OpenerDirector,
    Request,
    build_opener,
)

from kg.errors import OutputError, UsageError
from kg.http.client import USER_AGENT
from kg.http.messages import EXCERPT, status_and_text
from kg.http.retries import BUSY, MAX_RETRY_AFTER, retried, retry_after
from kg.query.engine import PREFIXES
from kg.query.lexer import form, is_update, prefixes
from kg.query.responses import Response, parse_response
from kg.query.results import Answer

if TYPE_CHECKING:
    from email.message import Message

TRIES = 3
GRAPH_FORMS = ("CONSTRUCT", "DESCRIBE")
LOGIN_HINT = " Set KG_USER and KG_PASSWORD, or add an entry for the host to the netrc file."
_ERROR_TEXT = 64 << 10
"""Bytes read of the body of an error response."""


def query_endpoint(
    url: str,
    text: str,
    *,
    timeout: int = 60,
    credentials: tuple[str, str] | None = None,
    digest: bool = False,
) -> Answer:
    """Run a query on a SPARQL endpoint, by POST; redirects are followed.

    An answer that the endpoint cut has ``warnings``. Raises :class:`~kg.errors.OutputError` where the endpoint returns
    no answer.
    """
    if is_update(text):
        raise UsageError(f"{form(text)} would change data, and kg query only reads them.")
    is_graph = form(text) in GRAPH_FORMS
    request = _request(url, text, None if digest else credentials)
    opener = _opener(url, credentials if digest else None)
    try:
        response = retried(lambda: _send(opener, request, timeout), _is_temporary, TRIES, _delay)
        return parse_response(response, is_graph, PREFIXES | prefixes(text))
    except (OSError, HTTPException, ValueError, SyntaxError) as error:
        raise OutputError(f"{url} gave no answer ({_reason(error, timeout)}).{_hint(error)}") from error


def _request(url: str, text: str, credentials: tuple[str, str] | None) -> Request:
    """Return the request of the protocol as SPARQLWrapper creates it, with the parameters that older stores need."""
    from SPARQLWrapper import BASIC, JSON, N3, POST, SPARQLWrapper

    wrapper = SPARQLWrapper(url, agent=USER_AGENT)
    wrapper.setQuery(text)
    wrapper.queryType = form(text) or "SELECT"  # the wrapper mistakes words in comments and strings for the form
    wrapper.setMethod(POST)
    wrapper.setReturnFormat(N3 if wrapper.queryType in GRAPH_FORMS else JSON)
    if credentials:
        wrapper.setHTTPAuth(BASIC)
        wrapper.setCredentials(*credentials)
    request: Request = wrapper._createRequest()  # its own query() loses redirected queries, headers and error texts
    return request


def _opener(url: str, credentials: tuple[str, str] | None) -> OpenerDirector:
    """Return an opener with the proxies of the environment, and with digest authentication if there are credentials."""
    if not credentials:
        return build_opener(_Redirects())
    passwords = HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, url, *credentials)
    return build_opener(_Redirects(), HTTPDigestAuthHandler(passwords))


class _Redirects(HTTPRedirectHandler):
    """Sends the query again to where a redirect leads; urllib would send a GET request without it, or give up."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        del msg
        if urlsplit(newurl).scheme not in ("http", "https"):
            raise HTTPError(req.full_url, code, f"redirects to {newurl}", headers, fp)
        kept = {name: value for name, value in req.headers.items() if name != "Authorization" or _same(req, newurl)}
        if code != 303:
            return Request(newurl, req.data, kept)  # noqa: S310 -- checked above
        bodiless = {name: value for name, value in kept.items() if name != "Content-type"}
        return Request(newurl, headers=bodiless)  # noqa: S310


def _same(request: Request, url: str) -> bool:
    """Whether a URL is on the server of a request, which may have changed to https."""
    old, new = urlsplit(request.full_url), urlsplit(url)
    is_upgrade = (old.scheme, new.scheme) == ("http", "https") and old.hostname == new.hostname
    return (old.scheme, old.netloc) == (new.scheme, new.netloc) or is_upgrade


def _send(opener: OpenerDirector, request: Request, timeout: int) -> Response:
    with opener.open(request, timeout=timeout) as response:
        return Response(response.headers, response.read())


def _is_temporary(error: BaseException) -> bool:
    """Whether a request may succeed when it is repeated: the server was busy, or the connection broke."""
    if isinstance(error, HTTPError):
        return error.code in BUSY and (_delay(error) or 0) <= MAX_RETRY_AFTER
    reason = error.reason if isinstance(error, URLError) else error
    return isinstance(reason, ConnectionError | IncompleteRead)


def _delay(error: BaseException) -> float | None:
    return retry_after(error.headers.get("Retry-After")) if isinstance(error, HTTPError) else None


def _reason(error: Exception, timeout: int) -> str:
    """Say in a few words why there is no answer."""
    if isinstance(error, HTTPError):
        text = "" if error.closed else error.read(_ERROR_TEXT).decode("utf-8", "replace")
        return status_and_text(error.code, str(error.reason), text)
    reason: Any = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return f"timed out after {timeout} s; --timeout allows more"
    if isinstance(reason, IncompleteRead):
        expected = f" of {len(reason.partial) + reason.expected:,}" if reason.expected else ""
        return f"the connection broke after {len(reason.partial):,}{expected} bytes"
    return " ".join(str(reason).split())[:EXCERPT].rstrip(".") or type(reason).__name__


def _hint(error: Exception) -> str:
    return LOGIN_HINT if isinstance(error, HTTPError) and error.code in (401, 403) else ""
