"""The plan: which JSON path of a record becomes which property, and with which datatype."""
