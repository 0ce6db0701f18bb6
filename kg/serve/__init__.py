"""Serve a graph: a SPARQL endpoint, IRIs that resolve, and pages for people."""
