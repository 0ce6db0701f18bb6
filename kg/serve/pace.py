"""Middleware that sends large bodies in parts, and drops clients that read them too slowly."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PART = 1 << 16
"""Bytes that are sent at once."""
SECONDS = 30.0
"""Seconds that a client has for any response."""
RATE = 20_000
"""Bytes per second that a client has to read in addition."""


class SlowClientError(Exception):
    """A client reads its response too slowly."""


class Pace:
    """Sends responses in parts, each when the client has read most of the one before."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; raises :class:`SlowClientError`, upon which the server closes the connection."""

        async def paced(message: Message) -> None:
            body = memoryview(message.get("body", b""))
            if len(body) <= PART:
                await send(message)
            else:
                await _send_parts(send, body, message.get("more_body", False))

        await self._app(scope, receive, paced)


async def _send_parts(send: Send, body: memoryview, more: bool) -> None:
    time = asyncio.get_running_loop().time
    begun = time()
    for begin in range(0, len(body), PART):
        end = begin + PART
        part = bytes(body[begin:end])
        await send({"type": "http.response.body", "body": part, "more_body": more or end < len(body)})
        if time() - begun > SECONDS + end / RATE:
            raise SlowClientError
