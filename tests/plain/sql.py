"""The same queries as SQL over the columns of the Parquet file, by plain joins.

The columns are ``subject``, ``predicate``, ``object``, ``datatype``, ``language`` and ``graph``. A table macro for each
namespace gives the statements of one of its predicates: ``ct('phase')`` has the columns ``subject`` and ``object``.
"""

from __future__ import annotations

from tests.plain.corpus import CT

NAMESPACES = {
    "ct": CT,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "dcterms": "http://purl.org/dc/terms/",
}


def preparation(file: str) -> str:
    """The statements of SQL that open a Parquet file."""
    macros = (
        f"CREATE MACRO {name}(p) AS TABLE SELECT subject, object FROM statements WHERE predicate = '{namespace}' || p;"
        for name, namespace in NAMESPACES.items()
    )
    return "\n".join([f"CREATE VIEW statements AS SELECT * FROM read_parquet('{file}');", *macros])


def labelled(first: str, *more: str) -> str:
    """Counts the labels of the resources to which predicates lead, one behind another."""
    joins = "".join(
        f" JOIN ct('{name}') v{i} ON v{i}.subject = v{i - 1}.object" for i, name in enumerate(more, start=1)
    )
    last = f"v{len(more)}"
    return (
        f"SELECT l.object, COUNT(*) FROM ct('{first}') v0{joins} "
        f"JOIN rdfs('label') l ON l.subject = {last}.object GROUP BY l.object"
    )


SQL = {
    "studies_by_sponsor": labelled("leadSponsor"),
    "studies_by_condition": labelled("conditionMesh"),
    "participants_by_condition": """
        SELECT l.object, SUM(CAST(e.object AS BIGINT))
        FROM ct('enrollmentCount') e
        JOIN ct('conditionMesh') m ON m.subject = e.subject
        JOIN rdfs('label') l ON l.subject = m.object
        GROUP BY l.object""",
    "participants_by_phase": """
        SELECT l.object, AVG(CAST(e.object AS BIGINT)), MIN(CAST(e.object AS BIGINT)), MAX(CAST(e.object AS BIGINT))
        FROM ct('enrollmentCount') e
        JOIN ct('phase') p ON p.subject = e.subject
        JOIN rdfs('label') l ON l.subject = p.object
        GROUP BY l.object""",
    "interventional_studies_by_phase": f"""
        SELECT l.object, COUNT(*)
        FROM rdf('type') t
        JOIN ct('phase') p ON p.subject = t.subject
        JOIN rdfs('label') l ON l.subject = p.object
        WHERE t.object = '{CT}InterventionalStudy'
        GROUP BY l.object""",
    "studies_by_class": f"""
        SELECT c.object, COUNT(*)
        FROM rdf('type') s
        JOIN rdf('type') c ON c.subject = s.subject
        WHERE s.object = '{CT}Study'
        GROUP BY c.object""",
    "sites_by_country": """
        SELECT k.object, l.object, COUNT(*)
        FROM ct('location') s
        JOIN ct('country') c ON c.subject = s.object
        JOIN ct('countryCode') k ON k.subject = c.object
        JOIN rdfs('label') l ON l.subject = c.object
        GROUP BY k.object, l.object""",
    "collaborators_by_class": labelled("collaborator", "agencyClass"),
    "studies_by_sponsor_class": labelled("leadSponsor", "agencyClass"),
    "interventions_by_type": labelled("intervention", "interventionType"),
    "arms_per_study": """
        SELECT AVG(n), MAX(n), COUNT(*)
        FROM (SELECT subject, COUNT(*) AS n FROM ct('arm') GROUP BY subject)""",
    "studies_by_ancestor": labelled("conditionMeshAncestor"),
    "studies_by_branch": labelled("conditionBrowseBranch"),
    "starts_after_a_day_by_year": """
        SELECT CAST(y.object AS INTEGER), COUNT(*)
        FROM ct('startDateLatest') d
        JOIN ct('startYear') y ON y.subject = d.subject
        WHERE CAST(d.object AS DATE) > DATE '2020-06-15'
        GROUP BY y.object""",
    "outcomes_by_rank": f"""
        SELECT r.predicate, COUNT(*)
        FROM rdf('type') o
        JOIN ct('ofStudy') s ON s.subject = o.subject
        JOIN statements r ON r.subject = s.object AND r.object = s.subject
        WHERE o.object = '{CT}Outcome'
        GROUP BY r.predicate""",
    "references_by_type": labelled("reference", "referenceType"),
    "parts_by_class": """
        SELECT l.object, t.n
        FROM (
            SELECT t.object AS type, COUNT(*) AS n
            FROM ct('ofStudy') s
            JOIN rdf('type') t ON t.subject = s.subject
            GROUP BY t.object
        ) t
        JOIN rdfs('label') l ON l.subject = t.type""",
    "measurements_by_study": f"""
        SELECT i.object, COUNT(*)
        FROM rdf('type') t
        JOIN ct('ofStudy') s ON s.subject = t.subject
        JOIN dcterms('identifier') i ON i.subject = s.object
        WHERE t.object = '{CT}Measurement'
        GROUP BY i.object""",
    "reported_outcomes_by_rank": """
        SELECT l.object, COUNT(*)
        FROM ct('reports') r
        JOIN ct('outcomeMeasureType') t ON t.subject = r.subject
        JOIN rdfs('label') l ON l.subject = t.object
        GROUP BY l.object""",
    "interventions_by_term": labelled("mesh"),
}
