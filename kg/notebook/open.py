"""Studies and pictures of any data: files, stores, graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.draw.graph import QueryableGraph
from kg.errors import UsageError, raise_losses
from kg.export.report import Report
from kg.notebook import drawing as drawings
from kg.notebook.drawing import Drawing
from kg.notebook.study import Study
from kg.store.dataset import open_dataset

if TYPE_CHECKING:
    from kg._types import Reject
    from kg.store.dataset import Data


def study(number: str, data: Data, *, reject: Reject = raise_losses) -> Study:
    """Return a study of the data; raises :class:`~kg.errors.UsageError` if the data does not have it."""
    with open_dataset(data, Report(on_problem=reject)) as store:
        return Study(QueryableGraph(store), number)


def drawing(data: Data | None, *, reject: Reject = raise_losses, **options: Any) -> Drawing:
    """Return a picture of the data, see :func:`kg.drawing`."""
    if data is None:
        if not options.get("ontology"):
            raise UsageError("No data is given; only the ontology is drawn without data, with ontology=True.")
        return drawings.drawing(None, **options)
    with open_dataset(data, Report(on_problem=reject)) as store:
        return drawings.drawing(QueryableGraph(store), **options)
