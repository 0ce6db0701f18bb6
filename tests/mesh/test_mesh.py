"""The MeSH tree from each of NLM's formats, and records compared with it."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path

import pyoxigraph as ox
import pytest
from click.testing import CliRunner, Result

import kg
from kg.cli import main
from kg.rdf.formats import FORMATS
from kg.rdf.parse import FORMATS as PARSERS
from kg.rdf.parse import quads
from tests.conftest import DATA, SEED, STUDIES

MESH = DATA / "mesh"
IRI = "http://id.nlm.nih.gov/mesh/"
HEADER = "PREFIX mesh: <http://id.nlm.nih.gov/mesh/> PREFIX meshv: <http://id.nlm.nih.gov/mesh/vocab#> "
ABOVE_ALS = {
    *("D002493", "D008659", "D009422", "D009468", "D009750"),
    *("D013118", "D016472", "D019636", "D057165", "D057177"),
}


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def built(path: Path, *files: Path) -> set[str]:
    result = run("mesh", "build", *files, "-o", path)
    assert result.exit_code == 0, result.stderr
    return {str(quad) for quad in ox.parse(path=str(path))}


def local(rows: object) -> set[str]:
    assert isinstance(rows, ox.QuerySolutions)
    return {row[0].value.removeprefix("http://id.nlm.nih.gov/mesh/") for row in rows}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ox.Store:
    """A study and the MeSH tree, each in its own graph."""
    folder = tmp_path_factory.mktemp("mesh")
    loaded = ox.Store()
    run("export", SEED, "-o", folder / "studies.nq")
    run("mesh", "build", MESH / "desc.xml", "-o", folder / "mesh.nq")
    for name in ("studies.nq", "mesh.nq"):
        loaded.load(path=str(folder / name))
    return loaded


def test_broader_descriptors_follow_from_tree_numbers(store: ox.Store) -> None:
    graph = ox.NamedNode("http://id.nlm.nih.gov/mesh")
    direct = store.query(HEADER + "SELECT ?b { mesh:D000690 meshv:broaderDescriptor ?b }", default_graph=graph)
    assert local(direct) == {"D013118", "D016472", "D057177"}
    all_ = store.query(HEADER + "SELECT ?b { mesh:D000690 meshv:broaderDescriptor+ ?b }", default_graph=graph)
    assert local(all_) == ABOVE_ALS


def test_a_query_over_studies_and_tree_includes_all_descendants(store: ox.Store) -> None:
    query = HEADER + (
        "PREFIX ct: <https://w3id.org/trialkg/ontology#> "
        "SELECT ?study { ?study ct:conditionMesh/meshv:broaderDescriptor* mesh:D057165 }"
    )
    matches = store.query(query, use_default_graph_as_union=True)
    assert local(matches) == {"https://clinicaltrials.gov/study/NCT02059759"}


def test_rdf_and_xml_of_a_tree_give_the_same_graph(tmp_path: Path) -> None:
    from_rdf = built(tmp_path / "rdf.nt", MESH / "mesh.nt")
    assert from_rdf == built(tmp_path / "xml.nt", MESH / "desc.xml", MESH / "supp.xml")
    assert (tmp_path / "rdf.nt").read_bytes() == (tmp_path / "xml.nt").read_bytes()
    assert len(from_rdf) == len((tmp_path / "rdf.nt").read_text().splitlines())


def test_a_table_gives_the_same_tree_without_classes(tmp_path: Path) -> None:
    table = built(tmp_path / "table.nt", MESH / "trees.tsv")
    xml = built(tmp_path / "xml.nt", MESH / "desc.xml")
    other = table - xml
    assert all(line.endswith("vocab#Descriptor>") for line in other)
    assert len(other) == 11
    edges = {line for line in xml if "broaderDescriptor" in line}
    assert edges == {line for line in table if "broaderDescriptor" in line}
    assert len(edges) == 13


def test_a_table_with_column_names(tmp_path: Path) -> None:
    rows = ["Tree Numbers\tUI\tName", 'C10.228, C10.574\tD000002493\tA \\ "name"', "C10\tD009422\tNervous"]
    (tmp_path / "t.tsv").write_text("\r\n".join(rows))
    text = "\n".join(built(tmp_path / "t.nt", tmp_path / "t.tsv"))
    assert '"A \\\\ \\"name\\""@en' in text
    assert "<http://id.nlm.nih.gov/mesh/D002493> <http://id.nlm.nih.gov/mesh/vocab#broaderDescriptor>" in text


def test_classes_and_mappings(tmp_path: Path) -> None:
    statements = built(tmp_path / "m.nt", MESH / "desc.xml", MESH / "supp.xml")
    classes = dict(re.findall(r"mesh/(\w+)> <[^>]*#type> <[^>]*vocab#(\w+)>", "\n".join(statements)))
    assert classes["D000690"] == "TopicalDescriptor"
    assert classes["D008297"] == "CheckTag"
    assert classes["D017516"] == "GeographicalDescriptor"
    assert classes["D020500"] == "PublicationType"
    assert classes["C082598"] == "SCR_Chemical"
    for predicate, value in (
        ("preferredMappedTo", "D007376Q000031"),
        ("mappedTo", "D011994"),
        ("pharmacologicalAction", "D000970"),
    ):
        statement = f"mesh/C082598> <http://id.nlm.nih.gov/mesh/vocab#{predicate}> <http://id.nlm.nih.gov/mesh/{value}>"
        assert any(statement in line for line in statements), predicate
    assert any("D007376Q000031> <http://id.nlm.nih.gov/mesh/vocab#hasDescriptor>" in line for line in statements)


@pytest.mark.parametrize("name", sorted(FORMATS.keys() - {"jsonld"}))
def test_every_format_has_the_same_statements_and_can_be_read(tmp_path: Path, name: str) -> None:
    expected = built(tmp_path / "expected.nt", MESH / "mesh.nt")
    path = tmp_path / f"mesh{FORMATS[name].extension}{'' if FORMATS[name].compression else '.zst'}"
    assert run("mesh", "build", MESH / "mesh.nt", "-o", path).exit_code == 0
    again = tmp_path / "again.nt"
    assert built(again, path) == expected
    plain = tmp_path / f"mesh{FORMATS[name].extension}"
    run("mesh", "build", MESH / "mesh.nt", "-o", plain)
    read = quads(str(plain)) if FORMATS[name].compression else ox.parse(path=str(plain), format=PARSERS[name])
    graphs = {quad.graph_name for quad in read}
    named = FORMATS[name].graphs
    assert graphs == {ox.NamedNode("http://id.nlm.nih.gov/mesh") if named else ox.DefaultGraph()}


def test_years_https_and_padded_ids_are_normalized_and_gzip_is_read(tmp_path: Path) -> None:
    text = (MESH / "mesh.nt").read_text().replace("nlm.nih.gov/mesh/D", "nlm.nih.gov/mesh/2025/D000")
    text = re.sub(r"/D000(\d{6})", r"/D000\1", text).replace(
        "http://id.nlm.nih.gov/mesh/2025", "https://id.nlm.nih.gov/mesh/2025"
    )
    text = text.replace("D000690Q000175", "D000690")
    path = tmp_path / "mesh2025.nt.gz"
    path.write_bytes(gzip.compress(text.encode()))
    statements = built(tmp_path / "m.nt", path)
    ids = set(re.findall(r"<(http[^>]*mesh/[^>]*?)D000690>", "\n".join(statements)))
    assert ids == {"http://id.nlm.nih.gov/mesh/"}
    edges = {line for line in statements if "broaderDescriptor" in line}
    assert edges == {line for line in built(tmp_path / "plain.nt", MESH / "mesh.nt") if "broaderDescriptor" in line}


@pytest.mark.parametrize(
    ("name", "content", "message", "status"),
    [
        ("a.tsv", "D000690\tALS\t\tC10.\n", 'found "C10.", expected a tree number', 0),
        ("a.tsv", "D000690\tALS\t\tC10\nnothing\t\t\t\n", "record 2: found", 1),
        ("a.tsv", "D000690\tALS\t\tC10\nD000691\tB\t\tC10\n", "D000691: claims C10, which belongs to another", 0),
        ("a.tsv", "D000690\tALS\t\tC10\nD000690\tB\t\tC10\n", 'found "B", expected "ALS"', 0),
        ("a.xml", "<?xml version='1.0'?><DescriptorRecordSet><DescriptorRecord>", "cannot be read to its end", 1),
        ("a.xml", "<DescriptorRecordSet><DescriptorRecord/></DescriptorRecordSet>", "no MeSH id", 1),
        ("a.nt", "<http://id.nlm.nih.gov/mesh/D000690> nothing", "is not valid ntriples", 1),
        ("a.nt", f"<{IRI}D000690> <{IRI}vocab#treeNumber> <{IRI}C10> .", "D000690 has no name", 1),
        ("a.txt", "Body Regions;A01\n", "is not a supported MeSH file", 2),
        ("a.tsv", "x\ty\n", "is not a MeSH table", 2),
    ],
)  # fmt: skip
def test_problems_in_a_file_are_reported(tmp_path: Path, name: str, content: str, message: str, status: int) -> None:
    (tmp_path / name).write_text(content)
    result = run("mesh", "build", tmp_path / name, "-o", tmp_path / "out.nt")
    assert message in result.stderr
    assert result.exit_code == status
    assert (tmp_path / "out.nt").exists() == (status < 2 and "nothing was written" not in result.stderr)


def test_no_input_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mesh.nt").write_bytes((MESH / "mesh.nt").read_bytes())
    assert run("mesh", "build", tmp_path / "mesh.nt", "-o", tmp_path / "mesh.nt").exit_code == 2
    assert run("mesh", "build", tmp_path / "no.nt", "-o", tmp_path / "out.nt").exit_code == 2
    assert run("mesh", "build", MESH / "mesh.nt", "-o", tmp_path / "out.jsonld").exit_code == 2


def test_tree_numbers_without_a_parent_are_reported(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("D000690\tALS\tC10.574.562.250\n")
    assert "1 tree numbers without a parent" in run("mesh", "build", tmp_path / "t.tsv", "-o", tmp_path / "t.nt").stderr


# -- comparison with records ------------------------------------------------------------------------------------


def test_the_seed_record_agrees_with_the_tree() -> None:
    result = run("mesh", "check", SEED, "--mesh", MESH / "mesh.nt")
    assert result.exit_code == 0, result.stdout
    assert "1 of 1 lists of conditions agree, 1 of 1 lists of interventions agree" in result.stderr


def changed(seed: dict[str, object]) -> dict[str, object]:
    """Return the seed record with one ancestor renamed, one missing, one extra, and one that is an action."""
    text = json.dumps(seed).replace('"term": "Motor Neuron Disease"', '"term": "Motor Neurone Disease"')
    record: dict[str, dict[str, dict[str, list[dict[str, str]]]]] = json.loads(text)
    conditions = record["derivedSection"]["conditionBrowseModule"]
    conditions["ancestors"] = [term for term in conditions["ancestors"] if term["id"] != "D009422"]
    conditions["ancestors"].append({"id": "D008297", "term": "Male"})
    interventions = record["derivedSection"]["interventionBrowseModule"]
    interventions["ancestors"] = [{"id": "D000970", "term": "Antineoplastic Agents"}]
    return dict(record)


def test_differences_are_reported_with_their_studies(tmp_path: Path, seed: dict[str, object]) -> None:
    (tmp_path / "record.json").write_text(json.dumps(changed(seed)))
    table = (MESH / "trees.tsv").read_text() + "D000970\tAntineoplastic Agents\t\tD27.505.954.248\nD008297\tMale\t\t\n"
    (tmp_path / "t.tsv").write_text(table)
    words = ("--mesh", tmp_path / "t.tsv", "--mesh", MESH / "supp.xml", "--json", "-")
    result = run("mesh", "check", tmp_path / "record.json", *words)
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert [tuple(item[key] for key in ("kind", "of", "id", "name", "studies")) for item in report["found"]] == [
        ("label", "condition", "D016472", "Motor Neurone Disease", ["NCT02059759"]),
        ("missing", "condition", "D009422", "Nervous System Diseases", ["NCT02059759"]),
        ("extra", "condition", "D008297", "Male", ["NCT02059759"]),
        ("action", "intervention", "D000970", "Antineoplastic Agents", ["NCT02059759"]),
    ]
    assert report["lists"]["condition"] == {"lists": 1, "judged": 1, "agreeing": 0}
    assert report["lists"]["intervention"] == {"lists": 1, "judged": 1, "agreeing": 1}


def test_extra_ancestors_are_not_reported_if_a_term_is_unknown() -> None:
    result = run("mesh", "check", SEED, *STUDIES[:5], "--mesh", MESH / "trees.tsv", "--limit", 1)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert [line.split()[:1] for line in lines[1:6]] == [["unknown"], ["label"], ["missing"], ["extra"], ["action"]]
    assert "C082598" in run("mesh", "check", SEED, "--mesh", MESH / "trees.tsv").stdout


def test_a_comparison_needs_an_existing_tree(tmp_path: Path) -> None:
    assert run("mesh", "check", SEED, "--mesh", tmp_path / "no.nt").exit_code == 2
    assert run("mesh", "check", SEED).exit_code == 2


def test_the_graph_conforms_and_can_be_parsed_with_studies(tmp_path: Path) -> None:
    run("mesh", "build", MESH / "mesh.nt", "-o", tmp_path / "mesh.ttl")
    assert run("validate", tmp_path / "mesh.ttl").exit_code == 0
    assert kg.graph(SEED).parse(tmp_path / "mesh.ttl")


ENTRY_TERMS = {"ALS - Amyotrophic Lateral Sclerosis", "Gehrig's Disease", "Motor Neuron Disease, Amyotrophic"}
XML = """<?xml version="1.0"?><DescriptorRecordSet><DescriptorRecord DescriptorClass="1">
<DescriptorUI>D000690</DescriptorUI><DescriptorName><String>Amyotrophic Lateral Sclerosis</String></DescriptorName>
<ConceptList>
<Concept PreferredConceptYN="Y"><ConceptUI>M0001</ConceptUI><TermList><Term><TermUI>T1</TermUI>
<String>Amyotrophic Lateral Sclerosis</String></Term><Term><String>Gehrig's Disease</String></Term></TermList>
</Concept><Concept PreferredConceptYN="N"><TermList><Term><String>ALS - Amyotrophic Lateral Sclerosis</String></Term>
<Term><String>Motor Neuron Disease, Amyotrophic</String></Term></TermList></Concept></ConceptList>
</DescriptorRecord></DescriptorRecordSet>"""
RDF = """@prefix mesh: <http://id.nlm.nih.gov/mesh/> . @prefix meshv: <http://id.nlm.nih.gov/mesh/vocab#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
mesh:T3 meshv:prefLabel "ALS - Amyotrophic Lateral Sclerosis"@en ;
  meshv:altLabel "Motor Neuron Disease, Amyotrophic"@en .
mesh:D000690 a meshv:TopicalDescriptor ; rdfs:label "Amyotrophic Lateral Sclerosis"@en ;
  meshv:preferredConcept mesh:M1 ; meshv:concept mesh:M2 .
mesh:M1 meshv:preferredTerm mesh:T1 ; meshv:term mesh:T2 . mesh:M2 meshv:preferredTerm mesh:T3 .
mesh:T1 meshv:prefLabel "Amyotrophic Lateral Sclerosis"@en . mesh:T2 meshv:prefLabel "Gehrig's Disease"@en .
mesh:T9 meshv:prefLabel "Nobody's term"@en ."""
TABLES = (
    "D000690\tAmyotrophic Lateral Sclerosis\t" + "|".join(sorted(ENTRY_TERMS)) + "\tC10.574\n",
    "trees\tSynonyms\tname\tid\nC10.574\t"
    + "|".join(sorted(ENTRY_TERMS))
    + "\tAmyotrophic Lateral Sclerosis\tD000690\n",
)


@pytest.mark.parametrize(("name", "content"), [("a.xml", XML), ("a.ttl", RDF), *(("a.tsv", table) for table in TABLES)])
def test_entry_terms_are_other_names_of_a_heading(name: str, content: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    result = run("mesh", "build", tmp_path / name, "-o", tmp_path / "mesh.nt")
    assert result.exit_code == 0, result.stderr
    assert "3 entry terms" in result.stderr
    name_of = "https://schema.org/alternateName"
    graph = ox.parse(path=str(tmp_path / "mesh.nt"))
    names = {quad.object.value for quad in graph if quad.predicate.value == name_of}  # type: ignore[union-attr]
    assert names == ENTRY_TERMS
    again = built(tmp_path / "again.nt", tmp_path / "mesh.nt")
    assert again == {str(quad) for quad in ox.parse(path=str(tmp_path / "mesh.nt"))}
