"""Files for stores that load from files: the N-Quads, and what each store's loader wants to be told."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import UsageError
from kg.export.report import Report
from kg.export.run import export
from kg.http.credentials import checked
from kg.rdf.atomic import replacing, writing
from kg.store.dataset import add_ontology, fill, of_graphs, sorted_out
from kg.store.embedded import exporting

DATA = "trials.nq.gz"
Texts = dict[str, str]


@dataclass(frozen=True, slots=True)
class Made:
    """The files that were made, and the command that loads them."""

    statements: int
    names: list[str]
    command: str


def _blazegraph(given: Mapping[str, str]) -> tuple[Texts, str]:
    """https://github.com/blazegraph/database/wiki/Bulk_Data_Load"""
    namespace = given["namespace"]
    store = {
        "com.bigdata.rdf.store.AbstractTripleStore.quads": "true",
        "com.bigdata.rdf.store.AbstractTripleStore.statementIdentifiers": "false",
        "com.bigdata.rdf.store.AbstractTripleStore.axiomsClass": "com.bigdata.rdf.axioms.NoAxioms",
        "com.bigdata.rdf.sail.truthMaintenance": "false",
        "com.bigdata.rdf.sail.namespace": namespace,
        "com.bigdata.journal.AbstractJournal.file": given["journal"],
        "com.bigdata.journal.AbstractJournal.bufferMode": "DiskRW",
    }
    text = "".join(f"{name}={value}\n" for name, value in store.items())
    loader = "com.bigdata.rdf.store.DataLoader"
    command = f"java -cp blazegraph.jar {loader} -namespace {namespace} -format N-Quads blazegraph.properties {DATA}"
    return {"blazegraph.properties": text}, command


def _neptune(given: Mapping[str, str]) -> tuple[Texts, str]:
    """https://docs.aws.amazon.com/neptune/latest/userguide/load-api-reference-load.html"""
    body = {
        "source": given["source"],
        "format": "nquads",
        "iamRoleArn": given["role"],
        "region": given["region"],
        "failOnError": "TRUE",
        "parallelism": "MEDIUM",
        "queueRequest": "TRUE",
    }
    send = f"curl -X POST -H 'Content-Type: application/json' -d @neptune.json {given['to'].rstrip('/')}/loader"
    return {"neptune.json": json.dumps(body, indent=2) + "\n"}, f"aws s3 cp {DATA} {given['source']} && {send}"


def _qlever(given: Mapping[str, str]) -> tuple[Texts, str]:
    """https://docs.qlever.dev/qleverfile/"""
    sections = {
        "data": {
            "NAME": given["name"],
            "DESCRIPTION": "Clinical trials",
            "GET_DATA_CMD": f"ls {DATA}",
            "FORMAT": "nq",
        },
        "index": {
            "INPUT_FILES": DATA,
            "CAT_INPUT_FILES": "zcat ${INPUT_FILES}",
            "SETTINGS_JSON": json.dumps({"num-triples-per-batch": 1_000_000}),
        },
        "server": {"PORT": given["port"], "MEMORY_FOR_QUERIES": given["memory"]},
        "runtime": {"SYSTEM": "docker", "IMAGE": "docker.io/adfreiburg/qlever:latest"},
    }
    lines = [
        f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for section, values in sections.items()
    ]
    return {"Qleverfile": "\n".join(lines)}, "qlever index && qlever start"


@dataclass(frozen=True, slots=True)
class Kind:
    """A store that loads from files: its settings with their defaults, nothing where one has to be given."""

    settings: dict[str, str | None]
    texts: Callable[[Mapping[str, str]], tuple[Texts, str]]


KINDS = {
    "blazegraph": Kind({"namespace": "kb", "journal": "blazegraph.jnl"}, _blazegraph),
    "neptune": Kind({"source": None, "role": None, "region": None, "to": None}, _neptune),
    "qlever": Kind({"name": "trials", "port": "7019", "memory": "5G"}, _qlever),
}


def settings(name: str, given: Iterable[str], url: str | None = None) -> dict[str, str]:
    """The settings of a kind of store, of texts like ``name=value``, and of its address where that tells.

    >>> settings("qlever", ["port=7001"])["port"]
    '7001'

    Raises :class:`~kg.errors.UsageError` for a setting that there is not, or that is not there.
    """
    made = dict(KINDS[name].settings)
    if url is not None and "to" in made:
        region = re.search(r"\.([a-z0-9-]+)\.neptune\.amazonaws\.com", checked(url))
        made |= {"to": url} | ({"region": region[1]} if region else {})
    for each in given:
        key, sign, value = each.partition("=")
        if not sign or key not in made or not value.isprintable():
            raise UsageError(f"--set {each} is no setting of {name}; those are {', '.join(KINDS[name].settings)}.")
        made[key] = value
    missing = [key for key, value in made.items() if not value]
    if missing:
        flags = ", ".join("--to" if key == "to" else f"--set {key}=..." for key in missing)
        raise UsageError(f"The files for {name} need {flags}.")
    return {key: value or "" for key, value in made.items()}


def write_files(
    name: str,
    given: Mapping[str, str],
    folder: str | os.PathLike[str],
    inputs: Iterable[str | os.PathLike[str]],
    *,
    report: Report,
    graph: str | None = None,
    contacts: bool = False,
    progress: Progress | None = None,
) -> Made:
    """Writes the files for a kind of store to a folder, which is made where it is not there."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    texts, command = KINDS[name].texts(given)
    count = _write_data(str(place / DATA), inputs, report, graph, contacts=contacts, progress=progress)
    for key, text in texts.items():
        with replacing(str(place / key)) as plain:
            plain.write(text.encode())
    return Made(count, [str(place / key) for key in (DATA, *texts)], command)


def _write_data(
    output: str, inputs: Iterable[str | os.PathLike[str]], report: Report, graph: str | None, **options: Any
) -> int:
    """Writes everything in some inputs as N-Quads, into one graph where that is given; the number of statements."""
    given = sorted_out(inputs)
    if graph is None and not given.stores and not given.rdf:
        export(given.records, output, format="nquads", with_ontology=True, report=report, **options)
        return report.totals.triples
    with tempfile.TemporaryDirectory() as folder:
        store = ox.Store(f"{folder}/store")
        loaders = [*of_graphs(given), *exporting(given.records, Path(folder, "studies.nq"), report, options)]
        fill(store, loaders, report, Path(folder))
        add_ontology(store)
        if any(True for _ in store.quads_for_pattern(None, None, None, ox.DefaultGraph())) and graph is None:
            raise UsageError("An input has statements outside any graph; say with --graph IRI which one they go to.")
        with writing(output) as file:
            return _write_quads(store, file, graph and ox.NamedNode(graph))


def _write_quads(store: ox.Store, file: IO[bytes], graph: ox.NamedNode | str | None) -> int:
    count = 0
    for quad in store:
        name = graph or quad.graph_name
        file.write(f"{quad.subject} {quad.predicate} {quad.object} {name} .\n".encode())
        count += 1
    return count
