"""HTTP for the local API server: one thread per connection, and the ways in which an answer does not arrive."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from time import monotonic
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from tests.integration.api_faults import Answer, text
from tests.loopback import LoopbackServer

if TYPE_CHECKING:
    from tests.integration.api_server import ApiServer

ROOT = "/api/v2"
LONGEST_TARGET = 8190
"""The most characters of a request's target."""


@dataclass
class Request:
    """A request that the server received, and what it answered."""

    method: str
    path: str
    """What follows ``/api/v2``."""
    params: dict[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 0
    sent: int = 0
    """Bytes of the body that were sent, as they were encoded."""
    fault: str = ""
    time: float = field(default_factory=monotonic)


class Listener(LoopbackServer):
    """Listens on loopback for requests to an API."""

    request_queue_size = 64

    def __init__(self, api: ApiServer, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api = api


class _Handler(BaseHTTPRequestHandler):
    server: Listener
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        api = self.server.api
        parts = urlsplit(self.path)
        params = dict(parse_qsl(parts.query, keep_blank_values=True))
        path = parts.path.removeprefix(ROOT) if parts.path.startswith(ROOT) else parts.path
        request = Request(self.command, path, params, dict(self.headers.items()))
        answer = text(414, "URI Too Long") if len(self.path) > LONGEST_TARGET else api.answer(request)
        if api.delay and api.stopped.wait(api.delay):
            return
        request.status = answer.status
        self._send(answer, request)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, answer: Answer, request: Request) -> None:
        if answer.reset:
            self._reset()
            return
        if answer.cut == -1:
            self._wait(answer.stall)
            return
        self._start(answer)
        if self.command == "HEAD" or answer.status == 304:
            self.end_headers()
            return
        body = memoryview(answer.body)[: answer.cut]
        if answer.drip:
            self.end_headers()
            self._drip(body, answer.drip, request)
        else:
            self._write(body, answer, request)
        if answer.cut is not None:
            self._wait(answer.stall)

    def _start(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Server", "istio-envoy")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.is_chunked and self.command != "HEAD":
            self.send_header("Transfer-Encoding", "chunked")
        elif self.command != "HEAD" and answer.status != 304:
            self.send_header("Content-Length", str(len(answer.body)))

    def _write(self, body: memoryview, answer: Answer, request: Request) -> None:
        """Send a body; the headers go with its first bytes."""
        self._headers_buffer: list[bytes]
        self._headers_buffer.append(b"\r\n")
        size = 1 << 18
        if not answer.is_chunked:
            self._headers_buffer.append(bytes(body[:size]))
            self.flush_headers()
            self.wfile.write(body[size:])
            request.sent = len(body)
            return
        self.flush_headers()
        for at in range(0, len(body), size):
            part = body[at : at + size]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            request.sent += len(part)
        if answer.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def _drip(self, body: memoryview, pause: float, request: Request) -> None:
        for at in range(len(body)):
            self.wfile.write(body[at : at + 1])
            request.sent += 1
            if self.server.api.stopped.wait(pause):
                break
        self.close_connection = True

    def _wait(self, seconds: float) -> None:
        self.server.api.stopped.wait(seconds)
        self.close_connection = True

    def _reset(self) -> None:
        """Break the connection, so that the client is told of it rather than of its end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Log nothing."""
