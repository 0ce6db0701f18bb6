"""Files for bulk loaders: the data, the configuration of each store's loader, and the commands that run it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg._types import PathName
from kg.errors import UsageError
from kg.http.credentials import checked
from kg.load.bulk_data import DATA, PARTS, STATE_FILE, BulkData, write_data, write_state
from kg.load.state import STATE
from kg.mapping.sections import phrase
from kg.rdf.atomic import replacing_folder

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

Files = dict[str, str]
"""The content of configuration files by name."""
Settings = Mapping[str, str]
SCRIPT = "load.sql"


@dataclass(frozen=True, slots=True)
class BulkFiles:
    """The written files, and the commands that load them, which run in the folder."""

    folder: Path
    names: list[str]
    data: BulkData
    command: str

    def summary(self) -> str:
        """Return what was written in one sentence, which the commands follow."""
        sections = f" {phrase(self.data.without)}" if self.data.without else ""
        statements = f"{self.data.statements:,} statements{sections}"
        return f"Files: {', '.join(self.names)}; {statements}. In {self.folder}, load them with:"


def _blazegraph(options: Settings, _: Path) -> tuple[Files, str]:
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
    command = f"java -cp blazegraph.jar {loader} -namespace {namespace} -format N-Quads blazegraph.properties {PARTS}"
    return {"blazegraph.properties": text}, command


def _neptune(options: Settings, _: Path) -> tuple[Files, str]:
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
    copy = f"aws s3 cp --recursive --exclude '_*' {DATA} {options['source']}"
    return {"neptune.json": json.dumps(body, indent=2) + "\n"}, f"{copy} && {send}"


def _qlever(options: Settings, _: Path) -> tuple[Files, str]:
    """https://docs.qlever.dev/qleverfile/"""
    sections = {
        "data": {
            "NAME": options["name"],
            "DESCRIPTION": "Clinical trials",
            "GET_DATA_CMD": f"ls {PARTS}",
            "FORMAT": "nq",
        },
        "index": {
            "INPUT_FILES": PARTS,
            "CAT_INPUT_FILES": "zcat ${INPUT_FILES}",
            "PARALLEL_PARSING": "true",
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


def _oxigraph(options: Settings, _: Path) -> tuple[Files, str]:
    """https://github.com/oxigraph/oxigraph/tree/main/cli"""
    load = f"oxigraph load --location {_path(options)} --file"
    return {}, f"{load} {PARTS} && {load} {STATE_FILE}"


def _fuseki(options: Settings, _: Path) -> tuple[Files, str]:
    """https://jena.apache.org/documentation/tdb2/tdb2_cmds.html"""
    jar = options["jar"]
    program = f"java -cp {shlex.quote(str(Path(jar).absolute()))} tdb2.tdbloader" if jar else "tdb2.tdbloader"
    load = f"{program} --loc {_path(options)}"
    return {}, f"{load} {PARTS} && {load} {STATE_FILE}"


def _path(options: Settings) -> str:
    return shlex.quote(str(Path(options["location"]).absolute()))


def _virtuoso(options: Settings, folder: Path) -> tuple[Files, str]:
    """https://docs.openlinksw.com/virtuoso/rdfperfrdfloading/

    The load state is loaded after a checkpoint, because bulk loads are not logged: after a crash, no graph is recorded
    that is not there.
    """
    place = str(folder).replace("'", "''")
    data = f"ld_dir('{place}/{DATA}', 'part-%.nq.gz', '{STATE}')"
    added = f"ld_add('{place}/{STATE_FILE}', '{STATE}')"
    rows = f"FROM DB.DBA.LOAD_LIST WHERE ll_file LIKE '{place}/%'"
    errors = f"SELECT ll_file, ll_error {rows} AND ll_error IS NOT NULL"
    steps = [
        f"DELETE {rows}",
        *(data, "rdf_loader_run()", "checkpoint"),
        *(added, "rdf_loader_run()", "checkpoint", errors),
    ]
    command = f"isql-vt {options['sql']} {options['user']} {SCRIPT}"
    return {SCRIPT: "".join(f"{step};\n" for step in steps)}, command


@dataclass(frozen=True, slots=True)
class BulkLoader:
    """A store that loads from files: its settings with their defaults (``None``: required) and its configuration.

    ``configuration`` returns files and commands for settings and the folder of the files; ``records`` is whether the
    files have the load state, for stores in which ``kg load`` can replace graphs.
    """

    settings: dict[str, str | None]
    configuration: Callable[[Settings, Path], tuple[Files, str]]
    records: bool = False


LOADERS = {
    "blazegraph": BulkLoader({"namespace": "kb", "journal": "blazegraph.jnl"}, _blazegraph),
    "neptune": BulkLoader({"source": None, "role": None, "region": None, "to": None}, _neptune),
    "qlever": BulkLoader({"name": "trials", "port": "7019", "memory": "5G"}, _qlever),
    "oxigraph": BulkLoader({"location": None}, _oxigraph, records=True),
    "fuseki": BulkLoader({"location": None, "jar": ""}, _fuseki, records=True),
    "virtuoso": BulkLoader({"sql": "1111", "user": "dba"}, _virtuoso, records=True),
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
    missing = [key for key, value in settings.items() if value is None or not (value or key == "jar")]
    if missing:
        flags = ", ".join("--to" if key == "to" else f"--set {key}=..." for key in missing)
        raise UsageError(f"The files for {name} require {flags}.")
    return {key: value or "" for key, value in settings.items()}


def write_files(
    name: str, settings: Settings, folder: PathName, inputs: Iterable[AnyData], **options: Any
) -> BulkFiles:
    """Write the files for a store to a folder, which is created if needed; the options are those of ``write_data``.

    Raises :class:`~kg.errors.NothingFoundError` where the inputs have no study or statement.
    """
    target = Path(folder).absolute()
    files, command = LOADERS[name].configuration(settings, target)
    with replacing_folder(str(target)) as temporary:
        data = write_data(temporary, inputs, **options)
        if LOADERS[name].records:
            write_state(temporary, data)
        for file_name, text in files.items():
            (temporary / file_name).write_text(text, "utf-8")
    names = (DATA, *((STATE_FILE,) if LOADERS[name].records else ()), *files)
    return BulkFiles(target, [str(Path(folder) / file_name) for file_name in names], data, command)
