"""Bulk loads: the loader of a store on this machine reads the files, and the load state is recorded with them."""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kg.errors import OutputError, UsageError
from kg.export.workers import cores
from kg.http.credentials import Credentials, credentials
from kg.load import state
from kg.load.bulk_data import BulkData
from kg.load.bulk_files import SCRIPT, BulkFiles, write_files
from kg.load.client import RemoteStore, connect
from kg.load.run import LoadResult, wrong_count
from kg.ontology.vocabulary import CT, SHARED_GRAPH
from kg.rdf.atomic import system_folder

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

STORES = ("virtuoso", "oxigraph", "fuseki", "qlever")
"""The stores whose loaders ``kg load --bulk`` runs."""
ISQL = ("isql-vt", "isql")
_EXCERPT = 200


def bulk_load(
    preset: str,
    settings: Mapping[str, str],
    inputs: Iterable[AnyData],
    *,
    folder: str | None = None,
    url: str | None = None,
    user: str | None = None,
    **options: Any,
) -> LoadResult:
    """Write the files for a store, by default to a temporary folder, and load them into the store, which is empty.

    Virtuoso is running at ``url``, and may read ``folder``; the others are not running. The options are those of
    :func:`kg.load.bulk_data.write_data`. Raises :class:`~kg.errors.UsageError` for a store that has data or that is on
    another machine, and :class:`~kg.errors.OutputError` where the loader fails.
    """
    if preset not in STORES:
        raise UsageError(f"The loader of {preset} cannot be run from here; write its files with -o DIR.")
    result = LoadResult()
    if preset == "virtuoso":
        return _into_virtuoso(settings, inputs, result, folder, url, user, **options)
    if url is not None:
        raise UsageError(f"The loader of {preset} writes to a folder, not to a URL; name it with --set location=DIR.")
    if preset == "qlever" and folder is None:
        raise UsageError("The index of QLever is built beside its files; name a folder for them with -o DIR.")
    location = settings.get("location")
    if location and Path(location).exists() and (not Path(location).is_dir() or any(Path(location).iterdir())):
        raise UsageError(f"{location} is not empty; a bulk load needs a new store, and kg load --to URL changes one.")
    with _folder(folder) as place:
        files = write_files(preset, settings, place, inputs, **options)
        _run(files, result)
    return result


@contextmanager
def _folder(name: str | None) -> Iterator[Path]:
    if name is not None:
        yield Path(name)
        return
    with system_folder() as scratch:
        yield scratch / "bulk"


def _run(files: BulkFiles, result: LoadResult) -> None:
    """Run the commands of a loader; their output goes to the file ``load.log``."""
    beside = str(Path(sys.executable).parent)  # where pip installs the program oxigraph
    environment = os.environ | {"PATH": os.pathsep.join((os.environ.get("PATH", os.defpath), beside))}
    with (files.folder / "load.log").open("w+", encoding="utf-8", errors="replace") as log:
        command = ["bash", "-c", f"set -o pipefail; {files.command}"]
        process = subprocess.run(command, cwd=files.folder, env=environment, stdout=log, stderr=log, check=False)  # noqa: S603
        log.seek(0)
        lines = log.read().split("\n")
    if process.returncode:
        reason = " ".join(" ".join(line for line in lines if line.strip()).split())[-_EXCERPT:]
        raise OutputError(f"The loader failed with status {process.returncode} ({reason}).")
    _add(files.data, result)


def _add(data: BulkData, result: LoadResult) -> None:
    result.added += sum(1 for _ in data.graphs())
    result.statements += data.statements
    result.without = data.without


# Virtuoso


def _into_virtuoso(
    settings: Mapping[str, str],
    inputs: Iterable[AnyData],
    result: LoadResult,
    folder: str | None,
    url: str | None,
    user: str | None,
    **options: Any,
) -> LoadResult:
    if url is None or folder is None:
        raise UsageError(
            "A bulk load into Virtuoso needs --to URL and -o DIR, a folder in DirsAllowed of virtuoso.ini."
        )
    if not _is_local(url):
        raise UsageError(f"{url} is on another machine; write the files there with -o DIR and without --bulk.")
    login = credentials(url, user)
    if login is None:
        raise UsageError("A bulk load into Virtuoso needs the password of dba in KG_PASSWORD or the netrc file.")
    client = Isql(f"127.0.0.1:{settings['sql']}", login)
    client.run("SELECT 1")
    with connect(url, "virtuoso", login, digest=True, timeout=3600) as store:
        _require_empty(store)
        files = write_files("virtuoso", settings, folder, inputs, **options)
        run_script(client, (files.folder / SCRIPT).read_text("utf-8"))
        _count(client, store, files.data, result)
    return result


def _is_local(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_empty(store: RemoteStore) -> None:
    query = f"SELECT ?iri WHERE {{ GRAPH ?g {{ ?iri a <{CT}Study> }} }} LIMIT 1"
    if next(store.select(query), None) or next(state.loaded_graphs(store), None):
        raise UsageError(f"{store.url} has studies already; load the changes without --bulk.")


def run_script(client: Isql, script: str) -> None:
    """Run the SQL script of the files, with a loader per core; raise :class:`~kg.errors.OutputError` where it fails."""
    for statement in filter(None, script.split(";\n")):
        count = cores() if statement == "rdf_loader_run()" else 1
        with ThreadPoolExecutor(count) as threads:
            answers = [*threads.map(client.run, [statement] * count)]
        if "ll_error" in statement and (failed := re.search(r"^(/\S+)\s+(.+)$", answers[0], re.MULTILINE)):
            raise OutputError(f"Virtuoso cannot load {failed[1]} ({' '.join(failed[2].split())[:_EXCERPT]}).")


def _count(client: Isql, store: RemoteStore, data: BulkData, result: LoadResult) -> None:
    """Count the statements of each graph; where the count is wrong, remove the state, so that it is loaded again.

    All graphs are counted at once, by SQL, which does not limit the number of rows: 7 s of CPU for 20,000 studies.
    """
    rows = client.run("SPARQL SELECT ?g (COUNT(*) AS ?count) WHERE { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    counted = {name: int(count) for name, count in re.findall(r"^(\S+)\s+(\d+)\s*$", rows, re.MULTILINE)}
    for graph in data.graphs():
        count = counted.get(graph.name, 0)
        result.added += 1
        result.statements += count
        if count != graph.statements:
            result.wrong.append(wrong_count(store, graph.name, count, graph.statements))
            store.update(state.removal(graph.name))
    result.statements += counted.get(SHARED_GRAPH, 0)
    result.without = data.without


class Isql:
    """Virtuoso's SQL client. The password goes through its standard input, since others can read the command line."""

    def __init__(self, address: str, login: Credentials) -> None:
        program = next(filter(None, map(shutil.which, ISQL)), None)
        if program is None:
            raise UsageError(f"Virtuoso's program {ISQL[0]} was not found; write the files with -o DIR without --bulk.")
        self._program, self._address, self._login = program, address, login

    def run(self, statement: str) -> str:
        """Run a statement and return what the client prints; raise :class:`~kg.errors.OutputError` if it fails."""
        user, password = self._login
        command = [self._program, self._address, user, "VERBOSE=OFF", "BANNER=OFF", f"EXEC={statement};"]
        process = subprocess.run(  # noqa: S603
            command, input=password + "\n", capture_output=True, text=True, errors="replace", check=False
        )
        output = process.stdout + process.stderr
        connected, _, rest = output.partition("Enter password for")
        errors = re.findall(r"\*\*\* Error (.+)", rest or connected)
        if errors:
            raise OutputError(f"Virtuoso at {self._address} refuses {statement!r}: {' '.join(errors[-1].split())}.")
        return process.stdout
