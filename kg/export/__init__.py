"""From one record to triples, and from many inputs to one output."""
