"""IRIs of studies, their parts and their records."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pyoxigraph as ox

if TYPE_CHECKING:
    from kg.ontology.model import Term

_STUDY = re.compile(r"/(?:study|part|record|studies)/(NCT[0-9]{8})(?![0-9])")


def study_of(node: Term | str) -> str | None:
    """Return the NCT number in the IRI of a study, of its record, or of one of its parts.

    >>> study_of("https://w3id.org/trialkg/part/NCT02059759-arm-1"), study_of("https://example.org/arm")
    ('NCT02059759', None)
    """
    iri = node if isinstance(node, str) else node.value if isinstance(node, ox.NamedNode) else ""
    match = _STUDY.search(iri)
    return match[1] if match else None
