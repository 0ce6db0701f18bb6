"""Files that pages refer to: styles, scripts and the typeface of the pictures, read once and sent with a digest."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from kg.draw import ASSETS
from kg.serve.paths import STATIC

FOLDER = Path(__file__).parent / "static"
FONTS = ("Inter-Regular.woff2", "Inter-SemiBold.woff2")
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
REFERRING = (".css", ".js")
_REFERENCE = re.compile(rb"""(url\("|from "|import\(")([\w./-]+)(")""")
"""A reference to another file in a style sheet or a script."""
YEAR = 31_536_000


class Asset(NamedTuple):
    """The content of a file, its media type and the digest that its URL has."""

    content: bytes
    type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """Return the files by their path after ``/static/``."""
    files = {str(path.relative_to(FOLDER)): path for path in FOLDER.rglob("*") if path.suffix in TYPES}
    files |= {name: ASSETS / name for name in FONTS}
    done: dict[str, Asset] = {}
    for name in files:
        _add(name, files, done)
    return done


def _add(name: str, files: dict[str, Path], done: dict[str, Asset]) -> Asset:
    """Add a file after those that it refers to, whose digests become a part of its content."""
    if name in done:
        return done[name]

    def exact(match: re.Match[bytes]) -> bytes:
        other = str(PurePosixPath(name).parent / match[2].decode())
        return match[0] if other not in files else match[1] + b"?v=".join([match[2], _digest(other)]) + match[3]

    def _digest(other: str) -> bytes:
        return _add(other, files, done).digest.encode()

    path = files[name]
    content = path.read_bytes()
    if path.suffix in REFERRING and "vendor" not in path.parts:
        content = _REFERENCE.sub(exact, content)
    done[name] = Asset(content, TYPES[path.suffix], hashlib.sha256(content).hexdigest()[:12])
    return done[name]


def asset_url(name: str) -> str:
    """Return the path of a file with its digest, so that browsers keep it until it changes."""
    return f"{STATIC}{name}?v={assets()[name].digest}"


def asset(request: Request) -> Response:
    """Return a file; one without the digest of its content is checked again each time."""
    found = assets().get(request.path_params["name"])
    if found is None:
        return PlainTextResponse("There is no such file.\n", 404)
    is_exact = request.query_params.get("v") == found.digest
    cache_control = f"public, max-age={YEAR}, immutable" if is_exact else "no-cache"
    headers = {"Cache-Control": cache_control, "ETag": f'"{found.digest}"', "X-Content-Type-Options": "nosniff"}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(found.content, media_type=found.type, headers=headers)


def routes() -> list[BaseRoute]:
    """Return the route of the files."""
    return [Route(STATIC + "{name:path}", asset)]
