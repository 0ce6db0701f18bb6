"""Responses to requests that fail: a sentence, as plain text or as a page for browsers."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from kg.errors import KGError
from kg.serve.html import page
from kg.serve.media import HTML, Media
from kg.serve.negotiation import choose
from kg.serve.problems import BusyError, NotReadyError, status_of
from kg.serve.responses import not_found

RETRY_AFTER = "5"
"""Seconds after which a client may try again."""
SOON = "2"
"""Seconds after which a browser reloads a page that is being prepared."""
TEXT = Media("text", "txt", ("text/plain",))


def error_response(request: Request, error: Exception) -> Response:
    """Return the response for an error of this package."""
    assert isinstance(error, KGError)
    headers = {"retry-after": RETRY_AFTER} if isinstance(error, BusyError) else {}
    if isinstance(error, NotReadyError):
        headers["refresh"] = SOON
    return _response(request, str(error), status_of(error), headers)


def http_error_response(request: Request, error: Exception) -> Response:
    """Return the response for a path or a method that does not exist here; for a browser, a page with a search."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.NOT_FOUND and _is_for_people(request):
        return not_found(request, "", request.url.path.strip("/"))
    sentences = {404: "There is no such page.", 405: f"The method {request.method} is not available here."}
    sentence = sentences.get(error.status_code, f"{error.detail}.")
    return _response(request, sentence, error.status_code, dict(error.headers or {}))


def _response(request: Request, sentence: str, status: int, headers: dict[str, str]) -> Response:
    if not _is_for_people(request):
        return PlainTextResponse(f"{sentence}\n", status, headers)
    response = page(request, "error.html", status=status, title=HTTPStatus(status).phrase, sentence=sentence)
    response.headers.update(headers)
    return response


def _is_for_people(request: Request) -> bool:
    """Return whether the client likes HTML better than plain text."""
    choice = choose(request.headers.get("accept", ""), [TEXT, HTML])
    return choice is not None and choice.media is HTML
