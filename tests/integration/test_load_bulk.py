"""Bulk loads into real stores: equal to a load over HTTP, and followed by loads of differences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kg.errors import OutputError
from kg.load.bulk_run import Isql, run_script
from kg.load.client import connect
from kg.load.state import DIGEST, STATE
from kg.ontology.vocabulary import ONTOLOGY_GRAPH, RECORD, SHARED_GRAPH
from tests.conftest import STUDIES
from tests.servers import SERVERS, Fuseki, Missing, Server, Virtuoso, running_or_skip

Statement = tuple[str, ...]


def run(*arguments: str | Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg", "load", *map(str, arguments)]
    return subprocess.run(command, env=os.environ | (environment or {}), capture_output=True, text=True, check=False)


def content(server: Server) -> Counter[Statement]:
    """Return the statements of all graphs of kg, with the load state.

    Virtuoso's loader makes integers of more than 32 bits decimals, so the state is compared without datatypes.
    """
    where = " || ".join(f'STRSTARTS(STR(?g), "{name}")' for name in (STATE, RECORD, SHARED_GRAPH, ONTOLOGY_GRAPH))
    with connect(server.url, server.name, server.credentials) as store:
        rows = store.terms(f"SELECT ?g ?s ?p ?o WHERE {{ GRAPH ?g {{ ?s ?p ?o }} FILTER({where}) }}")
        return Counter(
            tuple(row[name].value if row["g"].value == STATE else str(row[name]) for name in "gspo") for row in rows
        )


def without_digests(server: Server) -> Counter[Statement]:
    """Return the statements without digests: a store writes the decimal 1.0 as 1, so those of its graphs differ."""
    return Counter({row: count for row, count in content(server).items() if row[2] != DIGEST})


def updated(path: Path, source: Path, title: str, day: str) -> Path:
    """Write a study with another title and a later update date."""
    record = json.loads(source.read_bytes())
    record["protocolSection"]["identificationModule"]["briefTitle"] = title
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = day
    path.write_text(json.dumps(record))
    return path


@contextmanager
def filled(kind: type[Server], place: Path, *inputs: Path) -> Iterator[Server]:
    """Yield a server whose store was filled in bulk."""
    place.mkdir()
    if kind is Virtuoso:
        with running_or_skip(kind, place) as server:
            assert isinstance(server, Virtuoso)
            where = ["--to", server.url, "--preset", "virtuoso", "--set", f"sql={server.sql}", "-o", place / "bulk"]
            assert_loaded(run(*inputs, "--bulk", *where, environment=server.environment))
            yield server
        return
    try:
        stopped = kind(place)
    except Missing as error:
        pytest.skip(str(error))
    jar = ["--set", f"jar={stopped.jar}"] if isinstance(stopped, Fuseki) else []
    assert_loaded(run(*inputs, "--bulk", "--preset", kind.name, "--set", f"location={place / 'db'}", *jar))
    with running_or_skip(kind, place) as server:
        yield server


def assert_loaded(result: subprocess.CompletedProcess[str]) -> None:
    assert "Graphs: " in result.stderr, result.stderr
    assert result.returncode == 0 or "record 1" in result.stderr, result.stderr  # one study has a value left out


@pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
def test_later_loads_write_only_differences(kind: type[Server], tmp_path: Path) -> None:
    """Fill a store, change a study, remove another, and compare with a load of the new records into an empty store."""
    changed = updated(tmp_path / "changed.json", STUDIES[0], "Another title", "2031-01-01")
    now = [changed, *STUDIES[2:]]
    with filled(kind, tmp_path / "bulk", *STUDIES) as server:
        unchanged = run(*STUDIES, "--to", server.url, environment=server.environment)
        assert f" 0 added, 0 replaced, {len(STUDIES) + 1} unchanged" in unchanged.stderr
        later = run(*now, "--to", server.url, "--prune", environment=server.environment)
        assert f"0 added, 1 replaced, {len(STUDIES) - 1} unchanged, 1 removed" in later.stderr, later.stderr
        after = content(server)
    (tmp_path / "fresh").mkdir()
    with running_or_skip(kind, tmp_path / "fresh") as server:
        run(*now, "--to", server.url, environment=server.environment)
        assert content(server) == after
    assert len(after) > 20_000


def test_of_several_records_of_a_study_the_newest_is_loaded(tmp_path: Path) -> None:
    kind = SERVERS[0]
    folder = tmp_path / "records"
    folder.mkdir()
    for i, source in enumerate(STUDIES[:5]):
        (folder / f"{i}.json").write_bytes(source.read_bytes())
    updated(folder / "8.json", STUDIES[1], "The newest title", "2032-01-01")
    updated(folder / "9.json", STUDIES[1], "An older title", "2031-01-01")
    with filled(kind, tmp_path / "bulk", folder) as server:
        after = content(server)
    (tmp_path / "fresh").mkdir()
    with running_or_skip(kind, tmp_path / "fresh") as server:
        run(folder, "--to", server.url)
        assert content(server) == after
    assert any("The newest title" in statement[3] for statement in after)


def test_a_store_and_rdf_are_loaded_in_bulk(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "kg", "store", "build", *map(str, STUDIES[:4]), "-o", str(tmp_path / "s.kgstore")],
        check=False,
        capture_output=True,
    )
    with filled(SERVERS[0], tmp_path / "bulk", tmp_path / "s.kgstore") as server:
        after = without_digests(server)
    with filled(SERVERS[0], tmp_path / "other", *STUDIES[:4]) as server:
        assert without_digests(server) == after


def test_a_store_with_data_is_refused(tmp_path: Path) -> None:
    (tmp_path / "db").mkdir()
    (tmp_path / "db" / "CURRENT").touch()
    result = run(STUDIES[0], "--bulk", "--preset", "oxigraph", "--set", f"location={tmp_path / 'db'}")
    assert result.returncode == 2
    assert "is not empty; a bulk load needs a new store" in result.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--preset", "neptune"], "runs the loaders of virtuoso, oxigraph, fuseki, qlever"),
        (["--preset", "virtuoso", "--to", "http://127.0.0.1:1/sparql"], "-o DIR, a folder in DirsAllowed"),
        (["--preset", "virtuoso", "--to", "http://db.example.org/sparql", "-o", "x"], "is on another machine"),
        (["--preset", "oxigraph"], "require --set location=..."),
        (["--preset", "oxigraph", "--set", "location=x", "--prune"], "leave out --since, --prune and --validate"),
        (["--preset", "fuseki", "--set", "location=x", "--set", "jar=/missing.jar"], "The loader failed with status"),
    ],
)
def test_what_a_bulk_load_refuses(tmp_path: Path, options: list[str], message: str) -> None:
    where = [option.replace("location=x", f"location={tmp_path / 'x'}") for option in options]
    result = run(STUDIES[0], "--bulk", *where)
    assert result.returncode != 0
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


def test_what_virtuoso_refuses(tmp_path: Path) -> None:
    (tmp_path / "v").mkdir()
    with running_or_skip(Virtuoso, tmp_path / "v") as server:
        assert isinstance(server, Virtuoso)
        client = Isql(f"127.0.0.1:{server.sql}", server.credentials or ("", ""))
        with pytest.raises(OutputError, match=r"refuses .*is denied due to access control in ini file"):
            client.run("ld_dir('/', 'part-%.nq.gz', NULL)")
        (broken := tmp_path / "v" / "broken.nq").write_text("<a> <b> .\n")
        script = f"ld_add('{broken}', 'x');\nrdf_loader_run();\nSELECT ll_file, ll_error FROM DB.DBA.LOAD_LIST;\n"
        with pytest.raises(OutputError, match=r"Virtuoso cannot load .*broken\.nq \("):
            run_script(client, script)
        where = ["--to", server.url, "--set", f"sql={server.sql}", "--preset", "virtuoso", "-o", tmp_path / "v" / "b"]
        wrong = run(STUDIES[0], "--bulk", *where, environment={"KG_USER": "dba", "KG_PASSWORD": "wrong"})
        assert wrong.returncode != 0
        assert "Bad login" in wrong.stderr
        assert wrong.stderr.count("\n") == 1
