"""Each planted fault is found, and nothing else; pySHACL finds the same; clean exports conform."""

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

import kg.validation.pyshacl_engine
from kg.cli import main
from kg.errors import UsageError
from kg.export.run import export
from kg.ontology.files import folder
from kg.ontology.model import FILES, shipped
from kg.rdf.formats import format_of
from kg.validation.findings import Finding, Graph, short
from kg.validation.rules import FOREIGN, RULES, UNKNOWN, checked
from kg.validation.run import UNREADABLE, validate
from kg.validation.shacl import READ, Checker, vocabulary
from tests.conftest import DATA, MADE, SEED, WithShared

CHECKER = Checker()
PREFIXES = "".join(f"@prefix {prefix}: <{namespace}> .\n" for prefix, namespace in shipped().prefixes.items())
Statements = frozenset[ox.Triple]
Pair = tuple[str, str]


def turtle(text: str) -> Statements:
    """Statements in Turtle, where S: stands for the seed's study and P: for the beginning of its parts."""
    text = text.replace("S:", "study:NCT02059759").replace("P:", "part:NCT02059759-")
    return frozenset(quad.triple for quad in ox.parse(PREFIXES + text, format=ox.RdfFormat.TURTLE))


def exported(record: dict[str, Any]) -> Statements:
    data = WithShared()(record).data
    return frozenset(quad.triple for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES))


def graph_of(statements: Iterable[ox.Triple]) -> Graph:
    return Graph().add(ox.Quad(each.subject, each.predicate, each.object) for each in sorted(statements, key=str))


def pairs(findings: Iterable[Finding]) -> set[Pair]:
    return {(short(each.focus or ""), short(each.path) if each.path else "") for each in findings}


@pytest.fixture(scope="module")
def pyshacl_judge() -> Callable[[Graph], Iterable[Finding]]:
    return kg.validation.pyshacl_engine.judge()


def both(statements: Iterable[ox.Triple], judge: Callable[[Graph], Iterable[Finding]]) -> list[Finding]:
    """What the fast engine finds, after a look whether pySHACL finds the same."""
    found = checked(graph_of(statements), CHECKER)
    assert pairs(judge(graph_of(statements))) == pairs(each for each in found if each.rule not in RULES)
    return found


FAULTS = {
    "wrong datatype": ("S: ct:hasResults false", 'S: ct:hasResults "false"', {"S: ct:hasResults"}),
    "ill-formed month": (
        'S: ct:startDate "2015-09"^^xsd:gYearMonth',
        'S: ct:startDate "2015-13"^^xsd:gYearMonth',
        {"S: ct:startDate"},
    ),
    "a day that never was": (
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
    "arm of a study that is not here": (
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
    "number that is none": (
        "S: ct:enrollmentCount 36",
        'S: ct:enrollmentCount "many"^^xsd:integer',
        {"S: ct:enrollmentCount"},
    ),
    "fraction for a whole number": ("P:arm-1 ct:position 1", "P:arm-1 ct:position 1.0", {"P:arm-1 ct:position"}),
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
    "address that is none": (
        "P:reference-1 ct:pubmed <https://pubmed.ncbi.nlm.nih.gov/32651161/>",
        "P:reference-1 ct:pubmed <https://pubmed.ncbi.nlm.nih.gov/x/>",
        {"P:reference-1 ct:pubmed"},
    ),
    "point without a class": ("P:location-1-geometry a sf:Point", "", {"P:location-1 gsp:hasGeometry"}),
    "part to which nothing leads": ("S: ct:official P:official-1", "", {"P:official-1"}),
    "JSON that is none": ("", 'S: ct:unmapped "{"^^rdf:JSON', {"S: ct:unmapped"}),
    "blank node for an arm": ("", "S: ct:arm [ ct:position 4 ]", {"S: ct:arm"}),
}
"""What is taken out of the graph of the seed, what is put in, and where a violation is then."""


@pytest.fixture(scope="module")
def clean(seed: dict[str, Any]) -> Statements:
    return exported(seed)


@pytest.mark.parametrize("name", FAULTS)
def test_each_planted_fault_is_found_and_nothing_else(
    clean: Statements, pyshacl_judge: Callable[[Graph], Iterable[Finding]], name: str
) -> None:
    out, put, expected = FAULTS[name]
    removed = turtle(out + " ." if out else "")
    assert removed <= clean, "there is nothing to take out"
    faulty = (clean - removed) | turtle(put + " ." if put else "")
    found = both(faulty, pyshacl_judge)
    places = {place.replace("S:", "study:NCT02059759").replace("P:", "part:NCT02059759-") for place in expected}
    assert {" ".join(pair).rstrip() for pair in pairs(found)} == places
    assert len(found) == len(places), "one sentence for each fault"


def test_the_clean_seed_conforms(clean: Statements, pyshacl_judge: Callable[[Graph], Iterable[Finding]]) -> None:
    assert both(clean, pyshacl_judge) == []


SENTENCES = {  # NAME stands for the sh:name of the property
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
    "found a property that is unknown (did you mean ct:startDate?), expected one of the ontology.",
    "language tag missing": "NCT02059759, study:NCT02059759, NAME (ct:conditionMesh): "
    'found mesh:D000690 with "Amyotrophic Lateral Sclerosis" as its term (rdfs:label), '
    "expected a MeSH term with text with the language tag @en there.",
}


@pytest.mark.parametrize("name", SENTENCES)
def test_a_fault_is_one_sentence(clean: Statements, name: str) -> None:
    out, put, _ = FAULTS[name]
    changed = clean - turtle(out + " .") | turtle(put + " ." if put else "")
    (found,) = checked(graph_of(changed), CHECKER)
    names = {each.name for shape in shipped().shapes.values() for each in shape.properties if each.path == found.path}
    assert found.name in names or found.rule == UNKNOWN
    assert str(found) == SENTENCES[name].replace("NAME", found.name)


def test_an_arm_of_another_study_that_is_here_too(
    clean: Statements, made: dict[str, Any], pyshacl_judge: Callable[[Graph], Iterable[Finding]]
) -> None:
    two = clean | exported(made)
    before = pairs(checked(graph_of(two), CHECKER))
    found = both(two | turtle("P:intervention-1 ct:interventionArm part:NCT99999999-arm-1 ."), pyshacl_judge)
    new = [each for each in found if pairs([each]) - before]
    assert [(each.rule, each.study) for each in new] == [(FOREIGN, "NCT02059759")]


def test_what_others_add_is_no_fault(clean: Statements) -> None:
    more = turtle(
        """S: <http://example.org/note> "mine" ; dcterms:relation <http://example.org/1> .
        P:arm-1 skos:note "mine"@en . <http://example.org/1> a skos:Concept .
        P:notes-1 skos:note "of a part that is described elsewhere" ."""
    )
    assert checked(graph_of(clean | more), CHECKER) == []
    assert checked(graph_of(more), CHECKER) == []


def test_classes_of_others_below_ours(clean: Statements, pyshacl_judge: Callable[[Graph], Iterable[Finding]]) -> None:
    own = turtle(
        """<http://example.org/Arm> rdfs:subClassOf <http://example.org/Group> .
        <http://example.org/Group> rdfs:subClassOf ct:Arm , <http://example.org/Arm> .
        P:arm-1 a <http://example.org/Arm> . P:arm-2 a <http://example.org/Arm> ."""
    )
    gone = turtle('P:arm-1 a ct:Arm . P:arm-2 a ct:Arm ; rdfs:label "1.0 IL-2" .')
    assert pairs(both((clean - gone) | own, pyshacl_judge)) == {("part:NCT02059759-arm-2", "rdfs:label")}


def test_statements_that_nobody_would_make(pyshacl_judge: Callable[[Graph], Iterable[Finding]]) -> None:
    odd = turtle(
        """S: a ct:Study , "x" , [] ; ct:arm <<( <urn:a> <urn:b> <urn:c> )>> , ( 1 ) ; ct:conditionMesh "x" , _:b , 5 ;
        ct:phase _:q . _:b ct:conditionMesh _:b ; a ct:Arm . ct:Arm rdfs:subClassOf ct:Arm .
        <urn:x> rdfs:subClassOf <urn:x> . <urn:y> a <urn:x> ."""
    )
    places = {path for focus, path in pairs(checked(graph_of(odd), CHECKER)) if focus == "study:NCT02059759"}
    assert places == {"rdf:type", "dcterms:identifier", "rdfs:label", "ct:arm", "ct:conditionMesh", "ct:phase"}
    assert places <= {path for _, path in pairs(pyshacl_judge(graph_of(odd)))}


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
def test_both_engines_find_the_same_where_chance_plants_the_faults(
    clean: Statements, made: dict[str, Any], pyshacl_judge: Callable[[Graph], Iterable[Finding]], number: int
) -> None:
    chance = random.Random(number)
    whole = exported(made) if number % 2 else clean
    ordered = sorted(whole, key=str)
    gone = chance.sample(ordered, 12)
    values = [next(iter(turtle(f"<http://example.org/> rdf:value {text} ."))).object for text in MUTANTS]
    put = {ox.Triple(each.subject, each.predicate, chance.choice(values)) for each in chance.sample(gone, 6)}
    more = {ox.Triple(each.subject, each.predicate, chance.choice(values)) for each in chance.sample(ordered, 4)}
    both((whole - set(gone)) | put | more, pyshacl_judge)


def test_both_engines_find_the_same_in_real_studies(
    studies: list[dict[str, Any]], made: dict[str, Any], pyshacl_judge: Callable[[Graph], Iterable[Finding]]
) -> None:
    for record in [*sorted(studies, key=lambda record: len(str(record)))[:8], made]:
        both(exported(record), pyshacl_judge)


def test_the_fast_engine_reads_all_of_shacl_that_the_shapes_use() -> None:
    assert vocabulary().used <= READ
    graph = Graph()
    for name in FILES:
        graph.add(ox.parse(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE))
    for each in graph.subjects.values():
        read = {key.removeprefix(str(SH)): values for key, values in each.items() if key.startswith(str(SH))}
        assert {value.value for key in ("minCount", "maxCount") for value in read.get(key, ())} <= {"1"}
        assert set(read.get("nodeKind", ())) <= {ox.NamedNode(str(SH.IRI))}
        assert all(len(list(graph.items(head))) == 1 for head in read.get("languageIn", ()))
        options = [graph.of(option) for head in read.get("or", ()) for option in graph.items(head)]
        assert all(set(option) == {str(SH.datatype)} for option in options)
        assert "or" not in read or str(SH.path) not in each


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("validate") / "all.nq"
    export([DATA / "studies", SEED, MADE], path)
    return path


def test_clean_exports_conform_but_for_the_fields_that_the_export_reports(everything: Path) -> None:
    done = validate([str(everything)])
    assert pairs(done.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert done.graphs - 1 == done.studies >= 33  # one graph is that of shared resources


def test_real_studies_in_one_graph_conform_likewise(tmp_path: Path) -> None:
    path = tmp_path / "all.ttl"
    export([DATA / "studies", SEED], path)
    done = validate([str(path)])
    assert pairs(done.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert done.graphs == 1


def test_a_graph_in_pieces_is_one_graph(everything: Path, tmp_path: Path) -> None:
    lines = everything.read_text("utf-8").splitlines(keepends=True)
    random.Random(0).shuffle(lines)
    shuffled = tmp_path / "shuffled.nq"
    shuffled.write_text("".join(lines), "utf-8")
    assert pairs(validate([str(shuffled)]).findings) == pairs(validate([str(everything)]).findings)


@pytest.mark.parametrize("name", ["a.ttl", "a.nt.gz", "a.nq", "a.trig.zst", "a.jsonld", "a.rdf"])
def test_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    export([DATA / "studies" / "NCT07040332.json"], path)
    done = validate([str(path)])
    assert pairs(done.findings) == {("part:NCT07040332-intervention-1", "rdfs:label")}
    assert (done.findings[0].file, done.studies, done.graphs) == (str(path), 1, 1 + format_of(name).graphs)


def test_the_folder_of_a_store(tmp_path: Path, faulty: Path) -> None:
    store = ox.Store(str(tmp_path / "store"))
    store.load(path=str(faulty), format=ox.RdfFormat.N_TRIPLES)
    store.flush()
    del store
    assert pairs(validate([str(tmp_path / "store")]).findings) == pairs(validate([str(faulty)]).findings)


def test_the_base_may_be_another(tmp_path: Path) -> None:
    path = tmp_path / "a.nt"
    export([SEED], path, base="https://example.org/trials/")
    assert validate([str(path)]).conforms
    path.write_text(path.read_text("utf-8").replace("NCT02059759-arm-2", "NCT00000001-arm-2"), "utf-8")
    assert any("which is a part of another study" in str(each) for each in validate([str(path)]).findings)


def test_the_ontology_itself_conforms() -> None:
    names = [str(path) for path in sorted((Path(__file__).parents[2] / "ontology").glob("*.ttl"))]
    assert validate(names).conforms


def test_a_file_that_breaks_off_is_a_finding_and_costs_only_itself(tmp_path: Path) -> None:
    good, cut, wrong = tmp_path / "good.nt", tmp_path / "cut.nt.gz", tmp_path / "wrong.ttl"
    export([SEED], good)
    cut.write_bytes(gzip.compress(good.read_bytes())[:2000])
    wrong.write_text("study:x a", "utf-8")
    done = validate([str(cut), str(wrong), str(good)])
    assert [(each.rule, each.file) for each in done.findings] == [(UNREADABLE, str(cut)), (UNREADABLE, str(wrong))]
    assert done.studies >= 1


# ---------------------------------------------------------------- the command


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["validate", *arguments])


@pytest.fixture
def faulty(tmp_path: Path, clean: Statements) -> Path:
    path = tmp_path / "faulty.nt"
    changed = (clean - turtle("S: ct:phase code:PHASE2 .")) | turtle("S: ct:phase code:PHASE9 ; ct:startDat 'x' .")
    path.write_bytes(ox.serialize(changed, format=ox.RdfFormat.N_TRIPLES) or b"")
    return path


def test_the_exit_status_tells(faulty: Path, tmp_path: Path) -> None:
    export([SEED], tmp_path / "good.ttl")
    assert run(str(tmp_path / "good.ttl")).exit_code == 0
    assert run(str(faulty)).exit_code == 1
    for wrong in (["nothing.nt"], [str(SEED)], [str(faulty), "--report", str(faulty)]):
        done = run(*wrong)
        assert (done.exit_code, done.stdout) == (2, "")
    assert run().exit_code == 2


def test_the_command_shows_sentences_and_a_summary(faulty: Path) -> None:
    done = run(str(faulty))
    assert done.stdout.splitlines()[0].startswith(f"{faulty}, NCT02059759, study:NCT02059759, phase (ct:phase): found ")
    assert "violations 2" in done.stderr
    done = run(str(faulty), "--limit", "1")
    assert len(done.stdout.splitlines()) == 1
    assert "1 more like these" in done.stderr


def test_both_engines_can_be_asked_for(faulty: Path) -> None:
    fast, slow = run(str(faulty)).stdout.splitlines(), run(str(faulty), "--engine", "pyshacl").stdout.splitlines()
    assert slow == fast[:1], "the unknown property is no matter of SHACL"


def test_the_report_for_programs(faulty: Path) -> None:
    done = run(str(faulty), "--report", "-")
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert first["focus"] == "https://clinicaltrials.gov/study/NCT02059759"
    assert first["path"] == "https://w3id.org/trialkg/ontology#phase"
    assert first["value"] == "<https://w3id.org/trialkg/code/PHASE9>"
    assert first["rule"] == str(SH.NodeConstraintComponent)
    assert (first["nctId"], first["name"], first["kind"]) == ("NCT02059759", "phase", "violation")
    assert second["rule"] == UNKNOWN


def test_the_report_in_turtle_is_one_of_shacl(faulty: Path, tmp_path: Path) -> None:
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


def test_a_missing_engine_is_named_with_its_extra(faulty: Path) -> None:
    code = "import sys; sys.modules['pyshacl'] = None; from kg.cli import main; main()"
    command = [sys.executable, "-c", code, "validate", str(faulty), "--engine", "pyshacl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'trialkg[validate]'" in done.stderr


def test_an_unknown_engine_is_wrong_use(faulty: Path) -> None:
    with pytest.raises(UsageError, match="fast and pyshacl"):
        validate([str(faulty)], engine="slow")
