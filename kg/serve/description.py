"""What a server says about itself: the service description, its dataset in VoID, and the example queries.

The vocabularies are those of https://www.w3.org/TR/sparql11-service-description/, https://www.w3.org/TR/void/ and
https://github.com/sib-swiss/sparql-examples.
"""

from __future__ import annotations

from functools import cache

import pyoxigraph as ox

from kg.export import ontology_graph
from kg.export.partitions import Document, add_counts, add_partitions, english, literal, number
from kg.export.tally import Tally
from kg.export.void import ATTRIBUTION, TERMS
from kg.mapping.sections import listing
from kg.ontology.files import folder
from kg.ontology.vocabulary import CLINICAL_TRIALS, CT, RDF, RDFS, SCHEMA, SH, STUDY
from kg.query.engine import PREFIXES as QUERY_PREFIXES
from kg.serve.rdf import PREFIXES

VOID_PATH, EXAMPLES_PATH = "/.well-known/void", "/.well-known/sparql-examples"
RESULTS = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
SYNTAXES = ("Turtle", "N-Triples", "JSON-LD", "RDF_XML")
NOTE = (
    "Read-only. Without a dataset in the query or the request, the default graph is the union of all named graphs: one "
    "per study, one for shared resources, one for the ontology, and those of other inputs. No statement is in two of "
    "the graphs that kg writes, so counts over the union are right."
)
_EXECUTABLE = ox.NamedNode(SH + "SPARQLExecutable")
_LABEL = ox.NamedNode(RDFS + "label")
_TYPE, _TARGET, _PREFIX = ox.NamedNode(RDF + "type"), ox.NamedNode(SCHEMA + "target"), ox.NamedNode(SH + "prefix")


def service(url: str) -> list[ox.Triple]:
    """Return the description of the endpoint of a server with a URL."""
    endpoint, dataset = f"{url}/sparql", f"{url}{VOID_PATH}#dataset"
    out = Document(endpoint, PREFIXES)
    out.add(
        out.iri("service"),
        "sd:Service",
        sd_endpoint=endpoint,
        sd_supportedLanguage="sd:SPARQL11Query",
        sd_feature="sd:UnionDefaultGraph",
        sd_defaultEntailmentRegime="ent:Simple",
        sd_resultFormat=[f"formats:{name}" for name in (*RESULTS, *SYNTAXES)],
        sd_defaultDataset=dataset,
        rdfs_comment=english(NOTE),
        rdfs_seeAlso=[url + VOID_PATH, url + EXAMPLES_PATH],
    )
    out.add(dataset, "sd:Dataset", sd_defaultGraph=f"{dataset}-graph")
    out.add(f"{dataset}-graph", "sd:Graph")
    return out.triples


def dataset(
    url: str, statements: int | None, studies: int, tally: Tally | None, without: tuple[str, ...] = ()
) -> list[ox.Triple]:
    """Return the description of the dataset in VoID; without a tally, only the numbers that are given.

    ``without`` are the sections of the model that the studies leave out by choice.
    """
    choice = f" Left out by choice: {listing(without)}." if without else ""
    out = Document(url + VOID_PATH, PREFIXES)
    node = out.iri("dataset")
    out.add(out.document, "void:DatasetDescription", foaf_primaryTopic=node)
    out.add(
        node,
        "void:Dataset",
        dcterms_title=english("Study records of ClinicalTrials.gov as RDF"),
        dcterms_description=english(f"{studies:,} study records. {ATTRIBUTION}{choice}"),
        dcterms_source=CLINICAL_TRIALS,
        dcterms_license=TERMS,
        dcterms_conformsTo=CT.removesuffix("#"),
        void_sparqlEndpoint=f"{url}/sparql",
        void_feature=[f"formats:{name}" for name in SYNTAXES],
    )
    for name in without:
        out.add(node, "", ct_leftOut=literal(name))
    if tally is None:
        counts = {} if statements is None else {"void_triples": number(statements)}
        out.add(node, "", void_entities=number(studies), **counts)
        out.add(node, "", void_uriRegexPattern=literal(f"^{STUDY}NCT[0-9]{{8}}$"))
    else:
        add_counts(out, node, tally, STUDY)
        add_partitions(out, tally)
    return out.triples


def examples(url: str) -> list[ox.Triple]:
    """Return the queries of the library and the prefixes that need no declaration."""
    triples = [*_library()]
    queries = [triple.subject for triple in triples if (triple.predicate, triple.object) == (_TYPE, _EXECUTABLE)]
    triples += [ox.Triple(query, _TARGET, ox.NamedNode(f"{url}/sparql")) for query in queries]
    declared = {triple.object for triple in triples if triple.predicate == _PREFIX}
    out = Document(url + EXAMPLES_PATH, PREFIXES)
    for prefix, namespace in QUERY_PREFIXES.items():
        if ox.Literal(prefix) not in declared:
            node = out.iri(f"prefix-{prefix}")
            out.add(out.document, "", sh_declare=node)
            out.add(node, "", sh_prefix=literal(prefix), sh_namespace=literal(namespace, "anyURI"))
    return triples + out.triples


def labels() -> list[ox.Triple]:
    """Return the labels of the classes and properties of the ontology, which editors show."""
    return [quad.triple for quad in ontology_graph.quads() if quad.predicate == _LABEL]


@cache
def _library() -> tuple[ox.Triple, ...]:
    path = folder("queries") / "examples.ttl"
    return tuple(quad.triple for quad in ox.parse(path=str(path), format=ox.RdfFormat.TURTLE))
