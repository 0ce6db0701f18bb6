"""Exporter that leaves out the results of records."""

from __future__ import annotations

from typing import Any

import orjson

from kg.export.exporter import Exported, Exporter

RESULTS = ("resultsSection", "documentSection")
"""The sections of a record with results, which most pictures do not show."""


class ReducedExporter(Exporter):
    """Exports records to N-Quads without their results and documents."""

    def __init__(self) -> None:
        super().__init__(graphs=True)

    def __call__(self, record: dict[str, Any], *, is_clean: bool = False) -> Exported:
        """Export a parsed record."""
        return super().__call__(_reduced(record), is_clean=is_clean)

    def try_json_at(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        """Export a text that is exactly one record; return None for a record at a position in a longer text."""
        if at is not None:
            return None
        try:
            reduced = orjson.dumps(_reduced(orjson.loads(text)))
        except (ValueError, TypeError):  # invalid, or nested too deeply
            return None
        return super().try_json_at(reduced, None)


def _reduced(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in RESULTS} if isinstance(record, dict) else record
