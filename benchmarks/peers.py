"""Compare kg with other tools: ``python benchmarks/peers.py STUDIES... [--peers PYTHON]``.

All tools process the same records: the floor (``orjson.loads`` and writing the bytes of kg), kg, pyoxigraph objects and
plain rdflib; and, with the Python of an environment with benchmarks/peers.txt, maplib and morph-kgc on tables flattened
beforehand, and the ClinicalTrials.gov source of PyOBO. Times are CPU seconds without start-up.
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
    """A table column mapped to a property, as IRIs with the prefix ``before`` or as literals."""

    predicate: str
    name: str
    before: str = ""
    datatype: str = "string"


class Table(NamedTuple):
    """A flattened table, whose rows are parts of the study in the column ``study``, or the study itself."""

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
"""The triples that all tools can produce: conditions, interventions, outcomes and sites."""


def rows(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the rows of a record with the names of their tables."""
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
        for i, item in enumerate(protocol.get(module, {}).get(key, []), 1):
            row = {"study": study, "position": i, "part": f"{study}-{name}-{i}"}
            row |= {to: next((item[x] for x in of if x in item), None) for to, of in keys.items()}
            yield name, row | {x: item.get(x) for x in ("timeFrame", "city", "zip")}


def flatten(source: Path, folder: Path) -> None:
    """Write the tables as CSV; this is not measured."""
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


def subset(source: Path, target: Path) -> None:
    """Write the triples of kg that are in the tables, for comparison."""
    links = "|".join(table.link for table in TABLES if table.link)
    part = re.compile(f"<{PART}NCT[0-9]{{8}}-(?:{links})-[0-9]+>".encode())
    of_part = {TYPE, *(column.predicate for table in TABLES if table.link for column in table.columns)}
    of_study = {TYPE, *(column.predicate for table in TABLES if not table.link for column in table.columns)}
    of_study |= {CT + table.link for table in TABLES if table.link}
    kept = set()
    for line in source.open("rb"):
        subject, predicate, _ = line.split(b" ", 2)
        predicates = (
            of_part if part.fullmatch(subject) else of_study if subject.startswith(f"<{STUDY}".encode()) else ()
        )
        if predicate[1:-1].decode() in predicates:
            kept.add(line)
    target.write_bytes(b"".join(sorted(kept)))


# -- mappings --------------------------------------------------------------------------------------------------------


def rml(folder: Path) -> str:
    """Return the RML mapping of the tables for morph-kgc."""
    lines = [
        "@prefix rr: <http://www.w3.org/ns/r2rml#> . @prefix rml: <http://semweb.mmlab.be/ns/rml#> .",
        "@prefix ql: <http://semweb.mmlab.be/ns/ql#> . @base <http://example.org/> .",
    ]
    for table in TABLES:
        subject = f"{PART}{{part}}" if table.link else f"{STUDY}{{study}}"
        types = "".join(f" ; rr:class <{CT}{name}>" for name in table.classes)
        maps = "".join(_rml_column(column) for column in table.columns)
        logical = f'rml:logicalSource [ rml:source "{folder / table.name}.csv" ; rml:referenceFormulation ql:CSV ]'
        lines.append(f'<{table.name}> {logical} ; rr:subjectMap [ rr:template "{subject}"{types} ]{maps} .')
        if table.link:
            link = f'rr:predicate <{CT}{table.link}> ; rr:objectMap [ rr:template "{PART}{{part}}" ]'
            lines.append(
                f"<{table.name}-link> {logical} ; "
                f'rr:subjectMap [ rr:template "{STUDY}{{study}}" ] ; rr:predicateObjectMap [ {link} ] .'
            )
    return "\n".join(lines)


def _rml_column(column: Column) -> str:
    if column.before:
        object_map = f'rr:template "{column.before}{{{column.name}}}"'
    else:
        datatype = f" ; rr:datatype <{XSD}{column.datatype}>" if column.datatype != "string" else ""
        object_map = f'rml:reference "{column.name}"{datatype}'
    return f" ; rr:predicateObjectMap [ rr:predicate <{column.predicate}> ; rr:objectMap [ {object_map} ] ]"


MORPH_START = "import morph_kgc, pandas"
MORPH = """
import sys, morph_kgc
options = {"output_file": sys.argv[2], "output_format": "N-TRIPLES", "number_of_processes": 1, "na_values": ""}
settings = "".join(f"{name}={value}\\n" for name, value in (options | {"logging_level": "ERROR"}).items())
config = f"[CONFIGURATION]\\n{settings}[A]\\nmappings={sys.argv[1]}\\n"
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
getter = clinicaltrials.ClinicalTrialsGetter(data_version="0")
getter.write_ofn(sys.argv[2])
"""


def templates(folder: Path) -> bytes:
    """Return the tables as OTTR templates for maplib, with the columns that they use."""
    items = []
    for table in TABLES:
        subject = "?partIri" if table.link else "?studyIri"
        iris = [[STUDY, "study", "studyIri"], *([[PART, "part", "partIri"]] if table.link else [])]
        iris += [[c.before, c.name, c.name + "Iri"] for c in table.columns if c.before]
        required = ["studyIri", *(["partIri"] if table.link else [])]
        body = [f"ottr:Triple({subject}, <{TYPE}>, <{CT}{name}>)" for name in table.classes]
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
        items.append([table.name, str(folder / f"{table.name}.csv"), head, text])
    return orjson.dumps(items)


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
    objects = [ox.Triple(ox.NamedNode(s), ox.NamedNode(p), term(*o)) for s, p, *o in triples]
    ox.serialize(objects, sys.argv[3], format=ox.RdfFormat.N_TRIPLES)
"""
RDFLIB = f"""{TERMS}
import rdflib
rdflib.NORMALIZE_LITERALS = False  # keep the lexical forms of numbers
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


def write_terms(source: Path, target: Path) -> None:
    """Write triples as JSON lists: subject, predicate, object, datatype, language."""
    import pyoxigraph as ox

    with target.open("wb") as file:
        for quad in ox.parse(path=str(source), format=ox.RdfFormat.N_TRIPLES):
            term = quad.object
            literal = [term.datatype.value, term.language] if isinstance(term, ox.Literal) else [None, None]
            file.write(orjson.dumps([quad.subject.value, quad.predicate.value, term.value, *literal]) + b"\n")


def canonical(path: Path) -> set[str]:
    """Return the triples of a file in canonical syntax."""
    import pyoxigraph as ox

    return {str(quad.triple) for quad in ox.parse(path=str(path), format=ox.RdfFormat.N_TRIPLES)}


# -- measuring -------------------------------------------------------------------------------------------------------


class Row(NamedTuple):
    """A line of the output table."""

    name: str
    triples: int
    cpu: float
    note: str = ""


def busy(code: str, start: str, *arguments: str, python: str = sys.executable) -> float:
    """Return the CPU seconds of a run without start-up."""
    return cost(code, *arguments, python=python).cpu - cost(start, python=python).cpu


def least(runs: int, measure: Any) -> float:
    """Return the minimum of several runs, as other load on the machine only adds time."""
    return min(measure() for _ in range(runs))


def ours(source: Path, folder: Path, runs: int) -> Iterator[Row]:
    """Measure the floor, kg, and RDF libraries on all triples of kg."""
    target, term_lists = folder / "kg.nt", folder / "terms.jsonl"
    export = least(runs, lambda: busy(KG, KG_START, str(source), str(target)))
    triples = sum(1 for _ in target.open("rb"))
    floor = least(runs, lambda: busy(FLOOR, START, str(source), str(target), str(folder / "floor")))
    yield Row("the floor", triples, floor, "orjson.loads and writing the same bytes")
    yield Row("kg", triples, export, "from JSON, N-Triples")
    write_terms(target, term_lists)
    out = str(folder / "objects.nt")
    for name, code in (("pyoxigraph objects", OXIGRAPH), ("plain rdflib", RDFLIB)):
        slow = least(runs, lambda c=code: cost(c, str(term_lists), "yes", out).cpu - cost(c, str(term_lists), "no").cpu)
        same = canonical(folder / "objects.nt") == canonical(target)
        yield Row(name, triples, slow, "from strings" + ("" if same else ", DIFFERENT TRIPLES"))


def peers(source: Path, folder: Path, runs: int, python: str) -> Iterator[Row]:
    """Measure maplib, morph-kgc and PyOBO on the same records."""
    reference, mapping = folder / "subset.nt", folder / "mapping.ttl"
    flatten(source, folder)
    subset(folder / "kg.nt", reference)
    mapping.write_text(rml(folder), "utf-8")
    expected = canonical(reference)
    for name, code, start, argument in (
        ("maplib", MAPLIB, MAPLIB_START, templates(folder).decode()),
        ("morph-kgc", MORPH, MORPH_START, str(mapping)),
    ):
        target = folder / f"{name}.nt"
        cpu = least(runs, lambda c=code, s=start, g=argument, t=target: busy(c, s, g, str(t), python=python))
        triples = canonical(target)
        common = len(triples & expected) / len(expected)
        overlap = "the same triples" if triples == expected else f"{common:.2%} of the triples"
        yield Row(name, len(triples), cpu, f"from flat tables, {overlap}")
    target = folder / "pyobo.ofn"
    cpu = least(runs, lambda: busy(PYOBO, PYOBO_START, str(source), str(target), python=python))
    axioms = sum(line.startswith((b"AnnotationAssertion", b"ClassAssertion")) for line in target.open("rb"))
    yield Row("PyOBO", axioms, cpu, "from JSON, its own few axioms per study, as OFN")


def print_table(rows: Iterable[Row]) -> None:
    """Print the rows as they are measured."""
    print("| | triples | CPU s | µs/triple | x floor | x kg | |\n|---|---|---|---|---|---|---|")
    floor = kg = 0.0
    for row in rows:
        per_triple = row.cpu / row.triples * 1e6
        floor = floor or per_triple
        kg = per_triple if row.name == "kg" else kg
        ratio = f"{per_triple / kg:.1f}" if kg else ""
        figures = (f"{row.triples:,}", f"{row.cpu:.2f}", f"{per_triple:.2f}", f"{per_triple / floor:.1f}", ratio)
        print("|", " | ".join((row.name, *figures, row.note)), "|", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("inputs", nargs="+", metavar="STUDIES")
    parser.add_argument("--peers", metavar="PYTHON", help="Python of an environment with benchmarks/peers.txt")
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
        print_table(measure_all(source, folder, options.runs, options.peers))


def measure_all(source: Path, folder: Path, runs: int, python: str | None) -> Iterator[Row]:
    """Yield all rows of the table."""
    yield from ours(source, folder, runs)
    if python:
        yield from peers(source, folder, runs, python)


if __name__ == "__main__":
    main()
