"""HTTP connections: uvicorn's protocol, with time limits for clients that are slow to write or to read."""

from __future__ import annotations

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEADER_SECONDS = 10.0
"""Seconds within which the headers of a request have to arrive, from its first byte or the start of the connection."""
LINGER = 2.0
"""Seconds after a response during which the rest of the body of the request is read and ignored."""
IGNORED = 8_000_000
"""Bytes that are read and ignored."""
READ_SECONDS = 20.0
"""Seconds within which a client has to read what was sent."""


class _Timer:
    """Calls a function after some time, unless it is stopped."""

    def __init__(self, loop: asyncio.AbstractEventLoop, connection: Connection) -> None:
        self._loop, self._connection = loop, connection
        self._handle: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        return self._handle is not None

    def start(self, seconds: float) -> None:
        self.stop()
        self._handle = self._loop.call_later(seconds, self._connection.transport.abort)

    def stop(self) -> None:
        if self._handle:
            self._handle.cancel()
        self._handle = None


class Connection(H11Protocol):
    """A connection that is closed if headers do not arrive in time, if a body has no end, or if nothing is read."""

    _ignored = 0
    """Bytes of the body of a request that came after the response."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the time for the headers."""
        self._writing, self._reading = _Timer(self.loop, self), _Timer(self.loop, self)
        super().connection_made(transport)
        self._writing.start(HEADER_SECONDS)

    def data_received(self, data: bytes) -> None:
        """Handle bytes; those of headers do not renew the time for the headers."""
        super().data_received(data)
        if self._ignores_body():
            self._ignored += len(data)
            if self._ignored > IGNORED:
                self.flow.pause_reading()
        if self.conn.their_state is h11.IDLE:
            if not self._writing.runs:
                self._writing.start(HEADER_SECONDS)
        elif not self._ignores_body():
            self._writing.stop()

    def _ignores_body(self) -> bool:
        """Whether the response is sent and the client goes on with the body of its request."""
        return self.conn.their_state is h11.SEND_BODY and self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Close the connection soon if the client goes on with its body."""
        super().on_response_complete()
        if self._ignores_body():
            self._ignored = 0
            self._writing.start(LINGER)

    def pause_writing(self) -> None:
        """Start the time for the client to read."""
        super().pause_writing()
        self._reading.start(READ_SECONDS)

    def resume_writing(self) -> None:
        """Stop the time for the client to read."""
        super().resume_writing()
        self._reading.stop()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop all times."""
        self._writing.stop()
        self._reading.stop()
        super().connection_lost(exc)
