"""Plain queries, without DISTINCT, that give the rows of the JSON records in every engine."""
