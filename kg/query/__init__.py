"""SPARQL: the engine, endpoints, results, the query library and diagnostics."""
