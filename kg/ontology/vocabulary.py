"""The IRIs of the namespaces and graphs that the package refers to."""

from __future__ import annotations

CT = "https://w3id.org/trialkg/ontology#"
DCTERMS = "http://purl.org/dc/terms/"
MESH = "http://id.nlm.nih.gov/mesh/"
OWL = "http://www.w3.org/2002/07/owl#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SCHEMA = "https://schema.org/"
SH = "http://www.w3.org/ns/shacl#"
SKOS = "http://www.w3.org/2004/02/skos/core#"
WGS84 = "http://www.w3.org/2003/01/geo/wgs84_pos#"
XSD = "http://www.w3.org/2001/XMLSchema#"

BASE = "https://w3id.org/trialkg/"
"""The base of the resources of the project; the option ``--base`` sets another one for those of the data."""

RECORD = BASE + "record/"
"""The namespace of records, whose IRIs are also the names of the graphs of their studies."""
