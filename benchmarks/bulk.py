"""Load studies into a new Virtuoso with its own loader: ``python benchmarks/bulk.py STUDIES [--own] [--queries]``.

Prints CPU seconds of ``kg load --bulk`` and of the server, the peak memory of both, and the sizes of the files and of
the database. ``--own`` then gives the files of statements alone to the loader of a second server: the ratio says what
``kg`` adds. ``--queries`` runs the library, and prints the seconds from request to last row.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from kg.errors import KGError
from kg.load.bulk_data import DATA
from kg.query.endpoint import query_endpoint
from kg.query.engine import prepare
from kg.query.library import library_queries
from tests import servers

TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def running(folder: Path, buffers: int) -> Iterator[servers.Virtuoso]:
    """Start a server with some buffers of 8 KiB in a new folder."""
    folder.mkdir()
    server = servers.Virtuoso(folder)
    settings = folder / "virtuoso.ini"
    settings.write_text(settings.read_text().replace("Buffers=40000", f"Buffers={buffers}"))
    server.start()
    try:
        yield server
    finally:
        server.kill()


def cpu(server: servers.Server) -> float:
    """Return the CPU seconds of a server."""
    assert server.process is not None
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def peak(server: servers.Server) -> float:
    """Return the peak memory of a server in MiB."""
    assert server.process is not None
    lines = Path(f"/proc/{server.process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def megabytes(folder: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in folder.rglob(pattern)) / 1e6


def sql(server: servers.Virtuoso, text: str) -> None:
    """Run SQL statements."""
    command = ["isql-vt", f"127.0.0.1:{server.sql}", "dba", servers.PASSWORD]
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)


def load(server: servers.Virtuoso, studies: str) -> float:
    """Load with kg and print the cost; return the CPU seconds of kg and the server."""
    target = ["--to", server.url, "--preset", "virtuoso", "--set", f"sql={server.sql}"]
    files = server.place / "bulk"
    command = [sys.executable, "-m", "kg", "load", studies, "--bulk", *target, "-o", str(files)]
    before, start = cpu(server), time.perf_counter()
    process = subprocess.run(command, env=os.environ | server.environment, capture_output=True, text=True, check=False)
    used, usage = cpu(server) - before, resource.getrusage(resource.RUSAGE_CHILDREN)
    own = usage.ru_utime + usage.ru_stime
    print(process.stderr.strip().splitlines()[-1])
    print(f"kg load --bulk: kg {own:.1f} CPU s, {usage.ru_maxrss / 1024:,.0f} MiB; server {used:.1f} CPU s, ", end="")
    print(f"{peak(server):,.0f} MiB; {time.perf_counter() - start:.1f} s in all; ", end="")
    print(f"files {megabytes(files, '*.gz'):,.0f} MB, database {megabytes(server.place, '*.db'):,.0f} MB")
    return own + used


def load_alone(server: servers.Virtuoso, files: Path) -> float:
    """Load the files of statements with the loader of the server alone; return its CPU seconds."""
    before = cpu(server)
    sql(server, f"ld_dir('{files}/{DATA}', 'part-%.nq.gz', 'http://example.org/');\nrdf_loader_run();\ncheckpoint;\n")
    used = cpu(server) - before
    print(f"the loader of the server alone: {used:.1f} CPU s, {peak(server):,.0f} MiB; ", end="")
    print(f"database {megabytes(server.place, '*.db'):,.0f} MB", flush=True)
    return used


def ask(server: servers.Virtuoso) -> None:
    """Print the seconds that each query of the library takes, the slowest first."""
    seconds: dict[str, float] = {}
    for query in library_queries():
        start = time.perf_counter()
        try:
            credentials = server.credentials
            query_endpoint(server.query_url, prepare(query.name), credentials=credentials, digest=True, timeout=300)
        except KGError as error:
            print(f"{query.name}: {error}")
        seconds[query.name] = time.perf_counter() - start
    for name in sorted(seconds, key=lambda name: -seconds[name]):
        print(f"{name:<34}{seconds[name]:>8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", metavar="STUDIES")
    parser.add_argument("--buffers", type=int, default=170_000, help="of 8 KiB, of which the server keeps pages")
    parser.add_argument("--folder", metavar="DIR", help="where databases are written and removed")
    parser.add_argument("--own", action="store_true", help="compare with the loader of the server alone")
    parser.add_argument("--queries", action="store_true", help="run the queries of the library")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name).resolve()
        with running(folder / "kg", options.buffers) as server:
            used = load(server, options.studies)
            if options.queries:
                ask(server)
        if options.own:
            with running(folder / "own", options.buffers) as server:
                files = server.place / "bulk"
                (folder / "kg" / "bulk").rename(files)
                print(f"ratio: {used / load_alone(server, files):.2f}")


if __name__ == "__main__":
    main()
