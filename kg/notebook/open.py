"""Studies and pictures of any data: files, stores, graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.draw.graph import QueryableGraph
from kg.notebook import drawing as drawings
from kg.notebook.drawing import Drawing
from kg.notebook.study import Study
from kg.store.dataset import open_dataset

if TYPE_CHECKING:
    from kg.store.dataset import Data


def study(number: str, data: Data) -> Study:
    """Return a study of the data; raises :class:`~kg.errors.UsageError` if the data does not have it."""
    with open_dataset(data) as store:
        return Study(QueryableGraph(store), number)


def drawing(data: Data | None, **options: Any) -> Drawing:
    """Return a picture of the data, see :func:`kg.drawing`."""
    if data is None:
        return drawings.drawing(None, **options)
    with open_dataset(data) as store:
        return drawings.drawing(QueryableGraph(store), **options)
