"""Which fields of the records are in the graph."""
