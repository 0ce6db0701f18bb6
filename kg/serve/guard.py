"""Middleware for all requests: the host that they name, headers for the security of browsers, and CORS."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.serve.settings import Settings

CSP = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'self'"
)
"""The content security policy of a response that has none of its own."""
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Content-Disposition, ETag, Link, Retry-After",
}
_HOST = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::\d{1,5})?")
PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    "access-control-allow-headers": "Accept, Content-Type",
    "access-control-max-age": "86400",
}


class Guard:
    """Refuses requests for other hosts, so that no page of a stranger reaches this server by DNS rebinding."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._hosts = {"localhost", settings.host.lower(), urlsplit(settings.url).hostname}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the response to a request for another host or of two lengths, and to a preflight request."""
        headers = Headers(scope=scope)
        if "content-length" in headers and "transfer-encoding" in headers:
            return PlainTextResponse("The length of the request is ambiguous.", 400, {"connection": "close"})
        host = headers.get("host", "")
        if host and not self._is_known(host):
            text = "This server is not known by that name; its operator can set it with --public-url."
            return PlainTextResponse(text, 400)
        return Response(status_code=204, headers=PREFLIGHT) if scope["method"] == "OPTIONS" else None

    def _is_known(self, host: str) -> bool:
        """Return whether a host is this server, or an IP address, which nobody can have resolved to this server."""
        match = _HOST.fullmatch(host)
        if match is None:
            return False
        name = (match[1] or match[2]).lower().removesuffix(".")
        try:
            return name in self._hosts or bool(ipaddress.ip_address(name))
        except ValueError:
            return False
