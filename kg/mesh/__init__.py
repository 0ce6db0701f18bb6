"""The Medical Subject Headings (MeSH) of the NLM: their tree from NLM's files, and records held against it."""
