"""Medical Subject Headings (MeSH): a graph from NLM's files, and a comparison of records with the tree."""
