"""From bytes to study records: sources, decompression, splitting and reading."""
