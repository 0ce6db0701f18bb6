"""A graph of rdflib that a notebook shows: how much of what is in it, and the first of its studies."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import rdflib
from rdflib.namespace import RDF, RDFS

from kg.draw.facts import code, local
from kg.notebook.html import element
from kg.notebook.markup import link, table

if TYPE_CHECKING:
    from kg.notebook.drawing import Drawing
    from kg.notebook.study import Study

CT = rdflib.Namespace("https://w3id.org/trialkg/ontology#")
FEW, CLASSES = 10, 40
"""Studies and classes that are listed."""


class Graph(rdflib.Graph):
    """Studies as a graph of rdflib; all that rdflib can do with one can be done with it."""

    def __repr__(self) -> str:
        return f"<Graph: {_counted(len(self), 'statement')}>"

    def study(self, number: str) -> Study:
        """A study of the graph; raises :class:`~kg.errors.UsageError` where it is not there."""
        from kg.notebook.open import study

        return study(number, self)

    def drawing(self, **wish: Any) -> Drawing:
        """A picture of the graph: see :func:`kg.drawing`."""
        from kg.notebook.open import drawing

        return drawing(self, **wish)

    def _repr_html_(self) -> str:
        kinds = Counter(local(str(kind)) for kind in self.objects(None, RDF.type))
        studies = sorted(self.subjects(RDF.type, CT.Study), key=str)
        head = f"{_counted(len(self), 'statement')}, {_counted(len(studies), 'study', 'studies')}"
        more = len(kinds) - CLASSES
        counts = [(name, f"{count:,}") for name, count in sorted(kinds.items(), key=lambda pair: (-pair[1], pair[0]))]
        rest = element("p", f"and {more:,} more classes") if more > 0 else ""
        title = element("summary", "Classes", style="cursor:pointer;display:list-item")
        classes = element("details", title, table(("class", "count"), counts[:CLASSES]), rest)
        return element("div", element("p", element("strong", head)), self._studies(studies), classes)

    def _studies(self, studies: list[Any]) -> str:
        if not studies:
            return ""
        rows = [
            (
                link(local(study), str(study)),
                str(self.value(study, RDFS.label) or ""),
                ", ".join(code(str(phase)) for phase in sorted(self.objects(study, CT.phase), key=str)),
                code(str(self.value(study, CT.overallStatus) or "")),
            )
            for study in itertools.islice(studies, FEW)
        ]
        more = len(studies) - FEW
        rest = element("p", f"and {more:,} more studies") if more > 0 else ""
        return element("div", table(("study", "title", "phase", "status"), rows), rest)


def _counted(count: int, one: str, many: str = "") -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
