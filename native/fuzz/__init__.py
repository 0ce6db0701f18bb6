"""Fuzz targets for the C extension, one per entry point; see ``native/README.md``."""
