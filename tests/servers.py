"""Real triple stores on loopback, which a test starts, kills and starts again; what a machine lacks is skipped.

Fuseki is a jar of Maven Central: ``mvn dependency:get -Dartifact=org.apache.jena:jena-fuseki-server:5.5.0
-Dtransitive=false`` puts it where it is looked for; ``FUSEKI_JAR`` names another.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import pytest

FUSEKI = "5.5.0"
JAR = f".m2/repository/org/apache/jena/jena-fuseki-server/{FUSEKI}/jena-fuseki-server-{FUSEKI}.jar"
PASSWORD = "s3cret"
LONGEST = 300
"""Seconds until a server has to answer: one that was killed reads its log first."""


class Missing(Exception):  # noqa: N818 -- it is no error of the test
    """The machine lacks what a server needs."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A store whose data is in a folder; ``url`` is given to ``--to``, ``query_url`` to ``--endpoint``."""

    name = ""
    credentials: tuple[str, str] | None = None

    def __init__(self, place: Path) -> None:
        self.place = place
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return self.root

    @property
    def query_url(self) -> str:
        return self.url

    @property
    def environment(self) -> dict[str, str]:
        return {"KG_USER": self.credentials[0], "KG_PASSWORD": self.credentials[1]} if self.credentials else {}

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        with (self.place / "server.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), cwd=self.place, stdout=log, stderr=log)
        deadline = time.monotonic() + LONGEST
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                with urlopen(self.query_url.partition("?")[0], timeout=5):
                    return
            except HTTPError:
                return
            except (URLError, OSError):
                time.sleep(0.1)
        said = (self.place / "server.log").read_text("utf-8", "replace")[-2000:]
        raise RuntimeError(f"{self.name} does not start: {said}")

    def kill(self) -> None:
        """Ends the server at once, whatever it does."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()


class Oxigraph(Server):
    name = "oxigraph"

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.program = Path(sys.executable).with_name("oxigraph")
        if not self.program.exists():
            raise Missing("the oxigraph server is not installed (pip install oxigraph)")

    @property
    def query_url(self) -> str:
        return f"{self.root}/query?union-default-graph"

    def command(self) -> list[str]:
        return [str(self.program), "serve", "--location", "db", "--bind", f"127.0.0.1:{self.port}"]


class Fuseki(Server):
    name = "fuseki"

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.jar = Path(os.environ.get("FUSEKI_JAR") or Path.home() / JAR)
        if shutil.which("java") is None or not self.jar.exists():
            raise Missing(f"Java or the jar of Fuseki is not installed ({self.jar.name}, from Maven Central)")

    @property
    def url(self) -> str:
        return f"{self.root}/ds"

    @property
    def query_url(self) -> str:
        return f"{self.root}/ds/query"

    def command(self) -> list[str]:
        (self.place / "db").mkdir(exist_ok=True)
        union = ["--set", "tdb2:unionDefaultGraph=true"]
        where = ["--localhost", "--port", str(self.port), "--update", "--tdb2", "--loc", "db", "/ds"]
        return ["java", "-Xmx2g", "-jar", str(self.jar), *union, *where]


class Virtuoso(Server):
    name = "virtuoso"
    credentials = ("dba", PASSWORD)

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        if shutil.which("virtuoso-t") is None:
            raise Missing("Virtuoso is not installed (apt-get install virtuoso-opensource-7)")
        self.sql = free_port()
        (place / "virtuoso.ini").write_text(INI.format(sql=self.sql, http=self.port, place=place))
        passwords = ["+pwdold", "dba", "+pwddba", PASSWORD, "+pwddav", PASSWORD]
        command = ["virtuoso-t", "+configfile", "virtuoso.ini", "+foreground", "+checkpoint-only", *passwords]
        subprocess.run(command, cwd=place, check=True, capture_output=True)

    @property
    def url(self) -> str:
        return f"{self.root}/sparql"

    @property
    def query_url(self) -> str:
        return f"{self.root}/sparql-auth"

    def command(self) -> list[str]:
        (self.place / "virtuoso.lck").unlink(missing_ok=True)  # of one that was killed
        return ["virtuoso-t", "+configfile", "virtuoso.ini", "+foreground"]


INI = """[Database]
DatabaseFile=virtuoso.db
ErrorLogFile=virtuoso.log
LockFile=virtuoso.lck
TransactionFile=virtuoso.trx
xa_persistent_file=virtuoso.pxa
FileExtend=200
[TempDatabase]
DatabaseFile=virtuoso-temp.db
TransactionFile=virtuoso-temp.trx
[Parameters]
ServerPort=127.0.0.1:{sql}
DisableUnixSocket=1
DirsAllowed={place}
NumberOfBuffers=40000
MaxDirtyBuffers=30000
TransactionAfterImageLimit=2000000000
[HTTPServer]
ServerPort=127.0.0.1:{http}
ServerRoot=/var/lib/virtuoso-opensource-7/vsp
[SPARQL]
ResultSetMaxRows=1000000
MaxQueryExecutionTime=300
"""

SERVERS: tuple[type[Server], ...] = (Oxigraph, Fuseki, Virtuoso)


S = TypeVar("S", bound=Server)


@contextmanager
def running_or_skip(kind: Callable[[Path], S], place: Path) -> Iterator[S]:
    """A server that runs; a test is skipped where the machine lacks it, and fails in continuous integration."""
    try:
        server = kind(place)
    except Missing as error:
        if os.environ.get("KG_CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    server.start()
    try:
        yield server
    finally:
        server.kill()
