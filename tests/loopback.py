"""HTTP servers on loopback whose responses a test defines."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit


class Reply(NamedTuple):
    """A response; ``cut`` is the number of bytes after which the connection breaks."""

    body: bytes | str = b""
    status: int = 200
    headers: Mapping[str, str] = {}
    cut: int | None = None


@dataclass(frozen=True)
class Request:
    """A request that the server received; ``target`` is the first line's."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""
    number: int = 1
    """The number of this request among those for the same path, from 1."""
    params: dict[str, str] = field(default_factory=dict)


Route = Reply | Callable[[Request], Reply]


class LoopbackServer(ThreadingHTTPServer):
    """A server whose clients may leave in the middle of a response, as those that are tested do."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing for a client that left: standard error is that of the command that is tested."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Loopback(LoopbackServer):
    """Serves ``routes`` by path, and records the requests."""

    def __init__(self, routes: Mapping[str, Route]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes = dict(routes)
        self.requests: list[Request] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def targets(self) -> list[str]:
        return [request.target for request in self.requests]


class _Handler(BaseHTTPRequestHandler):
    server: Loopback
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        number = 1 + sum(urlsplit(request.target).path == parts.path for request in self.server.requests)
        params = dict(parse_qsl(parts.query))
        request = Request(self.command, self.path, dict(self.headers.items()), body, number, params)
        self.server.requests.append(request)
        route = self.server.routes.get(parts.path, Reply("no such page", 404))
        self._send(route(request) if callable(route) else route)

    def do_POST(self) -> None:
        self.do_GET()

    def _send(self, reply: Reply) -> None:
        body = reply.body.encode() if isinstance(reply.body, str) else reply.body
        self.send_response_only(reply.status)
        for name, value in ({"Content-Length": str(len(body))} | dict(reply.headers)).items():
            if value:
                self.send_header(name, value)
        self.close_connection = reply.cut is not None or reply.headers.get("Content-Length") == ""
        self.end_headers()
        self.wfile.write(body[: reply.cut])

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def serving(routes: Mapping[str, Route]) -> Iterator[Loopback]:
    """Run a server."""
    with Loopback(routes) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
