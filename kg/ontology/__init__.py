"""The ontology: its files, its model, and the vocabulary of IRIs."""
