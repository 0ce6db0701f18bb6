"""The ontology as one HTML page without scripts or external resources.

The anchor of each term is the fragment of its IRI, so ``https://w3id.org/trialkg/ontology#startDate`` leads to it.
pyLODE does not support JSON paths, and its release 3.4.1 on PyPI does not start.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

import pyoxigraph as ox

from kg.coverage.fields import cardinality, value_type
from kg.mapping.plan import POSITION, Entity, Field, Plan, Role
from kg.notebook.html import Markup, element, join
from kg.ontology.model import Properties, texts
from kg.ontology.vocabulary import CT, OWL, RDF, RDFS, SKOS
from kg.rdf.jsonld import compact

CODE, SCHEME = "https://w3id.org/trialkg/code/", "https://w3id.org/trialkg/scheme/"
ONTOLOGY = CT.removesuffix("#")
DC = "http://purl.org/dc/terms/"

STYLE = """
:root { color-scheme: light dark; --ink: #1d2733; --soft: #5b6875; --line: #dde3e9; --back: #fff; --side: #f6f8fa;
  --link: #0b5cad; --mark: #eef4fb; --tag: #e8f3ec; --tag-ink: #1d6b3c; }
@media (prefers-color-scheme: dark) { :root { --ink: #dfe6ee; --soft: #9aa7b4; --line: #313b46; --back: #14191f;
  --side: #1a2028; --link: #7db7f5; --mark: #1d2a38; --tag: #1c3526; --tag-ink: #86d3a2; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; color: var(--ink); background: var(--back); font: 16px/1.55 system-ui, sans-serif;
  display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem 1.25rem; background: var(--side);
  border-right: 1px solid var(--line); font-size: .9rem; }
nav h2 { margin: 1.25rem 0 .25rem; padding: 0; border: 0; font-size: .75rem; letter-spacing: .06em;
  text-transform: uppercase; color: var(--soft); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav .letters li { display: inline-block; margin-right: .55rem; }
main { padding: 2rem 3rem 6rem; max-width: 82rem; }
a { color: var(--link); text-decoration: none; } a:hover { text-decoration: underline; }
h1 { margin: 0 0 .5rem; font-size: 2rem; line-height: 1.2; }
h2 { margin: 3.5rem 0 1rem; padding-bottom: .35rem; border-bottom: 2px solid var(--line); }
h3 { margin: 0; font-size: 1.1rem; }
section.term { margin: 0 0 1.5rem; padding: 1rem 1.25rem; border: 1px solid var(--line); border-radius: .6rem; }
:target { background: var(--mark); }
p { margin: .35rem 0; } .soft { color: var(--soft); }
code { font: .88em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.kind { margin-left: .5rem; padding: .1rem .5rem; border-radius: 1rem; font-size: .72rem; font-weight: 500;
  background: var(--tag); color: var(--tag-ink); vertical-align: middle; }
dl { display: grid; grid-template-columns: 9rem minmax(0, 1fr); gap: .15rem 1rem; margin: .6rem 0 0; }
dt { color: var(--soft); } dd { margin: 0; }
dd ul { list-style: none; margin: 0; padding: 0; }
.wide { overflow-x: auto; margin-top: .75rem; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
th, td { padding: .4rem .75rem .4rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); } tr:last-child td { border-bottom: 0; }
td:nth-child(-n+3):not(:last-child) { white-space: nowrap; } .fields td:nth-child(4) { min-width: 15rem; }
summary { cursor: pointer; color: var(--link); }
@media (max-width: 60rem) { body { display: flex; flex-direction: column; } nav { position: static; height: auto;
  order: 1; border: 0; } nav li { display: inline-block; margin-right: .75rem; }
  main { padding: 1.5rem 1rem 4rem; } td:last-child { min-width: 15rem; }
  dl { grid-template-columns: 1fr; } dt { margin-top: .4rem; } }
@media print { nav { display: none; } body { display: block; } }
"""


class _Page:
    """Builder of the sections of the page."""

    def __init__(self, plan: Plan, owl: str) -> None:
        self.plan = plan
        self.names = plan.ontology.prefixes
        self.terms: dict[str, Properties] = {}
        for quad in ox.parse(owl, format=ox.RdfFormat.TURTLE):
            if isinstance(quad.subject, ox.NamedNode):
                about = self.terms.setdefault(quad.subject.value, {})
                about.setdefault(quad.predicate.value, []).append(quad.object)
        self.uses: dict[str, list[tuple[str, Entity, Field]]] = {}
        for path, entity, field in plan.walk():
            self.uses.setdefault(field.shape.path, []).append((path, entity, field))
        self.classes = [iri for iri in self.of_type("Class") if iri.startswith(CT)]
        self.kinds = {iri: kind.lower() for kind in ("Datatype", "Object") for iri in self.of_type(kind + "Property")}
        self.properties = sorted({*self.kinds, *self.uses}, key=lambda iri: self.fragment(iri).lower())

    def of_type(self, kind: str) -> list[str]:
        return sorted(iri for iri, about in self.terms.items() if OWL + kind in texts(about, RDF + "type"))

    def text(self, iri: str, predicate: str) -> str:
        return next(iter(texts(self.terms.get(iri, {}), predicate)), "")

    def fragment(self, iri: str) -> str:
        """Return the anchor of a term: the fragment of its IRI, or its prefixed name."""
        return iri.removeprefix(CT) if iri.startswith(CT) else compact(iri, self.names).replace(":", "-", 1)

    def link(self, iri: str) -> Markup:
        local = iri.startswith((CT, CODE, SCHEME)) or iri in self.uses
        return element("a", element("code", compact(iri, self.names)), href=f"#{self.fragment(iri)}" if local else iri)

    def value(self, field: Field) -> Markup:
        """Return the type of the values of a field, linked if it is on the page."""
        iri = field.target.iri if field.target else field.shape.node if field.role is Role.CODE else None
        return self.link(iri) if iri else element("code", value_type(field, self.names))

    # ------------------------------------------------------------ terms

    def head(self, iri: str, label: str, kind: str) -> Iterator[Markup]:
        yield element("h3", self.link(iri), element("span", kind, class_="kind"))
        definition = self.text(iri, SKOS + "definition")
        yield element("p", element("strong", label), f": {definition}" if definition else "")

    def also_called(self, iri: str) -> Iterator[tuple[str, Markup]]:
        if names := self.plan.ontology.other_names.get(iri):
            yield "also called", join(names, ", ")

    def facts(self, iri: str, predicates: Iterable[tuple[str, str]]) -> Iterator[tuple[str, Markup]]:
        for title, predicate in predicates:
            if values := sorted(texts(self.terms.get(iri, {}), predicate)):
                yield title, join(map(self.link, values), ", ")

    @staticmethod
    def listed(facts: Iterable[tuple[str, Markup]]) -> Markup:
        cells = [element("dt", title) + element("dd", value) for title, value in facts]
        return element("dl", Markup("".join(cells))) if cells else Markup()

    def class_section(self, iri: str) -> Markup:
        shapes = [entity for entity in self.plan.entities.values() if iri in (entity.shape.iri, *entity.types[:1])]
        parts = [*self.head(iri, self.text(iri, RDFS + "label"), "class")]
        facts = [*self.also_called(iri), *self.facts(iri, [("subclass of", RDFS + "subClassOf")])]
        leads = [self.link(path) for path, uses in self.uses.items() if any(iri == self.reached(use) for use in uses)]
        facts += [("value of", join(leads, ", "))] if leads else []
        parts.append(self.listed([*facts, *(fact for shape in shapes for fact in self.iris(shape))]))
        parts += dict.fromkeys(self.shape_table(shape) for shape in shapes)
        return element("section", *parts, class_="term", id=self.fragment(iri))

    def reached(self, use: tuple[str, Entity, Field]) -> str | None:
        """Return the class of the values of a field."""
        target = use[2].target
        return self.plan.entities[target.iri].types[0] if target and self.plan.entities[target.iri].types else None

    def iris(self, shape: Entity) -> Iterator[tuple[str, Markup]]:
        if shape.shape.template:
            yield "IRI", element("code", shape.shape.template)
        if shape.known_by:
            yield "also known by", element("code", shape.known_by)

    def shape_table(self, shape: Entity) -> Markup:
        titles = ("property", "value", "", "JSON path", "meaning")
        rows = [element("tr", *(element("th", title) for title in titles))]
        for field in shape.fields:
            path = (".".join(field.keys) or ".") + ("[]" if field.many else "")
            derived = element("span", " derived", class_="soft") if field.is_derived else ""
            cells = (
                self.link(field.shape.path),
                join((self.value(field), derived)),
                element("code", cardinality(field)),
                element("code", path),
                field.shape.description,
            )
            rows.append(element("tr", *(element("td", cell) for cell in cells)))
        return element("div", element("table", *rows, class_="fields"), class_="wide")

    def property_section(self, iri: str) -> Markup:
        uses = self.uses.get(iri, [])
        field = uses[0][2] if uses else None
        kind = f"{self.kinds.get(iri, 'annotation')} property"
        label = self.text(iri, RDFS + "label") or (field.shape.name if field else iri.removeprefix(CT))
        facts = [*self.also_called(iri), *self.facts(iri, _PROPERTY_FACTS)]
        facts += [("on", join(dict.fromkeys(self.link(use[1].shape.iri) for use in uses), ", "))] if uses else []
        facts += [("values", join(dict.fromkeys(self.value(use[2]) for use in uses), ", "))] if uses else []
        paths = [element("li", element("code", path)) for path in dict.fromkeys(use[0] for use in uses) if path]
        facts += [("JSON path", element("ul", *paths))] if paths else []
        return element(
            "section", *self.head(iri, label, kind), self.listed(facts), class_="term", id=self.fragment(iri)
        )

    def scheme_section(self, iri: str, seen: set[str]) -> Markup:
        about = self.text(iri, SKOS + "definition")
        rows = [element("tr", *(element("th", title) for title in ("code", "label", "meaning")))]
        for concept in self.plan.ontology.schemes[iri].values():
            fragment = "" if concept.iri in seen else self.fragment(concept.iri)
            seen.add(concept.iri)
            cells = (self.link(concept.iri), concept.label, concept.definition)
            rows.append(element("tr", *(element("td", cell) for cell in cells), id=fragment))
        parts = [*self.head(iri, self.text(iri, RDFS + "label"), "code list")] if about else [element("h3", iri)]
        table = element("div", element("table", *rows), class_="wide")
        return element("section", *parts, table, class_="term", id=self.fragment(iri))

    # ------------------------------------------------------------ the page

    def navigation(self, schemes: list[str]) -> Markup:
        def items(iris: Iterable[str]) -> Markup:
            return join(
                element("li", element("a", compact(iri, self.names).partition(":")[2], href=f"#{self.fragment(iri)}"))
                for iri in iris
            )

        letters = {self.fragment(iri)[0].upper(): iri for iri in reversed(self.own)}
        links = [
            element("li", element("a", letter, href=f"#{self.fragment(iri)}"))
            for letter, iri in sorted(letters.items())
        ]
        return element(
            "nav",
            element("a", element("strong", self.text(ONTOLOGY, DC + "title")), href="#top"),
            *(element("h2", "Classes"), element("ul", items(self.classes))),
            *(element("h2", "Properties"), element("ul", *links, class_="letters")),
            *(element("h2", "Code lists"), element("ul", items(schemes))),
        )

    @property
    def own(self) -> list[str]:
        return [iri for iri in self.properties if iri.startswith(CT)]

    def introduction(self) -> Iterator[Markup]:
        yield element("h1", self.text(ONTOLOGY, DC + "title"), id="top")
        yield element("p", self.text(ONTOLOGY, DC + "description"))
        licence = self.text(ONTOLOGY, DC + "license")
        prefixes = (
            element("li", element("code", f"{prefix}:"), " ", element("code", namespace))
            for prefix, namespace in self.names.items()
        )
        yield self.listed(
            [
                ("namespace", element("code", CT)),
                ("version", Markup(escape(self.text(ONTOLOGY, OWL + "versionInfo")))),
                ("creator", Markup(escape(self.text(ONTOLOGY, DC + "creator")))),
                ("licence", element("a", licence, href=licence)),
                ("prefixes", element("details", element("summary", "show"), element("ul", *prefixes))),
            ]
        )
        yield element(
            "p",
            "Each property of a class is listed with the JSON path of its values. The IRIs of parts contain "
            f"the number of their study; parts that come from a list have {compact(POSITION, self.names)}.",
        )

    def body(self) -> Markup:
        used = dict.fromkeys(str(field.shape.node) for _, _, field in self.plan.walk() if field.role is Role.CODE)
        shapes = [entity.shape for entity in self.plan.entities.values() if entity.shape.iri not in self.classes]
        seen: set[str] = set()
        content = [
            *self.introduction(),
            element("h2", "Classes"),
            *(self.class_section(iri) for iri in self.classes),
            *([element("h2", "Shapes of other classes")] if shapes else []),
            *(self.bare_shape(iri) for iri in (shape.iri for shape in shapes)),
            element("h2", "Properties"),
            *(self.property_section(iri) for iri in self.own),
            element("h2", "Properties of other vocabularies"),
            *(self.property_section(iri) for iri in self.properties if not iri.startswith(CT) and iri in self.uses),
            element("h2", "Code lists"),
            *(self.scheme_section(iri, seen) for iri in used),
        ]
        return join((self.navigation(list(used)), element("main", *content)), "\n")

    def bare_shape(self, iri: str) -> Markup:
        """Return the section of a shape without a class of the ontology."""
        shape = self.plan.entities[iri]
        title = element("h3", self.link(iri), element("span", "shape", class_="kind"))
        text = element("p", element("strong", shape.shape.label), f": {shape.shape.definition}")
        parts = (title, text, self.listed(self.iris(shape)), self.shape_table(shape))
        return element("section", *parts, class_="term", id=self.fragment(iri))


_PROPERTY_FACTS = [
    ("domain", RDFS + "domain"),
    ("range", RDFS + "range"),
    ("subproperty of", RDFS + "subPropertyOf"),
    ("inverse of", OWL + "inverseOf"),
]


def page(plan: Plan, owl: str) -> str:
    """Return the page of an ontology, from its plan and its OWL in Turtle."""
    builder = _Page(plan, owl)
    head = join(
        (
            Markup('<meta charset="utf-8">'),
            Markup('<meta name="viewport" content="width=device-width, initial-scale=1">'),
            element("title", builder.text(ONTOLOGY, DC + "title")),
            element("style", Markup(STYLE)),
        ),
        "\n",
    )
    note = "<!-- Generated by python -m tools.docs from ontology/*.ttl. -->"
    body = f"<head>\n{head}\n</head>\n<body>\n{builder.body()}\n</body>"
    lines = f'<!doctype html>\n{note}\n<html lang="en">\n{body}\n</html>\n'
    return (
        lines.replace("</section><", "</section>\n<")
        .replace("</tr><tr", "</tr>\n<tr")
        .replace("</li><li", "</li>\n<li")
    )
