"""What peers take for triples that kg makes too: ``python benchmarks/peers.py STUDIES... [--peers PYTHON]``.

On the same records: the floor (``orjson.loads`` and writing the bytes of kg), kg, the objects of pyoxigraph, plain
rdflib; and, with the Python of an environment that has benchmarks/peers.txt, maplib and morph-kgc on tables that are
flattened for them beforehand, and the ClinicalTrials.gov source of PyOBO. CPU seconds, the time to start taken off.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from export import FLOOR, KG, KG_START, START, cost, lines_of

CT, PART, STUDY = (
    "https://w3id.org/trialkg/ontology#",
    "https://w3id.org/trialkg/part/",
    "https://clinicaltrials.gov/study/",
)
CODE, RDFS, DCTERMS = (
    "https://w3id.org/trialkg/code/",
    "http://www.w3.org/2000/01/rdf-schema#",
    "http://purl.org/dc/terms/",
)
XSD, TYPE = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


class Column(NamedTuple):
    """A property that a column of a table gives: an IRI behind ``before``, or else a literal."""

    predicate: str
    name: str
    before: str = ""
    datatype: str = "string"


class Table(NamedTuple):
    """Rows of one kind, flattened: each is a part of the study in its column ``study``, or the study itself."""

    name: str
    classes: tuple[str, ...]
    link: str
    columns: tuple[Column, ...]


POSITION, LABEL = Column(CT + "position", "position", datatype="integer"), Column(RDFS + "label", "label")
OUTCOME = (POSITION, LABEL, Column(CT + "timeFrame", "timeFrame"), Column(CT + "description", "description"))
TABLES = (
    Table("study", ("Study",), "", (Column(DCTERMS + "identifier", "study"), LABEL)),
    Table("condition", (), "", (Column(CT + "condition", "label"),)),
    Table("intervention", ("Intervention",), "intervention",
          (POSITION, LABEL, Column(CT + "interventionType", "type", CODE), Column(CT + "description", "description"))),
    Table("primaryOutcome", ("Outcome",), "primaryOutcome", OUTCOME),
    Table("secondaryOutcome", ("Outcome",), "secondaryOutcome", OUTCOME),
    Table("location", ("Location",), "location", (POSITION, LABEL, *(Column(CT + x, x) for x in ("city", "zip")))),
)  # fmt: skip
"""The triples that all can make: conditions, interventions, outcomes and sites."""


def rows(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a record by the names of their tables; what a record lacks is left out."""
    protocol = record["protocolSection"]
    head = protocol["identificationModule"]
    study = head["nctId"]
    yield "study", {"study": study, "label": head.get("briefTitle")}
    for text in dict.fromkeys(protocol.get("conditionsModule", {}).get("conditions", [])):
        yield "condition", {"study": study, "label": text}
    keys = {"label": ("name", "measure", "facility"), "description": ("description",), "type": ("type",)}
    for module, key, name in (
        ("armsInterventionsModule", "interventions", "intervention"),
        ("outcomesModule", "primaryOutcomes", "primaryOutcome"),
        ("outcomesModule", "secondaryOutcomes", "secondaryOutcome"),
        ("contactsLocationsModule", "locations", "location"),
    ):
        for i, each in enumerate(protocol.get(module, {}).get(key, []), 1):
            row = {"study": study, "position": i, "part": f"{study}-{name}-{i}"}
            row |= {to: next((each[x] for x in of if x in each), None) for to, of in keys.items()}
            yield name, row | {x: each.get(x) for x in ("timeFrame", "city", "zip")}


def flatten(source: Path, folder: Path) -> None:
    """Writes the tables as CSV, which takes no part in what is measured."""
    writers, files = {}, []
    for table in TABLES:
        names = ["study", *(["part"] if table.link else []), *(c.name for c in table.columns if c.name != "study")]
        files.append((folder / f"{table.name}.csv").open("w", encoding="utf-8", newline=""))
        writers[table.name] = csv.DictWriter(files[-1], names, extrasaction="ignore")
        writers[table.name].writeheader()
    with source.open("rb") as lines:
        for line in lines:
            for name, row in rows(orjson.loads(line)):
                writers[name].writerow(row)
    for file in files:
        file.close()


def subset(found: Path, target: Path) -> int:
    """Writes those triples of kg that the tables hold, for comparison; gives their number."""
    links = "|".join(table.link for table in TABLES if table.link)
    part = re.compile(f"<{PART}NCT[0-9]{{8}}-(?:{links})-[0-9]+>".encode())
    of_part = {TYPE, *(column.predicate for table in TABLES if table.link for column in table.columns)}
    of_study = {TYPE, *(column.predicate for table in TABLES if not table.link for column in table.columns)}
    of_study |= {CT + table.link for table in TABLES if table.link}
    kept = set()
    for line in found.open("rb"):
        subject, predicate, _ = line.split(b" ", 2)
        wanted = of_part if part.fullmatch(subject) else of_study if subject.startswith(f"<{STUDY}".encode()) else ()
        if predicate[1:-1].decode() in wanted:
            kept.add(line)
    target.write_bytes(b"".join(sorted(kept)))
    return len(kept)


# -- mappings --------------------------------------------------------------------------------------------------------


def rml(folder: Path) -> str:
    """The mapping of the tables in RML, of which morph-kgc takes CSV."""
    said = [
        "@prefix rr: <http://www.w3.org/ns/r2rml#> . @prefix rml: <http://semweb.mmlab.be/ns/rml#> .",
        "@prefix ql: <http://semweb.mmlab.be/ns/ql#> . @base <http://example.org/> .",
    ]
    for table in TABLES:
        subject = f"{PART}{{part}}" if table.link else f"{STUDY}{{study}}"
        types = "".join(f" ; rr:class <{CT}{each}>" for each in table.classes)
        maps = "".join(_rml_column(column) for column in table.columns)
        logical = f'rml:logicalSource [ rml:source "{folder / table.name}.csv" ; rml:referenceFormulation ql:CSV ]'
        said.append(f'<{table.name}> {logical} ; rr:subjectMap [ rr:template "{subject}"{types} ]{maps} .')
        if table.link:
            link = f'rr:predicate <{CT}{table.link}> ; rr:objectMap [ rr:template "{PART}{{part}}" ]'
            said.append(
                f"<{table.name}-link> {logical} ; "
                f'rr:subjectMap [ rr:template "{STUDY}{{study}}" ] ; rr:predicateObjectMap [ {link} ] .'
            )
    return "\n".join(said)


def _rml_column(column: Column) -> str:
    if column.before:
        made = f'rr:template "{column.before}{{{column.name}}}"'
    else:
        datatype = f" ; rr:datatype <{XSD}{column.datatype}>" if column.datatype != "string" else ""
        made = f'rml:reference "{column.name}"{datatype}'
    return f" ; rr:predicateObjectMap [ rr:predicate <{column.predicate}> ; rr:objectMap [ {made} ] ]"


MORPH_START = "import morph_kgc, pandas"
MORPH = """
import sys, morph_kgc
options = {"output_file": sys.argv[2], "output_format": "N-TRIPLES", "number_of_processes": 1, "na_values": ""}
said = "".join(f"{name}={value}\\n" for name, value in (options | {"logging_level": "ERROR"}).items())
config = f"[CONFIGURATION]\\n{said}[A]\\nmappings={sys.argv[1]}\\n"
triples = morph_kgc.materialize_set(config)
with open(sys.argv[2], "w", encoding="utf-8") as file:
    file.writelines(triple + " .\\n" for triple in triples)
"""
MAPLIB_START = "import maplib, polars"
MAPLIB = """
import sys, orjson, polars as pl
from maplib import Model
model = Model()
for name, path, head, body in orjson.loads(sys.argv[1]):
    frame = pl.read_csv(path, infer_schema=False)
    frame = frame.with_columns(*(pl.format(before + "{}", column).alias(as_) for before, column, as_ in head["iris"]))
    frame = frame.with_columns(*(pl.col(column).cast(pl.Int64) for column in head["integers"]))
    model.add_template(body)
    model.map("urn:t:" + name, frame.select(head["columns"]), validate_iris=False)
model.write(sys.argv[2], format="ntriples")
"""
PYOBO_START = "import pyobo.sources.clinicaltrials"
PYOBO = """
import sys, orjson
from pyobo.sources import clinicaltrials
clinicaltrials.get_studies_slim = lambda force=False: map(orjson.loads, open(sys.argv[1], "rb"))
made = clinicaltrials.ClinicalTrialsGetter(data_version="0")
made.write_ofn(sys.argv[2])
"""


def templates(folder: Path) -> bytes:
    """The tables as OTTR templates of maplib, and what of the frames they take."""
    said = []
    for table in TABLES:
        subject = "?partIri" if table.link else "?studyIri"
        iris = [[STUDY, "study", "studyIri"], *([[PART, "part", "partIri"]] if table.link else [])]
        iris += [[c.before, c.name, c.name + "Iri"] for c in table.columns if c.before]
        required = ["studyIri", *(["partIri"] if table.link else [])]
        body = [f"ottr:Triple({subject}, <{TYPE}>, <{CT}{each}>)" for each in table.classes]
        body += [f"ottr:Triple(?studyIri, <{CT}{table.link}>, ?partIri)"] if table.link else []
        names = []
        for column in table.columns:
            names.append(column.name + "Iri" if column.before else column.name)
            body.append(f"ottr:Triple({subject}, <{column.predicate}>, ?{names[-1]})")
        arguments = [f"ottr:IRI ?{name}" for name in required]
        for column, name in zip(table.columns, names, strict=True):
            kind = "ottr:IRI" if column.before else f"xsd:{column.datatype}"
            arguments.append(f"? {kind} ?{name}")
        text = f"<urn:t:{table.name}> [{', '.join(arguments)}] :: {{ {', '.join(body)} }} ."
        integers = [c.name for c in table.columns if c.datatype == "integer"]
        head = {"iris": iris, "integers": integers, "columns": [*required, *names]}
        said.append([table.name, str(folder / f"{table.name}.csv"), head, text])
    return orjson.dumps(said)


# -- terms -----------------------------------------------------------------------------------------------------------

TERMS = """
import sys, orjson
triples = [orjson.loads(line) for line in open(sys.argv[1], "rb")]
"""
OXIGRAPH = f"""{TERMS}
import pyoxigraph as ox
if sys.argv[2] == "yes":
    def term(value, datatype, language):
        if datatype is None:
            return ox.NamedNode(value)
        return ox.Literal(value, language=language) if language else ox.Literal(value, datatype=ox.NamedNode(datatype))
    made = [ox.Triple(ox.NamedNode(s), ox.NamedNode(p), term(*o)) for s, p, *o in triples]
    ox.serialize(made, sys.argv[3], format=ox.RdfFormat.N_TRIPLES)
"""
RDFLIB = f"""{TERMS}
import rdflib
rdflib.NORMALIZE_LITERALS = False  # else it writes other numbers than it was given
if sys.argv[2] == "yes":
    def term(value, datatype, language):
        if datatype is None:
            return rdflib.URIRef(value)
        kind = {{"lang": language}} if language else {{"datatype": rdflib.URIRef(datatype)}}
        return rdflib.Literal(value, **kind)
    graph = rdflib.Graph()
    for s, p, *o in triples:
        graph.add((rdflib.URIRef(s), rdflib.URIRef(p), term(*o)))
    graph.serialize(sys.argv[3], format="nt", encoding="utf-8")
"""


def terms(found: Path, target: Path) -> None:
    """Triples as lists of texts: subject, predicate, object, datatype, language."""
    import pyoxigraph as ox

    with target.open("wb") as file:
        for quad in ox.parse(path=str(found), format=ox.RdfFormat.N_TRIPLES):
            said = quad.object
            literal = [said.datatype.value, said.language] if isinstance(said, ox.Literal) else [None, None]
            file.write(orjson.dumps([quad.subject.value, quad.predicate.value, said.value, *literal]) + b"\n")


def canonical(path: Path) -> set[str]:
    """The triples of a file, however they are spelled."""
    import pyoxigraph as ox

    return {str(quad.triple) for quad in ox.parse(path=str(path), format=ox.RdfFormat.N_TRIPLES)}


# -- measuring -------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A line of the answer."""

    name: str
    triples: int
    cpu: float
    note: str = ""


def busy(code: str, start: str, *arguments: str, python: str = sys.executable) -> float:
    """CPU seconds of a run, with those of its start taken off."""
    return cost(code, *arguments, python=python).cpu - cost(start, python=python).cpu


def least(runs: int, measure: Any) -> float:
    """The least of some runs: what else the machine does only adds."""
    return min(measure() for _ in range(runs))


def ours(source: Path, folder: Path, runs: int) -> Iterator[Row]:
    """The floor, kg, and libraries on all triples of kg."""
    target, found = folder / "kg.nt", folder / "terms.jsonl"
    made = least(runs, lambda: busy(KG, KG_START, str(source), str(target)))
    triples = sum(1 for _ in target.open("rb"))
    floor = least(runs, lambda: busy(FLOOR, START, str(source), str(target), str(folder / "floor")))
    yield Row("the floor", triples, floor, "orjson.loads and writing the same bytes")
    yield Row("kg", triples, made, "from JSON, N-Triples")
    terms(target, found)
    out = str(folder / "objects.nt")
    for name, code in (("pyoxigraph objects", OXIGRAPH), ("plain rdflib", RDFLIB)):
        slow = least(runs, lambda c=code: cost(c, str(found), "yes", out).cpu - cost(c, str(found), "no").cpu)
        same = canonical(folder / "objects.nt") == canonical(target)
        yield Row(name, triples, slow, "from texts of terms" + ("" if same else ", OTHER TRIPLES"))


def peers(source: Path, folder: Path, runs: int, python: str) -> Iterator[Row]:
    """What maplib, morph-kgc and PyOBO make of the same records."""
    wanted, mapping = folder / "subset.nt", folder / "mapping.ttl"
    flatten(source, folder)
    subset(folder / "kg.nt", wanted)
    mapping.write_text(rml(folder), "utf-8")
    expected = canonical(wanted)
    for name, code, start, given in (
        ("maplib", MAPLIB, MAPLIB_START, templates(folder).decode()),
        ("morph-kgc", MORPH, MORPH_START, str(mapping)),
    ):
        target = folder / f"{name}.nt"
        cpu = least(runs, lambda c=code, s=start, g=given, t=target: busy(c, s, g, str(t), python=python))
        made = canonical(target)
        alike = "the same triples" if made == expected else f"{len(made & expected) / len(expected):.2%} of the triples"
        yield Row(name, len(made), cpu, f"from flat tables, {alike}")
    target = folder / "pyobo.ofn"
    cpu = least(runs, lambda: busy(PYOBO, PYOBO_START, str(source), str(target), python=python))
    axioms = sum(line.startswith((b"AnnotationAssertion", b"ClassAssertion")) for line in target.open("rb"))
    yield Row("PyOBO", axioms, cpu, "from JSON, its own few axioms a study, as OFN")


def told(found: Iterable[Row]) -> None:
    """Prints the lines as they come."""
    print("| | triples | CPU s | µs a triple | x floor | x kg | |\n|---|---|---|---|---|---|---|")
    floor = kg = 0.0
    for row in found:
        each = row.cpu / row.triples * 1e6
        floor = floor or each
        kg = each if row.name == "kg" else kg
        beside = f"{each / kg:.1f}" if kg else ""
        cells = (row.name, f"{row.triples:,}", f"{row.cpu:.2f}", f"{each:.2f}", f"{each / floor:.1f}", beside, row.note)
        print("|", " | ".join(cells), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="STUDIES")
    parser.add_argument("--peers", metavar="PYTHON", help="the Python that has what benchmarks/peers.txt names")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    names = ("orjson", "pyoxigraph", "rdflib")
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores,", ", ".join(f"{n} {version(n)}" for n in names))
    if options.peers:
        ask = "import sys; from importlib.metadata import version as v; print(*(f'{n} {v(n)}' for n in sys.argv[1:]))"
        print(
            subprocess.run(
                [options.peers, "-c", ask, "maplib", "morph-kgc", "pyobo"], capture_output=True, text=True, check=True
            ).stdout.strip()
        )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "studies.jsonl"
        studies, _ = lines_of(options.inputs, source)
        print(f"{studies:,} studies, {source.stat().st_size / 1e6:,.1f} MB of JSON; the least of {options.runs} runs\n")
        told(every(source, folder, options.runs, options.peers))


def every(source: Path, folder: Path, runs: int, python: str | None) -> Iterator[Row]:
    """All lines of the answer."""
    yield from ours(source, folder, runs)
    if python:
        yield from peers(source, folder, runs, python)


if __name__ == "__main__":
    main()
