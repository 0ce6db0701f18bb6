"""The ontology is complete, valid Turtle, and consistent for a reasoner."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.mapping.plan import Role, shipped_plan
from kg.ontology.files import folder
from kg.ontology.model import CACHE_FILE, FILES, SLOT, document, read, shipped
from kg.ontology.vocabulary import CT, OWL, RDF, RDFS, SKOS
from tools.docs import reference

LANGUAGES = {"rdfs:label": RDFS + "label", "skos:definition": SKOS + "definition"}


def store(*names: str) -> ox.Store:
    loaded = ox.Store()
    for name in names:
        loaded.load(path=str(folder("ontology") / name), format=ox.RdfFormat.TURTLE)
    return loaded


@pytest.fixture(scope="module")
def whole() -> ox.Store:
    return store("trialkg.ttl")


def test_generated_files_are_current() -> None:
    top = Path(__file__).parents[2]
    stale = [
        name for name, text in reference.generated(shipped_plan()).items() if (top / name).read_text("utf-8") != text
    ]
    assert stale == [], "run python -m tools.docs"


def test_the_cache_file_has_the_content_of_the_ontology(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [Path(shutil.copy(folder("ontology") / name, tmp_path)) for name in FILES]
    (tmp_path / CACHE_FILE).write_text(document(files), "utf-8")
    monkeypatch.setattr("kg.ontology.model.folder", lambda _: tmp_path)
    said, parsed = read(files), []
    monkeypatch.setattr("kg.ontology.model.read", lambda found: parsed.append(found) or read(found))
    assert (shipped.__wrapped__(), parsed) == (said, [])
    text = files[0].read_text("utf-8")
    files[0].write_text(text.replace('"clinical study"@en', '"study"@en'), "utf-8")
    changed = shipped.__wrapped__()
    assert (changed.shapes[CT + "Study"].label, len(parsed)) == ("study", 1)
    files[0].write_text(text, "utf-8")
    for kept in ("{", "{}", "[]"):
        (tmp_path / CACHE_FILE).write_text(kept, "utf-8")
        assert shipped.__wrapped__() == said
    assert len(parsed) == 4


def terms(graph: ox.Store) -> Iterator[str]:
    kinds = ("Class", "ObjectProperty", "DatatypeProperty", "AnnotationProperty")
    for kind in kinds:
        for quad in graph.quads_for_pattern(None, ox.NamedNode(RDF + "type"), ox.NamedNode(OWL + kind)):
            assert isinstance(quad.subject, ox.NamedNode | ox.BlankNode)
            if quad.subject.value.startswith(CT):
                yield quad.subject.value


@pytest.mark.parametrize("annotation", LANGUAGES)
def test_every_term_has_a_label_and_a_definition(whole: ox.Store, annotation: str) -> None:
    predicate = ox.NamedNode(LANGUAGES[annotation])
    lacking = [term for term in terms(whole) if not any(whole.quads_for_pattern(ox.NamedNode(term), predicate, None))]
    assert lacking == []


def test_every_property_of_a_shape_is_declared_once(whole: ox.Store) -> None:
    kinds = {ox.NamedNode(OWL + "ObjectProperty"), ox.NamedNode(OWL + "DatatypeProperty")}
    for _, _, known in shipped_plan().walk():
        if known.shape.path.startswith(CT):
            types = {
                q.object
                for q in whole.quads_for_pattern(ox.NamedNode(known.shape.path), ox.NamedNode(RDF + "type"), None)
            }
            assert len(types & kinds) == 1, known.shape.path


def test_every_property_shape_names_describes_and_types_its_values() -> None:
    for entity in shipped_plan().entities.values():
        for known in entity.fields:
            shape = known.shape
            assert shape.name, shape
            assert shape.description.endswith("."), shape
            assert shape.datatype or shape.node or shape.of_class or shape.is_iri, shape
            several = (entity.local, known.local) in (
                ("MeshTerm", "label"),
                ("Study", "type"),
                ("Intervention", "mesh"),
            )
            assert shape.single is not (known.many or several), f"{entity.local} {shape.path}: sh:maxCount and []"


def test_the_ontology_is_small() -> None:
    classes = {term for term in terms(store("core.ttl", "registries.ttl")) if re.match(r"[A-Z]", term.removeprefix(CT))}
    assert len(classes) <= 30
    derived = {known.shape.path for _, _, known in shipped_plan().walk() if known.role is Role.DERIVED}
    fields = {path for path, _, _ in shipped_plan().walk()}
    assert len(derived) * 10 < len(fields)


def test_the_header_names_version_licence_and_authors(whole: ox.Store) -> None:
    header = ox.NamedNode(CT.rstrip("#"))
    said = {quad.predicate.value for quad in whole.quads_for_pattern(header, None, None)}
    terms_ = "http://purl.org/dc/terms/"
    assert {OWL + "versionInfo", OWL + "versionIRI", terms_ + "license", terms_ + "creator", terms_ + "title"} <= said


def test_nothing_but_axioms_reaches_the_owl_file() -> None:
    text = (folder("ontology") / "trialkg.ttl").read_text("utf-8")
    assert 'ct:json "' not in text
    assert "sh:" not in re.sub(r"(?m)^@prefix.*$", "", text)


@pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java")
def test_hermit_finds_it_consistent_and_every_class_satisfiable(whole: ox.Store, tmp_path: Path) -> None:
    import owlready2

    path = tmp_path / "trialkg.nt"
    with path.open("wb") as file:
        ox.serialize((quad.triple for quad in whole), file, format=ox.RdfFormat.N_TRIPLES)
    world = owlready2.World()
    loaded = world.get_ontology(path.as_uri()).load()
    assert len(list(world.classes())) > 25
    with loaded:
        owlready2.sync_reasoner_hermit(world, debug=0)
    assert list(world.inconsistent_classes()) == []


@pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java")
def test_hermit_detects_a_contradiction(tmp_path: Path) -> None:
    import owlready2

    graph = store("trialkg.ttl")
    both = ox.NamedNode("https://example.org/both")
    for name in ("Arm", "Outcome"):
        graph.add(ox.Quad(both, ox.NamedNode(RDFS + "subClassOf"), ox.NamedNode(CT + name)))
    graph.add(ox.Quad(both, ox.NamedNode(RDF + "type"), ox.NamedNode(OWL + "Class")))
    path = tmp_path / "broken.nt"
    with path.open("wb") as file:
        ox.serialize((quad.triple for quad in graph), file, format=ox.RdfFormat.N_TRIPLES)
    world = owlready2.World()
    with world.get_ontology(path.as_uri()).load():
        owlready2.sync_reasoner_hermit(world, debug=0)
    assert [found.iri for found in world.inconsistent_classes() if "both" in found.iri] == [both.value]


def test_templates_of_the_registries_make_iris() -> None:
    for registry in shipped().registries:
        groups = re.compile(registry.pattern).groups
        slots = SLOT.findall(registry.template or "")
        assert all(slot == "." or 1 <= int(slot) <= groups for slot in slots), registry.iri
        assert bool(slots) is (registry.template is not None)
        ox.NamedNode(SLOT.sub("X", registry.template or registry.iri))
