"""The fields of the records, and which of their values are in the graph."""
