"""The embedded store, and the one place that decides what an input is."""
