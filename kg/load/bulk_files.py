"""Files for bulk loaders: N-Quads, and the configuration of each store's loader."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg._types import PathName, Progress
from kg.errors import UsageError
from kg.export.report import Report
from kg.export.run import export
from kg.http.credentials import checked
from kg.rdf.atomic import replacing_folder, writing
from kg.store import layout
from kg.store.dataset import check_statements, classify_inputs
from kg.store.merge import add_ontology, load_on_disk, temporary_store

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

DATA = "trials.nq.gz"
Files = dict[str, str]
"""The content of configuration files by name."""


@dataclass(frozen=True, slots=True)
class BulkFiles:
    """The written files and the command that loads them."""

    statements: int
    names: list[str]
    command: str


def _blazegraph(options: Mapping[str, str]) -> tuple[Files, str]:
    """https://github.com/blazegraph/database/wiki/Bulk_Data_Load"""
    namespace = options["namespace"]
    store = {
        "com.bigdata.rdf.store.AbstractTripleStore.quads": "true",
        "com.bigdata.rdf.store.AbstractTripleStore.statementIdentifiers": "false",
        "com.bigdata.rdf.store.AbstractTripleStore.axiomsClass": "com.bigdata.rdf.axioms.NoAxioms",
        "com.bigdata.rdf.sail.truthMaintenance": "false",
        "com.bigdata.rdf.sail.namespace": namespace,
        "com.bigdata.journal.AbstractJournal.file": options["journal"],
        "com.bigdata.journal.AbstractJournal.bufferMode": "DiskRW",
    }
    text = "".join(f"{name}={value}\n" for name, value in store.items())
    loader = "com.bigdata.rdf.store.DataLoader"
    command = f"java -cp blazegraph.jar {loader} -namespace {namespace} -format N-Quads blazegraph.properties {DATA}"
    return {"blazegraph.properties": text}, command


def _neptune(options: Mapping[str, str]) -> tuple[Files, str]:
    """https://docs.aws.amazon.com/neptune/latest/userguide/load-api-reference-load.html"""
    body = {
        "source": options["source"],
        "format": "nquads",
        "iamRoleArn": options["role"],
        "region": options["region"],
        "failOnError": "TRUE",
        "parallelism": "MEDIUM",
        "queueRequest": "TRUE",
    }
    send = f"curl -X POST -H 'Content-Type: application/json' -d @neptune.json {options['to'].rstrip('/')}/loader"
    return {"neptune.json": json.dumps(body, indent=2) + "\n"}, f"aws s3 cp {DATA} {options['source']} && {send}"


def _qlever(options: Mapping[str, str]) -> tuple[Files, str]:
    """https://docs.qlever.dev/qleverfile/"""
    sections = {
        "data": {
            "NAME": options["name"],
            "DESCRIPTION": "Clinical trials",
            "GET_DATA_CMD": f"ls {DATA}",
            "FORMAT": "nq",
        },
        "index": {
            "INPUT_FILES": DATA,
            "CAT_INPUT_FILES": "zcat ${INPUT_FILES}",
            "SETTINGS_JSON": json.dumps({"num-triples-per-batch": 1_000_000}),
        },
        "server": {"PORT": options["port"], "MEMORY_FOR_QUERIES": options["memory"]},
        "runtime": {"SYSTEM": "docker", "IMAGE": "docker.io/adfreiburg/qlever:latest"},
    }
    lines = [
        f"[{section}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items())
        for section, values in sections.items()
    ]
    return {"Qleverfile": "\n".join(lines)}, "qlever index && qlever start"


@dataclass(frozen=True, slots=True)
class BulkLoader:
    """A store that loads from files: its settings with their defaults (``None``: required) and its configuration."""

    settings: dict[str, str | None]
    configuration: Callable[[Mapping[str, str]], tuple[Files, str]]


LOADERS = {
    "blazegraph": BulkLoader({"namespace": "kb", "journal": "blazegraph.jnl"}, _blazegraph),
    "neptune": BulkLoader({"source": None, "role": None, "region": None, "to": None}, _neptune),
    "qlever": BulkLoader({"name": "trials", "port": "7019", "memory": "5G"}, _qlever),
}


def parse_settings(name: str, assignments: Iterable[str], url: str | None = None) -> dict[str, str]:
    """Return the settings of a store from assignments such as ``port=7001``, its URL and the defaults.

    >>> parse_settings("qlever", ["port=7001"])["port"]
    '7001'

    Raises :class:`~kg.errors.UsageError` for an unknown or missing setting.
    """
    settings = dict(LOADERS[name].settings)
    if url is not None and "to" in settings:
        region = re.search(r"\.([a-z0-9-]+)\.neptune\.amazonaws\.com", checked(url))
        settings |= {"to": url} | ({"region": region[1]} if region else {})
    for assignment in assignments:
        key, sign, value = assignment.partition("=")
        if not sign or key not in settings or not value.isprintable():
            raise UsageError(
                f"--set {assignment} is not a setting of {name}, which has {', '.join(LOADERS[name].settings)}."
            )
        settings[key] = value
    missing = [key for key, value in settings.items() if not value]
    if missing:
        flags = ", ".join("--to" if key == "to" else f"--set {key}=..." for key in missing)
        raise UsageError(f"The files for {name} require {flags}.")
    return {key: value or "" for key, value in settings.items()}


def write_files(
    name: str,
    settings: Mapping[str, str],
    folder: PathName,
    inputs: Iterable[AnyData],
    *,
    report: Report,
    graph: str | None = None,
    contacts: bool = False,
    progress: Progress | None = None,
) -> BulkFiles:
    """Write the files for a store to a folder, which is created if needed.

    Raises :class:`~kg.errors.NothingFoundError` where the inputs have no study or statement.
    """
    target = Path(folder)
    files, command = LOADERS[name].configuration(settings)
    with replacing_folder(str(target)) as temporary:
        count = _write_data(str(temporary / DATA), inputs, report, graph, contacts=contacts, progress=progress)
        for file_name, text in files.items():
            (temporary / file_name).write_text(text, "utf-8")
    return BulkFiles(count, [str(target / file_name) for file_name in (DATA, *files)], command)


def _write_data(output: str, inputs: Iterable[AnyData], report: Report, graph: str | None, **options: Any) -> int:
    """Write all inputs as N-Quads, optionally into one graph, and return the number of statements."""
    by_kind = classify_inputs(inputs)
    if graph is None and not (by_kind.stores or by_kind.rdf or by_kind.graphs):
        export(by_kind.records, output, format="nquads", with_ontology=True, report=report, **options)
        return report.totals.triples
    with temporary_store() as (store, scratch):
        load_on_disk(store, by_kind, scratch, report, **options)
        check_statements(store, by_kind)
        add_ontology(store)
        if graph is None and layout.has_loose_statements(store):
            raise UsageError(
                "An input has statements outside any named graph; give the graph for them with --graph IRI."
            )
        with writing(output) as file:
            return _write_quads(store, file, graph and ox.NamedNode(graph))


def _write_quads(store: ox.Store, file: IO[bytes], graph: ox.NamedNode | str | None) -> int:
    count = 0
    for quad in layout.leaving(store):
        name = graph or quad.graph_name
        file.write(f"{quad.subject} {quad.predicate} {quad.object} {name} .\n".encode())
        count += 1
    return count
