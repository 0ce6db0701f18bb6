"""Generators of the reference pages and of the files derived from the ontology."""
