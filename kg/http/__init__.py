"""HTTP: a client for downloads, retries, error messages and credentials."""
