"""A body of a response with a check before each part of it, also of parts that are too small to be decoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx


class CheckedStream(httpx.SyncByteStream):
    """The parts of a body as they come from the network; ``check`` is called for each, and may raise."""

    def __init__(self, stream: httpx.SyncByteStream, check: Callable[[], None]) -> None:
        self._stream = stream
        self._check = check

    def __iter__(self) -> Iterator[bytes]:
        for part in self._stream:
            self._check()
            yield part

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
