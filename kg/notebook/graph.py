"""Display of an rdflib graph in a notebook: the numbers of statements and studies, and the first studies."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.namespace import RDF, RDFS

from kg.draw.details import code_label, local_name
from kg.notebook.html import element, link, table
from kg.ontology import vocabulary

if TYPE_CHECKING:
    from kg.notebook.drawing import Drawing
    from kg.notebook.study import Study

CT = rdflib.Namespace(vocabulary.CT)
MAX_STUDIES, MAX_CLASSES = 10, 40
"""Maximum number of studies and classes that are listed."""


class NotebookGraph(rdflib.Graph):
    """An rdflib graph of studies with a notebook display."""

    def __repr__(self) -> str:
        return f"<Graph: {_count(len(self), 'statement')}>"

    def study(self, number: str) -> Study:
        """Return a study of the graph; raises :class:`~kg.errors.UsageError` if the graph does not have it."""
        from kg.notebook.open import study

        return study(number, self)

    def drawing(self, **options: Any) -> Drawing:
        """Return a picture of the graph; see :func:`kg.drawing`."""
        from kg.notebook.open import drawing

        return drawing(self, **options)

    def _repr_html_(self) -> str:
        classes = Counter(local_name(str(class_)) for class_ in self.objects(None, RDF.type))
        studies = sorted(self.subjects(RDF.type, CT.Study), key=str)
        head = f"{_count(len(self), 'statement')}, {_count(len(studies), 'study', 'studies')}"
        more = len(classes) - MAX_CLASSES
        ranked = sorted(classes.items(), key=lambda pair: (-pair[1], pair[0]))
        rows = [(name, f"{count:,}") for name, count in ranked[:MAX_CLASSES]]
        rest = element("p", f"and {more:,} more classes") if more > 0 else ""
        title = element("summary", "Classes", style="cursor:pointer;display:list-item")
        details = element("details", title, table(("class", "count"), rows), rest)
        return element("div", element("p", element("strong", head)), self._study_table(studies), details)

    def _study_table(self, studies: list[Any]) -> str:
        if not studies:
            return ""
        rows = [
            (
                link(local_name(study), str(study)),
                str(self.value(study, RDFS.label) or ""),
                ", ".join(code_label(str(phase)) for phase in sorted(self.objects(study, CT.phase), key=str)),
                code_label(str(self.value(study, CT.overallStatus) or "")),
            )
            for study in itertools.islice(studies, MAX_STUDIES)
        ]
        more = len(studies) - MAX_STUDIES
        rest = element("p", f"and {more:,} more studies") if more > 0 else ""
        return element("div", table(("study", "title", "phase", "status"), rows), rest)


def _count(count: int, singular: str, plural: str = "") -> str:
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
