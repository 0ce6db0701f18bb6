"""Validation of graphs against the SHACL shapes of the ontology."""
