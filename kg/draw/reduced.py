"""Exporter that leaves out the results of records."""

from __future__ import annotations

from typing import Any

import orjson

from kg.draw import RESULTS
from kg.export.exporter import Exported, Exporter


class ReducedExporter(Exporter):
    """Exports records to N-Quads without their results and documents.

    ``keep`` is the number of a study whose results are kept; an empty one keeps those of the first record.
    """

    def __init__(self, keep: str | None = None) -> None:
        super().__init__()
        self.keep = keep

    def __call__(self, record: dict[str, Any], *, is_clean: bool = False) -> Exported:
        """Export a parsed record."""
        return super().__call__(self._reduce(record), is_clean=is_clean)

    def try_json_at(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        """Export a text that is exactly one record; return None for a record at a position in a longer text."""
        if at is not None:
            return None
        try:
            reduced = orjson.dumps(self._reduce(orjson.loads(text)))
        except (ValueError, TypeError):  # invalid, or nested too deeply
            return None
        return super().try_json_at(reduced, None)

    def _reduce(self, record: dict[str, Any]) -> dict[str, Any]:
        if self.keep is None:
            return _reduced(record)
        self.keep = self.keep or _number(record)
        return record if _number(record) == self.keep else _reduced(record)


def _number(record: Any) -> str:
    """Return the NCT number of a record, or an empty string."""
    for key in ("protocolSection", "identificationModule", "nctId"):
        record = record.get(key) if isinstance(record, dict) else None
    return record.strip().upper() if isinstance(record, str) else ""


def _reduced(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in RESULTS} if isinstance(record, dict) else record
