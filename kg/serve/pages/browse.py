"""The list of studies: what its page shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from markupsafe import Markup

from kg.draw.picture import Node
from kg.serve.bars import Bar
from kg.serve.catalogue import Matches
from kg.serve.explorer import Explorer
from kg.serve.facets import FACETS_BY_KEY, MEASURES_BY_KEY
from kg.serve.listing import PER_PAGE, Entry, entry, ordered
from kg.serve.page_state import PageState
from kg.serve.pages.facets import FacetView, facet_views, label_of
from kg.serve.pages.histograms import Histogram, histogram, histogram_of_selected
from kg.serve.paths import STUDIES
from kg.serve.selection import Range, Selection
from kg.serve.selection_query import selection_query
from kg.serve.study_map import WORLD, Cluster, StudyMap, map_svg, study_map
from kg.serve.study_network import network_picture, network_svg
from kg.serve.suggestions import Suggestion

CHARTED = (
    "status",
    "phase",
    "condition",
    "intervention",
    "country",
    "sponsor",
    "class",
    "kind",
    "group",
    "publication",
)
"""The facets of the charts."""
BARS = 10


@dataclass(frozen=True, slots=True)
class Chip:
    """A part of the selection in words, and the URL of the list without it."""

    name: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The most frequent values of a facet among the studies of the list."""

    title: str
    bars: list[Bar]
    more: int
    """The number of values that are not shown."""
    key: str

    @property
    def most(self) -> int:
        """The largest number."""
        return max((bar.number for bar in self.bars), default=0)


@dataclass(frozen=True)
class Browse:
    """A list of studies."""

    explorer: Explorer
    state: PageState

    @property
    def selection(self) -> Selection:
        return self.state.selection

    @cached_property
    def matches(self) -> Matches:
        return self.explorer.catalogue.select(self.selection)

    @property
    def total(self) -> int:
        """The number of studies of the list."""
        return self.matches.total

    @property
    def all(self) -> int:
        """The number of studies in the data."""
        return len(self.explorer.catalogue)

    @property
    def pages(self) -> int:
        """The number of pages."""
        return max(-(-self.total // PER_PAGE), 1)

    @property
    def page_links(self) -> list[int]:
        """The pages with links, in order; 0 is a gap."""
        page = self.state.page
        near = {1, self.pages, *range(page - 2, page + 3)}
        result: list[int] = []
        for number in sorted(near & {*range(1, self.pages + 1)}):
            if result and number - result[-1] > 1:
                result.append(0)
            result.append(number)
        return result

    def entries(self) -> list[Entry]:
        """Return the studies of this page."""
        begin = (self.state.page - 1) * PER_PAGE
        studies = ordered(self.matches, self.selection, self.state.sorting)[begin : begin + PER_PAGE]
        return [entry(self.explorer.catalogue, study) for study in studies.tolist()]

    @cached_property
    def query(self) -> str:
        """The SPARQL query of the list."""
        catalogue = self.explorer.catalogue
        return selection_query(self.selection, catalogue, self.state.sorting.order(catalogue, self.selection))

    def chips(self) -> Iterator[Chip]:
        """Yield the parts of the selection."""
        selection, catalogue = self.selection, self.explorer.catalogue
        if selection.text:
            yield self._chip("Search", f"“{selection.text}”", replace(selection, text=""))
        for key, keys in selection.values:
            facet = FACETS_BY_KEY[key]
            for value in keys:
                text = label_of(facet, catalogue.columns[key], value)
                yield self._chip(facet.title, text, selection.drop(key, value))
        for key, limits in selection.ranges:
            yield self._chip(MEASURES_BY_KEY[key].title, range_text(limits), selection.between(key))
        if selection.age is not None:
            without = replace(selection, age=None)
            yield self._chip("Age", f"{selection.age:f} years", without)

    def _chip(self, name: str, text: str, selection: Selection) -> Chip:
        return Chip(name, text, "?" + self.state.with_selection(selection).url())

    def suggestions(self) -> list[tuple[Suggestion, str]]:
        """Return the terms that the search might mean, each with the URL of its studies."""
        if not self.selection.words or self.state.page > 1:
            return []
        chosen = dict(self.selection.values)
        found = self.explorer.suggester.suggest(self.selection.text)
        terms = [item for item in found if item.group != "study" and item.key not in chosen.get(item.group, ())]
        others = replace(self.selection, text="")
        selections = [(item, others.choose(item.group, item.key)) for item in terms[:8]]
        return [(item, "?" + self.state.with_selection(selection).url()) for item, selection in selections]

    def facets(self) -> list[FacetView]:
        """Return the facets."""
        return facet_views(self.matches, self.selection, self.state.opened)

    def histogram(self, key: str) -> Histogram:
        """Return the histogram of a measure beside the list."""
        return histogram(self.matches, self.state, key)

    def open_url(self, key: str) -> str:
        """Return the URL that shows or hides the narrower terms of a MeSH term."""
        opened = set(self.state.opened) ^ {key}
        return "?" + self.state.shows(opened=tuple(sorted(opened)), page=self.state.page)

    def charts(self) -> Iterator[Chart]:
        """Yield the charts of the list."""
        for key in CHARTED:
            chart = self.chart(key)
            if chart.bars:
                yield chart

    def chart(self, key: str) -> Chart:
        """Return the chart of a facet."""
        column = self.explorer.catalogue.columns[key]
        counts = column.counts(self.matches.mask)
        shown = column.ranked(counts)[: int((counts > 0).sum())]
        if column.direct is not None:  # terms of records, without those that are only ancestors
            direct = column.direct.counts(self.matches.mask)
            shown = [i for i in shown if direct[i]]
        facet, is_chosen = FACETS_BY_KEY[key], bool(self.selection.of(key))
        bars = []
        for i in shown[:BARS]:
            url = "" if is_chosen else "?" + self.state.with_selection(self.selection.choose(key, column.keys[i])).url()
            bars.append(Bar(label_of(facet, column, column.keys[i]), int(counts[i]), url))
        return Chart(facet.title, bars, max(len(shown) - BARS, 0), key)

    def chart_histogram(self, key: str) -> Histogram:
        """Return the histogram of a measure of the studies of the list."""
        return histogram_of_selected(self.matches, self.state, key)

    def home_years(self) -> list[Bar]:
        """Return the studies by start year, with the URLs of their lists on the start page."""
        return [replace(bar, url=f"{STUDIES}{bar.url}" if bar.url else "") for bar in self.histogram("start").bars]

    @cached_property
    def map(self) -> StudyMap:
        """The map of the list."""
        return study_map(self.matches, self.state.frame)

    def map_svg(self) -> Markup:
        """Return the map of the list as SVG."""
        return map_svg(self.map, self.explorer.catalogue.places, self._cluster_url)

    def _cluster_url(self, cluster: Cluster) -> str:
        key = self.explorer.catalogue.places.points.keys[cluster.point]
        if cluster.places > 1:
            return "?" + self.state.shows(frame=cluster.frame)
        return "?" + self.state.with_selection(self.selection.choose("city", key)).shows(view="table") if key else ""

    def zoom_url(self, factor: float) -> str:
        """Return the URL of the map with a frame of another width; 0 is the whole world."""
        left, top, width = self.map.frame
        if not factor or width * factor >= WORLD[2]:
            return "?" + self.state.shows(frame=WORLD)
        new = max(round(width * factor), 24)
        shift = (width - new) / 2
        return "?" + self.state.shows(frame=(round(left + shift), round(top + shift * 0.56), new))

    def network_svg(self) -> Markup:
        """Return the network of the list as SVG."""
        return network_svg(network_picture(self.matches, self.state.network), self._node_url)

    def _node_url(self, node: Node) -> str:
        facet, _, key = node.id.partition(":")
        if facet not in FACETS_BY_KEY:
            return ""
        return "?" + self.state.with_selection(self.selection.only(facet, key)).url()


def range_text(limits: Range) -> str:
    """Return a range in words.

    >>> range_text((2010, 2015)), range_text((100, None)), range_text((None, 5)), range_text((7, 7))
    ('2010 to 2015', 'from 100', 'up to 5', '7')
    """
    low, high = limits
    if low == high or low is None or high is None:
        return f"{low}" if low == high else f"up to {high}" if low is None else f"from {low}"
    return f"{low} to {high}"
