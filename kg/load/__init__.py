"""Load studies and other graphs into running triple stores, or write files for bulk loaders."""
