"""Both engines find exactly the planted faults, and exports conform."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from click.testing import CliRunner
from rdflib import SH

from kg.cli import main
from kg.errors import UsageError
from kg.export.run import export
from kg.ontology.files import folder
from kg.ontology.model import FILES, shipped
from kg.rdf.formats import format_of
from kg.validation.findings import Finding, short
from kg.validation.graph import StatementGraph
from kg.validation.pyshacl_engine import pyshacl_engine
from kg.validation.rules import FOREIGN, RULES, UNKNOWN, check
from kg.validation.run import UNREADABLE, validate
from kg.validation.shacl import SUPPORTED, Checker
from kg.validation.vocabulary import vocabulary
from tests.conftest import DATA, MADE, SEED, WithShared

CHECKER = Checker()
PREFIXES = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in shipped().prefixes.items())
Statements = frozenset[ox.Triple]
Pair = tuple[str, str]


def turtle(text: str) -> Statements:
    """Parse Turtle in which S: abbreviates the study of the seed record and P: the prefix of its parts."""
    text = text.replace("S:", "study:NCT02059759").replace("P:", "part:NCT02059759-")
    return frozenset(quad.triple for quad in ox.parse(PREFIXES + text, format=ox.RdfFormat.TURTLE))


def exported(record: dict[str, Any]) -> Statements:
    data = WithShared()(record).data
    return frozenset(quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES))


def graph_of(statements: Iterable[ox.Triple]) -> StatementGraph:
    return StatementGraph().add(ox.Quad(*triple) for triple in sorted(statements, key=str))


def pairs(findings: Iterable[Finding]) -> set[Pair]:
    return {(short(finding.focus or ""), short(finding.path or "") if finding.path else "") for finding in findings}


@pytest.fixture(scope="module")
def pyshacl_run() -> Callable[[StatementGraph], Iterable[Finding]]:
    return pyshacl_engine()


def both(statements: Iterable[ox.Triple], validator: Callable[[StatementGraph], Iterable[Finding]]) -> list[Finding]:
    """Return the findings of the fast engine, after checking that pySHACL has the same."""
    findings = check(graph_of(statements), CHECKER)
    assert pairs(validator(graph_of(statements))) == pairs(finding for finding in findings if finding.rule not in RULES)
    return findings


FAULTS = {
    "wrong datatype": ("S: ct:hasResults false", 'S: ct:hasResults "false"', {"S: ct:hasResults"}),
    "ill-formed month": (
        'S: ct:startDate "2015-09"^^xsd:gYearMonth',
        'S: ct:startDate "2015-13"^^xsd:gYearMonth',
        {"S: ct:startDate"},
    ),
    "impossible date": (
        'S: ct:completionDate "2016-05-25"^^xsd:date',
        'S: ct:completionDate "2015-02-29"^^xsd:date',
        {"S: ct:completionDate"},
    ),
    "date as text": (
        'S: ct:startDate "2015-09"^^xsd:gYearMonth',
        'S: ct:startDate "September 2015"',
        {"S: ct:startDate"},
    ),
    "two dates": ("", "S: ct:startDate '2016'^^xsd:gYear", {"S: ct:startDate"}),
    "missing id": ('S: dcterms:identifier "NCT02059759"', "", {"S: dcterms:identifier"}),
    "wrong pattern": (
        'S: dcterms:identifier "NCT02059759"',
        'S: dcterms:identifier "NCT0205975"',
        {"S: dcterms:identifier"},
    ),
    "missing label": ('P:arm-2 rdfs:label "1.0 IL-2"', "", {"P:arm-2 rdfs:label"}),
    "two titles": ("", 'S: rdfs:label "Another"', {"S: rdfs:label"}),
    "unknown code": ("S: ct:phase code:PHASE2", "S: ct:phase code:PHASE9", {"S: ct:phase"}),
    "code of the wrong scheme": (
        "S: ct:overallStatus code:COMPLETED",
        "S: ct:overallStatus code:PHASE2",
        {"S: ct:overallStatus"},
    ),
    "code as text": ("S: ct:sex code:ALL", 'S: ct:sex "ALL"', {"S: ct:sex"}),
    "arm of another study": ("", "S: ct:arm part:NCT00000001-arm-1", {"S: ct:arm"}),
    "arm link into another study": (
        "P:intervention-2 ct:interventionArm P:arm-2",
        "P:intervention-2 ct:interventionArm part:NCT00000001-arm-2",
        {"P:intervention-2 ct:interventionArm"},
    ),
    "arm of a study without a class": (
        "",
        "S: ct:arm part:NCT00000001-arm-1 . part:NCT00000001-arm-1 a ct:Arm ; rdfs:label 'x' ; ct:position 1",
        {"S: ct:arm", "study:NCT00000001 rdf:type"},
    ),
    "literal for a link": (
        "S: ct:record record:NCT02059759",
        'S: ct:record "record:NCT02059759"',
        {"S: ct:record"},
    ),
    "text for number": ("S: ct:enrollmentCount 36", 'S: ct:enrollmentCount "36"', {"S: ct:enrollmentCount"}),
    "ill-formed number": (
        "S: ct:enrollmentCount 36",
        'S: ct:enrollmentCount "many"^^xsd:integer',
        {"S: ct:enrollmentCount"},
    ),
    "decimal for integer": ("P:arm-1 ct:position 1", "P:arm-1 ct:position 1.0", {"P:arm-1 ct:position"}),
    "missing type of a part": (
        "P:arm-2 a ct:Arm",
        "",
        {"S: ct:arm", "P:intervention-2 ct:interventionArm"},
    ),
    "missing type of the study": ("S: a ct:Study , ct:InterventionalStudy", "", {"S: rdf:type"}),
    "typo in a property": (
        'S: ct:startDate "2015-09"^^xsd:gYearMonth',
        'S: ct:startDat "2015-09"^^xsd:gYearMonth',
        {"S: ct:startDat"},
    ),
    "typo in a class": (
        "P:official-1 a ct:Official",
        "P:official-1 a ct:Offical",
        {"S: ct:official", "P:official-1 rdf:type"},
    ),
    "wrong class in an arm link": (
        "P:arm-2 ct:armIntervention P:intervention-2",
        "P:arm-2 ct:armIntervention P:primaryOutcome-1",
        {"P:arm-2 ct:armIntervention"},
    ),
    "language tag missing": (
        'mesh:D000690 rdfs:label "Amyotrophic Lateral Sclerosis"@en',
        'mesh:D000690 rdfs:label "Amyotrophic Lateral Sclerosis"',
        {"S: ct:conditionMesh"},
    ),
    "another language": (
        'country:FR rdfs:label "France"@en',
        'country:FR rdfs:label "Frankreich"@de',
        {"country:FR rdfs:label"},
    ),
    "term without a name": ('mesh:C082598 rdfs:label "aldesleukin"@en', "", {"S: ct:interventionMesh"}),
    "IRI for text": ('S: ct:acronym "IMODALS"', "S: ct:acronym <http://example.org/IMODALS>", {"S: ct:acronym"}),
    "ill-formed URL": (
        "P:reference-1 ct:pubmed <https://pubmed.ncbi.nlm.nih.gov/32651161/>",
        "P:reference-1 ct:pubmed <https://pubmed.ncbi.nlm.nih.gov/x/>",
        {"P:reference-1 ct:pubmed"},
    ),
    "point without a class": ("P:location-1-geometry a sf:Point", "", {"P:location-1 gsp:hasGeometry"}),
    "unreferenced part": ("S: ct:official P:official-1", "", {"P:official-1"}),
    "ill-formed JSON": ("", 'S: ct:unmapped "{"^^rdf:JSON', {"S: ct:unmapped"}),
    "blank node for an arm": ("", "S: ct:arm [ ct:position 4 ]", {"S: ct:arm"}),
}
"""Statements to remove from the seed graph, statements to add, and the places of the resulting violations."""


@pytest.fixture(scope="module")
def clean(seed: dict[str, Any]) -> Statements:
    return exported(seed)


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults(
    clean: Statements, pyshacl_run: Callable[[StatementGraph], Iterable[Finding]], name: str
) -> None:
    out, put, expected = FAULTS[name]
    removed = turtle(out + " ." if out else "")
    assert removed <= clean, "the removed statements must exist"
    faulty = (clean - removed) | turtle(put + " ." if put else "")
    findings = both(faulty, pyshacl_run)
    places = {place.replace("S:", "study:NCT02059759").replace("P:", "part:NCT02059759-") for place in expected}
    assert {" ".join(pair).rstrip() for pair in pairs(findings)} == places
    assert len(findings) == len(places), "one finding per fault"


def test_the_clean_seed_conforms(clean: Statements, pyshacl_run: Callable[[StatementGraph], Iterable[Finding]]) -> None:
    assert both(clean, pyshacl_run) == []


SENTENCES = {  # NAME is replaced by the sh:name of the property
    "ill-formed month": "NCT02059759, study:NCT02059759, NAME (ct:startDate): "
    'found "2015-13"^^xsd:gYearMonth, expected a date (YYYY-MM-DD, YYYY-MM or YYYY) as ct:PartialDate.',
    "missing id": "NCT02059759, study:NCT02059759, NAME (dcterms:identifier): "
    "found nothing, expected text (without a datatype or a language tag).",
    "unknown code": "NCT02059759, study:NCT02059759, NAME (ct:phase): "
    "found code:PHASE9, expected a code of scheme:Phase (did you mean code:PHASE4?).",
    "arm link into another study": "NCT02059759, part:NCT02059759-intervention-2, NAME (ct:interventionArm): "
    "found part:NCT00000001-arm-2, which is a part of another study, expected a part of NCT02059759.",
    "wrong class in an arm link": "NCT02059759, part:NCT02059759-arm-2, NAME (ct:armIntervention): "
    "found part:NCT02059759-primaryOutcome-1, which is ct:Outcome, expected an intervention (ct:Intervention).",
    "typo in a property": "NCT02059759, study:NCT02059759, ct:startDat: "
    "found an unknown property (did you mean ct:startDate?), expected one of the ontology.",
    "language tag missing": "NCT02059759, study:NCT02059759, NAME (ct:conditionMesh): "
    'found mesh:D000690 with "Amyotrophic Lateral Sclerosis" as its term (rdfs:label), '
    "expected a MeSH term with text with the language tag @en there.",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_messages(clean: Statements, name: str) -> None:
    out, put, _ = FAULTS[name]
    changed = clean - turtle(out + " .") | turtle(put + " ." if put else "")
    (finding,) = check(graph_of(changed), CHECKER)
    properties = [item for shape in shipped().shapes.values() for item in shape.properties]
    assert finding.name in {item.name for item in properties if item.path == finding.path} or finding.rule == UNKNOWN
    assert str(finding) == SENTENCES[name].replace("NAME", finding.name)


def test_an_arm_of_another_study_in_the_graph(
    clean: Statements, made: dict[str, Any], pyshacl_run: Callable[[StatementGraph], Iterable[Finding]]
) -> None:
    two = clean | exported(made)
    before = pairs(check(graph_of(two), CHECKER))
    findings = both(two | turtle("P:intervention-1 ct:interventionArm part:NCT99999999-arm-1 ."), pyshacl_run)
    new = [finding for finding in findings if pairs([finding]) - before]
    assert [(finding.rule, finding.study) for finding in new] == [(FOREIGN, "NCT02059759")]


def test_additional_statements_conform(clean: Statements) -> None:
    more = turtle(
        """S: <http://example.org/note> "mine" ; dcterms:relation <http://example.org/1> .
        P:arm-1 skos:note "mine"@en . <http://example.org/1> a skos:Concept .
        P:notes-1 skos:note "of a part that is described elsewhere" ."""
    )
    assert check(graph_of(clean | more), CHECKER) == []
    assert check(graph_of(more), CHECKER) == []


def test_subclasses_declared_in_the_data(
    clean: Statements, pyshacl_run: Callable[[StatementGraph], Iterable[Finding]]
) -> None:
    own = turtle(
        """<http://example.org/Arm> rdfs:subClassOf <http://example.org/Group> .
        <http://example.org/Group> rdfs:subClassOf ct:Arm , <http://example.org/Arm> .
        P:arm-1 a <http://example.org/Arm> . P:arm-2 a <http://example.org/Arm> ."""
    )
    gone = turtle('P:arm-1 a ct:Arm . P:arm-2 a ct:Arm ; rdfs:label "1.0 IL-2" .')
    assert pairs(both((clean - gone) | own, pyshacl_run)) == {("part:NCT02059759-arm-2", "rdfs:label")}


def test_unusual_statements(pyshacl_run: Callable[[StatementGraph], Iterable[Finding]]) -> None:
    odd = turtle(
        """S: a ct:Study , "x" , [] ; ct:arm <<( <urn:a> <urn:b> <urn:c> )>> , ( 1 ) ; ct:conditionMesh "x" , _:b , 5 ;
        ct:phase _:q . _:b ct:conditionMesh _:b ; a ct:Arm . ct:Arm rdfs:subClassOf ct:Arm .
        <urn:x> rdfs:subClassOf <urn:x> . <urn:y> a <urn:x> ."""
    )
    places = {path for focus, path in pairs(check(graph_of(odd), CHECKER)) if focus == "study:NCT02059759"}
    assert places == {"rdf:type", "dcterms:identifier", "rdfs:label", "ct:arm", "ct:conditionMesh", "ct:phase"}
    assert places <= {path for _, path in pairs(pyshacl_run(graph_of(odd)))}


MUTANTS = [
    "S:",
    "P:arm-1",
    "mesh:D000690",
    "code:PHASE2",
    "code:ALL",
    '"x"',
    '"x"@en',
    "1",
    "1.5",
    "true",
    '"2015-02-30"^^xsd:date',
    '"2015-13"^^xsd:gYearMonth',
    '"2015"^^xsd:gYear',
    '"2015-01-01T00:00"^^xsd:dateTime',
    '"01"^^xsd:integer',
    '"1e5"^^xsd:decimal',
    '"TRUE"^^xsd:boolean',
]


@pytest.mark.parametrize("number", range(40))
def test_both_engines_agree_on_random_faults(
    clean: Statements, made: dict[str, Any], pyshacl_run: Callable[[StatementGraph], Iterable[Finding]], number: int
) -> None:
    rng = random.Random(number)
    whole = exported(made) if number % 2 else clean
    ordered = sorted(whole, key=str)
    gone = rng.sample(ordered, 12)
    values = [next(iter(turtle(f"<http://example.org/> rdf:value {text} ."))).object for text in MUTANTS]
    put = {ox.Triple(triple.subject, triple.predicate, rng.choice(values)) for triple in rng.sample(gone, 6)}
    more = {ox.Triple(triple.subject, triple.predicate, rng.choice(values)) for triple in rng.sample(ordered, 4)}
    both((whole - set(gone)) | put | more, pyshacl_run)


def test_both_engines_agree_on_real_studies(
    studies: list[dict[str, Any]], made: dict[str, Any], pyshacl_run: Callable[[StatementGraph], Iterable[Finding]]
) -> None:
    for record in [*sorted(studies, key=lambda record: len(str(record)))[:8], made]:
        both(exported(record), pyshacl_run)


def test_the_fast_engine_supports_all_of_shacl_in_the_shapes() -> None:
    assert vocabulary().used <= SUPPORTED
    graph = StatementGraph()
    for name in FILES:
        graph.add(ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE))
    for properties in graph.subjects.values():
        read = {key.removeprefix(str(SH)): values for key, values in properties.items() if key.startswith(str(SH))}
        assert {value.value for key in ("minCount", "maxCount") for value in read.get(key, ())} <= {"1"}
        assert set(read.get("nodeKind", ())) <= {ox.NamedNode(str(SH.IRI))}
        assert all(len(list(graph.items(head))) == 1 for head in read.get("languageIn", ()))
        options = [graph.of(option) for head in read.get("or", ()) for option in graph.items(head)]
        assert all(set(option) == {str(SH.datatype)} for option in options)
        assert "or" not in read or str(SH.path) not in properties


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("validate") / "all.nq"
    export([DATA / "studies", SEED, MADE], path)
    return path


def test_exports_conform_except_for_reported_fields(everything: Path) -> None:
    result = validate([str(everything)])
    assert pairs(result.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert result.graphs - 1 == result.studies >= 33  # one graph has the shared resources


def test_real_studies_in_one_graph(tmp_path: Path) -> None:
    path = tmp_path / "all.ttl"
    export([DATA / "studies", SEED], path)
    result = validate([str(path)])
    assert pairs(result.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert result.graphs == 1


def test_graphs_need_not_be_contiguous(everything: Path, tmp_path: Path) -> None:
    lines = everything.read_text("utf-8").splitlines(keepends=True)
    random.Random(0).shuffle(lines)
    shuffled = tmp_path / "shuffled.nq"
    shuffled.write_text("".join(lines), "utf-8")
    assert pairs(validate([str(shuffled)]).findings) == pairs(validate([str(everything)]).findings)


@pytest.mark.parametrize("name", ["a.ttl", "a.nt.gz", "a.nq", "a.trig.zst", "a.jsonld", "a.rdf"])
def test_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    export([DATA / "studies" / "NCT07040332.json"], path)
    result = validate([str(path)])
    assert pairs(result.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert (result.findings[0].file, result.studies, result.graphs) == (str(path), 1, 1 + format_of(name).graphs)


def test_a_store(tmp_path: Path, faulty: Path) -> None:
    store = ox.Store(str(tmp_path / "store"))
    store.load(path=str(faulty), format=ox.RdfFormat.N_TRIPLES)
    store.flush()
    del store
    assert pairs(validate([str(tmp_path / "store")]).findings) == pairs(validate([str(faulty)]).findings)


def test_another_base(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    export([SEED], path, base="https://example.org/trials/")
    assert validate([str(path)]).conforms
    path.write_text(path.read_text("utf-8").replace("NCT02059759-arm-2", "NCT00000001-arm-2"), "utf-8")
    assert any("which is a part of another study" in str(finding) for finding in validate([str(path)]).findings)


def test_the_ontology_itself_conforms() -> None:
    names = [str(path) for path in sorted((Path(__file__).parents[2] / "ontology").glob("*.ttl"))]
    assert validate(names).conforms


def test_an_unreadable_file_is_a_finding(tmp_path: Path) -> None:
    good, truncated, wrong = tmp_path / "good.nt", tmp_path / "truncated.nt.gz", tmp_path / "wrong.ttl"
    export([SEED], good)
    truncated.write_bytes(gzip.compress(good.read_bytes())[:2000])
    wrong.write_text("study:x a", "utf-8")
    result = validate([str(truncated), str(wrong), str(good)])
    assert [(finding.rule, finding.file) for finding in result.findings] == [
        (UNREADABLE, str(truncated)),
        (UNREADABLE, str(wrong)),
    ]
    assert result.studies >= 1


# ---------------------------------------------------------------- the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["validate", *arguments])


@pytest.fixture
def faulty(tmp_path: Path, clean: Statements) -> Path:
    path = tmp_path / "faulty.nt"
    changed = (clean - turtle("S: ct:phase code:PHASE2 .")) | turtle("S: ct:phase code:PHASE9 ; ct:startDat 'x' .")
    path.write_bytes(ox.serialize(changed, format=ox.RdfFormat.N_TRIPLES) or b"")
    return path


def test_exit_status(faulty: Path, tmp_path: Path) -> None:
    export([SEED], tmp_path / "good.ttl")
    assert run(str(tmp_path / "good.ttl")).exit_code == 0
    assert run(str(faulty)).exit_code == 1
    for wrong in (["nothing.nt"], [str(SEED)], [str(faulty), "--report", str(faulty)]):
        result = run(*wrong)
        assert (result.exit_code, result.stdout) == (2, "")
    assert run().exit_code == 2


def test_the_command_shows_sentences_and_a_summary(faulty: Path) -> None:
    result = run(str(faulty))
    assert result.stdout.splitlines()[0].startswith(
        f"{faulty}, NCT02059759, study:NCT02059759, phase (ct:phase): found "
    )
    assert "violations 2" in result.stderr
    result = run(str(faulty), "--limit", "1")
    assert len(result.stdout.splitlines()) == 1
    assert "1 more violations" in result.stderr


def test_both_engines_on_the_command_line(faulty: Path) -> None:
    fast, slow = run(str(faulty)).stdout.splitlines(), run(str(faulty), "--engine", "pyshacl").stdout.splitlines()
    assert slow == fast[:1], "SHACL does not report unknown properties"


def test_json_report(faulty: Path) -> None:
    result = run(str(faulty), "--report", "-")
    first, second = [json.loads(line) for line in result.stdout.splitlines()]
    assert first["focus"] == "https://clinicaltrials.gov/study/NCT02059759"
    assert first["path"] == "https://w3id.org/trialkg/ontology#phase"
    assert first["value"] == "<https://w3id.org/trialkg/code/PHASE9>"
    assert first["rule"] == str(SH.NodeConstraintComponent)
    assert (first["nctId"], first["name"], first["kind"]) == ("NCT02059759", "phase", "violation")
    assert second["rule"] == UNKNOWN


def test_turtle_report(faulty: Path, tmp_path: Path) -> None:
    assert run(str(faulty), "--report", str(tmp_path / "report.ttl")).exit_code == 1
    run(str(faulty), "--report", str(tmp_path / "report.ttl.gz"))
    assert gzip.decompress((tmp_path / "report.ttl.gz").read_bytes()) == (tmp_path / "report.ttl").read_bytes()
    report = rdflib.Graph().parse(tmp_path / "report.ttl")
    (node,) = report.subjects(rdflib.RDF.type, SH.ValidationReport)
    assert report.value(node, SH.conforms) == rdflib.Literal(False)
    assert len(list(report.objects(node, SH.result))) == 2
    conforms, _, text = pyshacl.validate(report, shacl_graph=rdflib.Graph().parse(data=REPORT_SHAPE))
    assert conforms, text


REPORT_SHAPE = """
@prefix sh: <http://www.w3.org/ns/shacl#> .
[] a sh:NodeShape ; sh:targetClass sh:ValidationResult ; sh:property
    [ sh:path sh:focusNode ; sh:minCount 1 ; sh:maxCount 1 ] ,
    [ sh:path sh:resultSeverity ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:sourceConstraintComponent ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI ] ,
    [ sh:path sh:resultPath ; sh:maxCount 1 ] , [ sh:path sh:value ; sh:maxCount 1 ] ,
    [ sh:path sh:resultMessage ; sh:minCount 1 ] .
"""


def test_a_missing_engine(faulty: Path) -> None:
    code = "import sys; sys.modules['pyshacl'] = None; from kg.cli import main; main()"
    command = [sys.executable, "-c", code, "validate", str(faulty), "--engine", "pyshacl"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "pip install '.[validate]'" in result.stderr


def test_an_unknown_engine(faulty: Path) -> None:
    with pytest.raises(UsageError, match="fast and pyshacl"):
        validate([str(faulty)], engine="slow")
