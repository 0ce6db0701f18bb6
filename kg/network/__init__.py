"""Property graphs: the studies as nodes with properties and edges between them, for networkx, KGX and Neo4j."""
