"""The digest of a graph: SHA-256 of its sorted, distinct lines of N-Triples, whatever its source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kg.ontology.vocabulary import RECORD

if TYPE_CHECKING:
    from kg.export.exporter import Exported


def graph_digest(lines: Iterable[bytes]) -> bytes:
    """Return the digest of lines of N-Triples.

    >>> lines = [b"<a> <a> <a> .\\n", b"<b> <b> <b> .\\n"]
    >>> graph_digest(lines) == graph_digest(lines[::-1] * 2)
    True
    """
    return hashlib.sha256(b"".join(sorted({*lines}))).digest()


def study_digest(exported: Exported) -> bytes:
    """Return the digest of a study that was exported as N-Quads; no line break is inside a literal."""
    triples = exported.data.replace(f" <{RECORD}{exported.study}> .\n".encode(), b" .\n")
    return graph_digest(triples.splitlines(keepends=True))
