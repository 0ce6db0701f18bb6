"""Every command on a full disk, in a read-only folder, with few file handles, on a damaged store, and to ``/dev/full``.

No traceback, nothing half, nothing left over. File systems are mounted, so these tests need root.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kg.cli import COMMANDS as ALL
from kg.export.report import Report
from kg.export.run import export
from kg.store.embedded import build
from tests.conftest import DATA, SEED, STUDIES
from tests.integration.api_server import ApiServer, serve

KG = f"{sys.executable} -m kg"
WARNED = "NCT07040332"
"""A study with a warning, which would be another line."""
FETCHED = [path.stem for path in STUDIES[:8]]
"""The studies of the local API."""
MESH = DATA / "mesh" / "desc.xml"
NOWHERE = "http://127.0.0.1:9/"
ROWS, GRAPH = "SELECT * { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }"

COMMANDS = {
    "export to Turtle": "export IN -o OUT/a.ttl -j 1",
    "export by several processes": "export IN IN2 -o OUT/a.nt -j 2",
    "export to gzip": "export IN -o OUT/a.nt.gz -j 1",
    "export to Zstandard": "export IN -o OUT/a.nq.zst -j 1",
    "export to Parquet": "export IN -o OUT/a.parquet -j 1",
    "export to JSON-LD": "export IN -o OUT/a.jsonld -j 1",
    "export to RDF/XML": "export IN -o OUT/a.rdf -j 1",
    "export sorted": "export IN -o OUT/a.nt --sort --manifest --describe --report OUT/r.jsonl -j 1",
    "export to standard output": "export IN -o - -f ntriples -j 1",
    "export with Dask": "export IN -o OUT/dask --engine dask -f ntriples -j 1",
    "validate": "validate RDF --report OUT/v.jsonl",
    "validate with a SHACL report": "validate RDF --report OUT/v.ttl",
    "validate a store": "validate STORE",
    "coverage": "coverage IN --json OUT/c.json",
    "restore": "restore RDF -o OUT/r.jsonl",
    "restore a store": "restore STORE -o OUT/r.jsonl",
    "fields": "fields",
    "ontology": "ontology -o OUT/o.owl",
    "plan": "plan",
    "plan with its operations": "plan --source",
    "store build": "store build IN -o OUT/s.kgstore -j 1",
    "store build from RDF": "store build RDF IN -o OUT/s.kgstore -j 1",
    "store build from a store": "store build STORE IN -o OUT/s.kgstore -j 1",
    "store update": f"store update STORE {STUDIES[9]} {STUDIES[10]} --report OUT/u.jsonl",
    "store update with prune": f"store update STORE {SEED} --prune",
    "store remove": f"store remove STORE {STUDIES[0].stem}",
    "store info": "store info STORE",
    "mesh build": f"mesh build {MESH} -o OUT/m.nt",
    "mesh check": f"mesh check IN --mesh {MESH} --json OUT/m.json",
    "query to CSV": f"query '{ROWS}' -d STORE -o OUT/q.csv",
    "query to Parquet": f"query '{ROWS}' -d STORE -o OUT/q.parquet",
    "query to Turtle": f"query '{GRAPH}' -d STORE -o OUT/q.ttl",
    "query to standard output": f"query '{ROWS}' -d STORE",
    "query with an explanation": "query arms -d STORE --explain",
    "parquet-views": "parquet-views PARQUET -o OUT/v.sql",
    "query of records": "query arms -d IN -o OUT/q.csv",
    "query list": "query --list",
    "load to files": "load IN --preset qlever -o OUT/qlever",
    "load a store to files": "load STORE --preset qlever -o OUT/qlever",
    "load": f"load STORE --to {NOWHERE}",
    "network to GraphML": "network IN -o OUT/n.graphml",
    "network to GEXF": "network STORE -o OUT/n.gexf",
    "network to KGX": "network IN -o OUT/kgx -f kgx",
    "network to KGX lines": "network STORE -o OUT/kgx -f kgx-jsonl",
    "network to Neo4j": "network IN STORE -o OUT/neo -f neo4j",
    "draw a page": "draw IN -o OUT/d.html",
    "draw to SVG": "draw STORE -o OUT/d.svg",
    "draw to PNG": "draw STORE --summary -o OUT/d.png",
    "draw to PDF": "draw STORE -o OUT/d.pdf",
    "draw to standard output": "draw --ontology -o -",
    "fetch records": "fetch --all --api API --rate 0 -o OUT/f.jsonl",
    "fetch pages to a folder": "fetch NUMBERS --api API --rate 0 -o OUT/f/",
    "fetch a graph": "fetch NUMBERS --api API --rate 0 -o OUT/f.nt",
    "fetch a store": "fetch NUMBERS --api API --rate 0 -o OUT/f.kgstore",
    "fetch to standard output": "fetch NUMBERS --api API --rate 0 -o -",
    "sync a store": "sync STORE --all --api API --rate 0 --prune-limit 100 --changes OUT/changes.jsonl",
    "sync a folder": "sync OUT/copy/ --all --api API --rate 0",
    "serve": "serve STORE --port 0",
}
WITH_STORE = [name for name, text in COMMANDS.items() if "STORE" in text]
WITH_OUTPUT = [name for name, text in COMMANDS.items() if "OUT/" in text]
CHANGING = ["store update", "store update with prune", "store remove", "sync a store"]
RESUMED = (".fetch", ".sync")
"""The ends of the names of folders from which the next run goes on."""
STUDIES_AFTER = {"store update": 8, "store update with prune": 1, "store remove": 5, "sync a store": 8}
FINDS = ("MeSH: ", "Validated: ", "Studies: ")
"""What the last line starts with where a command that worked has the exit status 1."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="file systems are mounted on Linux only")


class Inputs:
    """The inputs of the commands: records, the same records as RDF, and as a store."""

    def __init__(self, folder: Path, api: str) -> None:
        self.api = api
        self.records, self.more = folder / "records", folder / "more"
        self.records.mkdir()
        self.more.mkdir()
        for path in STUDIES:
            if path.stem != WARNED:
                shutil.copy(path, self.records)
                shutil.copy(path, self.more)
        self.rdf, self.store, self.small = folder / "all.nq", folder / "s.kgstore", folder / "small.kgstore"
        export([self.records], self.rdf)
        self.parquet = folder / "all.parquet"
        export([self.records], self.parquet)
        build([self.records], self.store, report=Report())
        build(STUDIES[:6], self.small, report=Report())

    def run(self, name: str, out: Path, store: Path | None = None, before: str = "", after: str = "") -> Run:
        """Run a command; ``before`` and ``after`` are parts of the line of the shell."""
        words = {"OUT": out, "STORE": store or self.store, "IN": self.records, "IN2": self.more, "RDF": self.rdf}
        words |= {"PARQUET": self.parquet, "API": self.api, "NUMBERS": " ".join(FETCHED)}
        line = re.sub(rf"\b({'|'.join(words)})\b", lambda match: str(words[match[0]]), COMMANDS[name])
        limit = "timeout -s INT --preserve-status 8" if name == "serve" else ""
        shell = ["bash", "-c", f"{before} {limit} {KG} {line} {after}"]
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
        return Run(subprocess.run(shell, capture_output=True, check=False, env=environment, timeout=300))


class Run:
    """A run of a command: its messages, and whether it did what was asked for."""

    def __init__(self, done: subprocess.CompletedProcess[bytes]) -> None:
        self.lines = done.stderr.decode(errors="replace").splitlines()
        self.output = done.stdout.decode(errors="replace")
        self.code = done.returncode
        text = "\n".join(self.lines)
        assert "Traceback" not in text, text
        assert "panicked" not in text, text
        assert self.code in (0, 1, 2), text
        self.worked = self.code == 0 or bool(self.lines and self.lines[-1].startswith(FINDS))
        if not self.worked:
            assert len(self.lines) == 1 or self.lines[0].startswith("Files: "), text  # and the command that loads them
            assert self.lines[-1].startswith("kg: "), text
            assert self.lines[-1].endswith("."), text


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inputs]:
    with serve(ApiServer(path.read_bytes() for path in STUDIES[:8])) as api:
        yield Inputs(tmp_path_factory.mktemp("faults"), api)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode:
        reason = f"no file system can be mounted here ({done.stderr.strip() if done else 'mount is missing'})"
        if os.environ.get("KG_CI") and not re.search("permi|superuser", reason):  # no package would give the right
            pytest.fail(reason)
        pytest.skip(reason)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path, free: int) -> None:
    """Fill a disk except for some KiB."""
    with (disk / "filler").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            file.truncate(max(0, file.tell() - 1024 * free))


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@contextmanager
def nothing_half(folder: Path) -> Iterator[list[Run]]:
    """Check that a run that failed leaves a folder as it was, and that none leaves temporary files."""
    before, runs = names(folder), list[Run]()
    yield runs
    left = {name for name in names(folder) - before if not name.split("/")[0].endswith(RESUMED)}
    assert not [name for name in left if ".part" in name or ".tmp" in name]
    assert all(run.worked for run in runs) or not left, runs[0].lines


def studies(inputs: Inputs, store: Path) -> int:
    run = inputs.run("store info", store, store, after="| grep studies | grep -o '[0-9]*' 1>&2")
    return int(run.lines[0])


def test_every_command_is_tried() -> None:
    assert {text.split()[0] for text in COMMANDS.values()} == set(ALL)


@pytest.mark.parametrize("free", [0, 300])
@pytest.mark.parametrize("name", WITH_OUTPUT)
def test_a_full_disk(inputs: Inputs, disk: Path, tmp_path: Path, name: str, free: int) -> None:
    fill(disk, free)
    store = shutil.copytree(inputs.small, tmp_path / "held.kgstore") if name in CHANGING else None
    with nothing_half(disk) as runs:
        runs.append(inputs.run(name, disk, store))
    if not free and name != "validate":  # there is nothing to report
        assert not runs[0].worked
        assert runs[0].lines[0].endswith("No space left on device.")


@pytest.mark.parametrize("free", [0, 40, 300])
@pytest.mark.parametrize("name", CHANGING)
def test_a_store_on_a_full_disk_is_as_before(inputs: Inputs, disk: Path, tmp_path: Path, name: str, free: int) -> None:
    store = shutil.copytree(inputs.small, disk / "held.kgstore")
    fill(disk, free)
    run = inputs.run(name, tmp_path, store)
    store = shutil.copytree(store, tmp_path / "held.kgstore")  # where there is room
    if not run.worked:
        assert re.search(r"held\.kgstore(\.sync\S*)? cannot be written: No space left on device\.", run.lines[0])
    if not free:
        assert not run.worked
    assert studies(inputs, store) in (5, 6, 7, 8, 1)
    assert inputs.run(name, tmp_path, store).worked
    assert studies(inputs, store) == STUDIES_AFTER[name]


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in CHANGING])
def test_a_read_only_folder(inputs: Inputs, disk: Path, name: str) -> None:
    shutil.copytree(inputs.small, disk / "held.kgstore")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with nothing_half(disk) as runs:
        runs.append(inputs.run(name, disk, disk / "held.kgstore"))
    if name in WITH_OUTPUT:
        assert runs[0].lines[0].endswith("Read-only file system.")
    elif name != "load":
        assert runs[0].worked  # a store can be read where nothing can be written


@pytest.mark.parametrize("name", CHANGING)
def test_a_read_only_store(inputs: Inputs, disk: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(inputs.small, disk / "held.kgstore")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    run = inputs.run(name, tmp_path, disk / "held.kgstore")
    file = f"{disk}/held.kgstore.sync" if name.startswith("sync") else f"{disk}/held.kgstore"
    assert run.lines == [f"kg: {file} cannot be written: Read-only file system."]
    assert names(tmp_path) == {"disk", *(f"disk/{name}" for name in names(disk))}


@pytest.mark.parametrize(("name", "handles"), [*((name, 64) for name in COMMANDS), ("export with Dask", 24)])
def test_few_file_handles(inputs: Inputs, tmp_path: Path, name: str, handles: int) -> None:
    store = shutil.copytree(inputs.small, tmp_path / "held.kgstore")
    with nothing_half(tmp_path) as runs:
        runs.append(inputs.run(name, tmp_path, store, before=f"ulimit -n {handles};"))
    if "STORE" not in COMMANDS[name] and handles >= 64 and "store" not in name:
        assert runs[0].worked


@pytest.mark.parametrize("name", WITH_STORE)
@pytest.mark.parametrize("damage", ["CURRENT", "MANIFEST*", "*.sst"])
def test_a_damaged_store(inputs: Inputs, tmp_path: Path, name: str, damage: str) -> None:
    store = shutil.copytree(inputs.small, tmp_path / "held.kgstore")
    for path in store.glob(damage):
        path.write_bytes(random.Random(1).randbytes(path.stat().st_size))
    with nothing_half(tmp_path) as runs:
        runs.append(inputs.run(name, tmp_path, store))
    message = runs[0].output if name == "validate a store" else runs[0].lines[0]
    assert name == "load" or "is damaged or is not a store (" in message


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_device_as_standard_output(inputs: Inputs, tmp_path: Path, name: str) -> None:
    run = inputs.run(name, tmp_path, shutil.copytree(inputs.small, tmp_path / "held.kgstore"), after="> /dev/full")
    assert not [left for left in names(tmp_path) if ".part" in left]
    if name not in (*WITH_OUTPUT, *CHANGING, "load", "validate a store", "serve"):  # these need no standard output
        assert run.lines == ["kg: Standard output cannot be written: No space left on device."]
