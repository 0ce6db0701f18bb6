"""Rebuild study records from their graphs."""
