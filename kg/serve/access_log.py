"""The outermost middleware: a log in the Common Log Format, and the last word on unexpected errors.

The format is that of https://httpd.apache.org/docs/current/logs.html#common. Only the first bytes of a long request
line are logged.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from datetime import datetime
from typing import IO

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.errors import printable
from kg.serve.pace import SlowClientError

WIDTH = 2000
"""Bytes of a request line that are logged."""


class AccessLog:
    """Writes a line per request to a stream, and reports errors of handlers in one sentence on standard error.

    Nobody has to read the stream: its errors are ignored.
    """

    def __init__(self, app: ASGIApp, stream: IO[bytes]) -> None:
        self._app, self._stream = app, stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status, size = 500, 0

        async def counting(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b"")) if scope["method"] != "HEAD" else 0
            await send(message)

        try:
            await self._app(scope, receive, counting)
        except SlowClientError:
            raise
        except Exception as error:
            _report(scope, error)
            if status == 500 and not size:
                await PlainTextResponse("The server failed to handle this request.\n", 500)(scope, receive, send)
        finally:
            with suppress(OSError):
                self._stream.write(f"{log_line(scope, status, size)}\n".encode())


def log_line(scope: Scope, status: int, size: int, now: datetime | None = None) -> str:
    """Return the line of a request.

    >>> request = {"method": "GET", "raw_path": b"/a", "query_string": b'q="', "http_version": "1.1"}
    >>> log_line({"client": ("127.0.0.1", 1), **request}, 200, 5, datetime.fromisoformat("2025-03-01T12:00:00+01:00"))
    '127.0.0.1 - - [01/Mar/2025:12:00:00 +0100] "GET /a?q=\\\\x22 HTTP/1.1" 200 5'
    """
    client = scope.get("client") or ("-", 0)
    target = scope.get("raw_path", b"") + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    time = (now or datetime.now().astimezone()).strftime("%d/%b/%Y:%H:%M:%S %z")
    request = f"{scope['method']} {_escaped(target[:WIDTH])} HTTP/{scope['http_version']}"
    return f'{_escaped(client[0].encode())} - - [{time}] "{request}" {status} {size or "-"}'


def _escaped(text: bytes) -> str:
    r"""Escape what would end a field or the line.

    >>> _escaped(b'a"\n\xff')
    'a\\x22\\x0a\\xff'
    """
    return "".join(chr(c) if 0x20 < c < 0x7F and c not in b'"\\' else f"\\x{c:02x}" for c in text)


def _report(scope: Scope, error: Exception) -> None:
    text = f"{scope['method']} {scope['path']} failed ({type(error).__name__}: {' '.join(str(error).split())[:300]})."
    print(printable(f"kg: {text}"), file=sys.stderr, flush=True)
