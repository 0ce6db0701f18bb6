"""``kg serve`` as a process on loopback, and plain HTTP requests to it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

TOP = Path(__file__).parent.parent
READY = re.compile(r"Serving .* at (http://\S+)/ ")
LONGEST = 120
"""Seconds until a server has to be ready."""


class Response(NamedTuple):
    """The response to a request; the names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0]


@dataclass
class Served:
    """A server that runs: ``errors`` are the lines of its standard error, ``log`` has its standard output."""

    process: subprocess.Popen[str]
    log: Path
    url: str = ""
    errors: list[str] = field(default_factory=list)

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])

    def request(
        self, method: str, target: str, body: bytes | None = None, timeout: float = 60, **headers: str
    ) -> Response:
        """Send a request with these headers only; underscores in their names stand for hyphens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            response = connection.getresponse()
            return Response(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def get(self, target: str, timeout: float = 60, **headers: str) -> Response:
        return self.request("GET", target, timeout=timeout, **headers)

    def query(self, text: str, timeout: float = 60, **headers: str) -> Response:
        return self.get(f"/sparql?{urlencode({'query': text}, quote_via=quote)}", timeout, **headers)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)

    def exchange(self, data: bytes, seconds: float = 30) -> bytes:
        """Send bytes and return what comes back until the connection is closed."""
        with self.connect() as connection:
            connection.settimeout(seconds)
            parts: list[bytes] = []
            with suppress(ConnectionError):  # closed with bytes that were not read
                connection.sendall(data)
                while part := connection.recv(1 << 16):
                    parts.append(part)
            return b"".join(parts)

    def processes(self) -> list[int]:
        """The server and its children."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True)
        return [self.process.pid, *map(int, children.stdout.split())]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


def start(data: list[str], log: Path, *options: str) -> Served:
    """Start a server on a free port, and wait until it is ready."""
    command = [sys.executable, "-m", "kg", "serve", *data, "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": str(TOP), "PYTHONUNBUFFERED": "1"}
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=subprocess.PIPE, text=True, env=environment, cwd=TOP)
    served = Served(process, log)
    threading.Thread(target=_read_errors, args=(served,), daemon=True).start()
    deadline = time.monotonic() + LONGEST
    while not served.url:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            raise AssertionError(f"the server did not start: {served.errors}")
        time.sleep(0.02)
    return served


def _read_errors(served: Served) -> None:
    assert served.process.stderr
    for line in served.process.stderr:
        served.errors.append(line.rstrip("\n"))
        if match := READY.search(line):
            served.url = f"http://127.0.0.1:{match[1].rpartition(':')[2]}"


@contextmanager
def serving(data: list[str], log: Path, *options: str) -> Iterator[Served]:
    """Run a server; at the end it must stop by itself."""
    served = start(data, log, *options)
    try:
        yield served
    finally:
        if served.process.poll() is None:
            served.process.terminate()
        try:
            served.process.wait(30)
        except subprocess.TimeoutExpired:
            served.process.kill()
            raise
