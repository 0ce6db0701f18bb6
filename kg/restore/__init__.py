"""From the graph back to records."""
