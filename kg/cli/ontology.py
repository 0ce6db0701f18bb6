"""``kg ontology``."""

from __future__ import annotations

import click

FORMATS = ("ttl", "owl", "rdf", "nt", "jsonld")


@click.command()
@click.option(
    "-o", "--output", default="-", metavar="FILE", help="Output file, such as trialkg.owl (default: standard output)."
)
@click.option(
    "-f", "--format", "name", type=click.Choice(FORMATS), help="Output format (default: by extension, else ttl)."
)
def ontology(output: str, name: str | None) -> None:
    """Write the ontology: classes, properties and codes in OWL 2.

    The extension of FILE names the format: .ttl (Turtle), .owl or .rdf (RDF/XML, for Protégé and owlready2), .nt
    (N-Triples) or .jsonld (JSON-LD), each also with .gz or .zst.
    """
    from kg.rdf.atomic import writing
    from kg.rdf.ontology_document import document, document_format

    content = document(document_format(output, name))
    with writing(output) as file:
        file.write(content)
