"""Studies and pictures out of whatever holds studies: files, folders of stores, graphs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.draw.graph import Graph
from kg.export.report import Report
from kg.notebook import drawing as drawings
from kg.notebook.drawing import Drawing
from kg.notebook.study import Study
from kg.query.engine import source
from kg.store.dataset import at_hand

if TYPE_CHECKING:
    from kg.query.engine import Data


def study(number: str, data: Data) -> Study:
    """A study of some data; raises :class:`~kg.errors.UsageError` where it is not there."""
    with at_hand(source(data, Report())) as store:
        return Study(Graph(store), number)


def drawing(data: Data | None, **wish: Any) -> Drawing:
    """A picture of some data, see :func:`kg.drawing`."""
    if data is None:
        return drawings.drawing(None, **wish)
    with at_hand(source(data, Report())) as store:
        return drawings.drawing(Graph(store), **wish)
