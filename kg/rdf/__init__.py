"""RDF syntax, formats, parsing, compression and Parquet."""
