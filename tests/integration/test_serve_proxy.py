"""``kg serve`` behind nginx, with the configuration that the documentation shows."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from kg.export.report import Report
from kg.store.embedded import build
from tests.conftest import SEED
from tests.servers import free_port
from tests.serving import TOP, Response, Served, serving

HOST = "trials.example.org"


def nginx_or_skip() -> str:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if program is None:
        if os.environ.get("KG_CI"):
            pytest.fail("nginx is not installed")
        pytest.skip("nginx is not installed")
    return program


def configuration(folder: Path, port: int, upstream: int) -> str:
    """The configuration of the documentation, without encryption and on free ports."""
    text = (TOP / "docs" / "serve.md").read_text()
    block = re.findall(r"```nginx\n(.*?)```", text, re.DOTALL)[0]
    block = re.sub(r"^ *ssl_.*\n", "", block, flags=re.MULTILINE)
    block = block.replace("listen 443 ssl", f"listen 127.0.0.1:{port}").replace(
        "127.0.0.1:8000", f"127.0.0.1:{upstream}"
    )
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    folders = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    return (
        f"daemon off; user root; pid {folder}/nginx.pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{folders}{block}\n}}\n"
    )


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Served]]:
    """The server, and the proxy as if it were one."""
    program, folder = nginx_or_skip(), tmp_path_factory.mktemp("proxy")
    build([str(SEED)], folder / "data.kgstore", report=Report())
    with serving([str(folder / "data.kgstore")], folder / "log", "--public-url", f"https://{HOST}") as served:
        port = free_port()
        (folder / "nginx.conf").write_text(configuration(folder, port, served.port))
        command = [program, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]
        process = subprocess.Popen(command, text=True)
        proxy = Served(process, folder / "log", f"http://127.0.0.1:{port}")  # type: ignore[arg-type]
        try:
            wait_for(proxy)
            yield served, proxy
        finally:
            process.terminate()
            process.wait(30)


def wait_for(proxy: Served) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            proxy.get("/health", Host=HOST)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("nginx does not answer")


def ask(proxy: Served, **headers: str) -> Response:
    return proxy.get(f"/sparql?{urlencode({'query': 'SELECT * { ?s ?p ?o }'})}", Host=HOST, **headers)


def test_queries_pass_the_proxy(proxied: tuple[Served, Served]) -> None:
    response = ask(proxied[1])
    assert response.status == 200
    assert len(json.loads(response.body)["results"]["bindings"]) > 3000


def test_answers_are_compressed(proxied: tuple[Served, Served]) -> None:
    response = ask(proxied[1], Accept_Encoding="gzip")
    assert response.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(response.body))["results"]["bindings"]


def test_the_service_has_the_public_url(proxied: tuple[Served, Served]) -> None:
    response = proxied[1].get("/sparql", Host=HOST)
    assert f"<https://{HOST}/sparql>".encode() in response.body
    assert b"127.0.0.1" not in response.body


def test_the_log_has_the_client_and_not_what_it_claims(proxied: tuple[Served, Served]) -> None:
    served, proxy = proxied
    proxy.get("/health?marked", Host=HOST, X_Forwarded_For="203.0.113.9")
    time.sleep(0.2)
    line = next(line for line in served.log.read_text().splitlines() if "marked" in line)
    assert line.startswith("127.0.0.1 - - [")


def test_a_large_request_is_refused(proxied: tuple[Served, Served]) -> None:
    body = b"x" * 2_000_000
    response = proxied[1].request("POST", "/sparql", body, Host=HOST, Content_Type="application/sparql-query")
    assert response.status == 413


def test_errors_pass_the_proxy(proxied: tuple[Served, Served]) -> None:
    response = proxied[1].get("/sparql?query=ASK%20%7B", Host=HOST)
    assert (response.status, response.media_type) == (400, "text/plain")
    assert response.text.startswith("Syntax error at line 1")
