"""Retries and credentials for HTTP."""
