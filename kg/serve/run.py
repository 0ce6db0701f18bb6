"""Run a server: open its data, listen, and stop when the process is told to."""

from __future__ import annotations

import asyncio
import io
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from kg.errors import UsageError, printable
from kg.rdf.atomic import system_folder
from kg.serve.access_log import AccessLog
from kg.serve.app import create_app
from kg.serve.connection import Connection
from kg.serve.pace import Pace
from kg.serve.settings import Settings
from kg.serve.state import Server
from kg.store.dataset import classify_inputs, open_store

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg._types import Progress
    from kg.export.report import Report
    from kg.store.dataset import AnyData

Started = Callable[[Server], None]
"""Called with the server when it listens."""

HEADERS = 64_000
"""Bytes of the request line and the headers of a request, at most."""
CONNECTIONS = 1000
"""Connections, at most; further ones get status 503."""
KEEP_ALIVE = 15
"""Seconds that a connection is kept without requests."""
GRACE = 5.0
"""Seconds that queries may go on when the server stops."""


@contextmanager
def open_data(inputs: Iterable[AnyData], report: Report, progress: Progress | None, scratch: Path) -> Iterator[Path]:
    """Yield the folder of the store with the data: a single store as it is, anything else as a store in ``scratch``.

    The exceptions are those of :func:`kg.store.embedded.build`.
    """
    items = [*inputs]
    folder = classify_inputs(items).single_store
    if folder is None:
        from kg.store.embedded import build

        folder = scratch / "data.kgstore"
        build(items, folder, report=report, progress=progress)
    yield folder


def serve(
    inputs: Iterable[AnyData],
    settings: Settings,
    report: Report,
    *,
    progress: Progress | None = None,
    started: Started = lambda _: None,
) -> None:
    """Serve stores, RDF files and study records until the process gets SIGINT or SIGTERM.

    Raises :class:`~kg.errors.UsageError` for an address that cannot be used, and the errors of
    :func:`kg.store.embedded.build`.
    """
    with (
        listen(settings.host, settings.port) as listener,
        system_folder() as scratch,
        open_data(inputs, report, progress, scratch) as path,
        open_store(path) as store,
    ):
        port: int = listener.getsockname()[1]
        server = Server(path, store, replace(settings, port=port), scratch)
        asyncio.run(_serve(server, listener, started))


@contextmanager
def listen(host: str, port: int) -> Iterator[socket.socket]:
    """Open a listening socket; raises :class:`~kg.errors.UsageError` if the address or the port cannot be used."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{host} is not an address of this machine.") from error
    with listener:
        try:
            if sys.platform != "win32":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(f"Port {port} of {host} cannot be used: {reason}; choose another with --port.") from error
        yield listener


class _Uvicorn(uvicorn.Server):
    """A server that stops its queries when it is told to stop, and then ends without raising the signal again."""

    def __init__(self, config: uvicorn.Config, server: Server, started: Started) -> None:
        super().__init__(config)
        self._server, self._report_start = server, started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGINT and SIGTERM; a second one ends the server at once."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start to listen."""
        await super().startup(sockets)
        self._report_start(self._server)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, give requests some time, then stop their queries."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(0 if self.force_exit else GRACE, lambda: loop.create_task(self._server.pool.close()))
        await super().shutdown(sockets)
        timer.cancel()


async def _serve(server: Server, listener: socket.socket, started: Started) -> None:
    asyncio.get_running_loop().set_exception_handler(_report)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logging.getLogger(name).handlers = [logging.NullHandler()]
        logging.getLogger(name).propagate = False
    config = uvicorn.Config(
        AccessLog(Pace(create_app(server)), io.FileIO(1, "wb", closefd=False)),
        http=Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        server_header=False,
        proxy_headers=bool(server.settings.public_url),
        limit_concurrency=_raise_file_limit(),
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=int(2 * GRACE),
        h11_max_incomplete_event_size=HEADERS,
    )
    async with server.running():
        await _Uvicorn(config, server, started).serve([listener])


def _raise_file_limit() -> int:
    """Allow this process as many files as the system does; return how many connections it may have."""
    try:
        import resource
    except ImportError:
        return CONNECTIONS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * CONNECTIONS if hard == resource.RLIM_INFINITY else min(2 * CONNECTIONS, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            soft = wanted
    return min(CONNECTIONS, soft // 2) if soft > 0 else CONNECTIONS


def _report(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Report an error in a callback, such as that of a connection, in one sentence."""
    error = context.get("exception")
    if isinstance(error, Exception) and not isinstance(error, ConnectionError):
        text = f"{context['message']} ({type(error).__name__}: {' '.join(str(error).split())[:300]})"
        print(printable(f"kg: {text}."), file=sys.stderr, flush=True)
