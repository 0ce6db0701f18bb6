"""URLs of a server."""

from __future__ import annotations

from starlette.requests import Request

from kg.serve.state import server_of


def base_url(request: Request) -> str:
    """Return the URL of the server as its client knows it, without a slash at the end."""
    settings = server_of(request).settings
    host = request.headers.get("host", "")
    return settings.public_url or (f"{request.url.scheme}://{host}" if host else settings.local_url)
