"""IRIs of the graph as paths of the server, and back.

The server has the resources of the project at the paths of their IRIs, such as ``/organization/Bayer``, studies at
``/study/NCT02059759`` and MeSH terms at ``/mesh/D000690``. Other resources, such as publications, are at their IRIs
alone.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

from kg.mapping.derived import local_name
from kg.ontology.vocabulary import BASE, CT, MESH, STUDY

KINDS = ("part", "record", "organization", "country", "branch", "graph")
"""The resources of the data, whose IRIs follow the base of the export."""
FIXED = ("code", "scheme", "registry", "rule")
"""The resources of the ontology, whose IRIs never change."""
ONTOLOGY = CT.removesuffix("#")


def path_of(iri: str, base: str = BASE) -> str:
    """Return the path of a resource on the server, or an empty string for a resource without one.

    >>> path_of("https://w3id.org/trialkg/country/FR"), path_of("http://id.nlm.nih.gov/mesh/D000690")
    ('/country/FR', '/mesh/D000690')
    >>> path_of("https://w3id.org/trialkg/ontology#phase"), path_of("https://example.org/country/FR")
    ('/ontology#phase', '')
    """
    if iri.startswith(STUDY):
        return _path("study", iri.removeprefix(STUDY))
    if iri.startswith(MESH):
        return _path("mesh", iri.removeprefix(MESH))
    if iri.startswith(ONTOLOGY):
        return "/ontology" + iri.removeprefix(ONTOLOGY)
    for start, kinds in ((base, KINDS), (BASE, FIXED)):
        kind, _, name = iri.removeprefix(start).partition("/")
        if iri.startswith(start) and kind in kinds:
            return _path(kind, name)
    return ""


def _path(kind: str, name: str) -> str:
    return f"/{kind}/{quote(name, safe='%-_~')}" if name and "/" not in name and "?" not in name else ""


def iri_of(kind: str, name: str, base: str = BASE) -> str:
    """Return the IRI of a resource by the two segments of its path; ``name`` is percent-encoded as in the URL.

    Proxies and browsers decode what needs no encoding in a URL, so the names of organizations are encoded again.

    >>> iri_of("organization", "Pfizer_Inc."), iri_of("study", "NCT02059759"), iri_of("favicon", "x")
    ('https://w3id.org/trialkg/organization/Pfizer_Inc%2E', 'https://clinicaltrials.gov/study/NCT02059759', '')
    """
    if kind == "study":
        return STUDY + unquote(name).upper()
    if kind == "mesh":
        return MESH + unquote(name)
    if kind == "organization":
        return f"{base}organization/{local_name(unquote(name.replace('_', ' ')))}"
    return base + kind + "/" + name if kind in KINDS else BASE + kind + "/" + name if kind in FIXED else ""
