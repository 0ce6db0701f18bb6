"""Loading studies and other graphs into running triple stores, or into files for those that load from files."""
