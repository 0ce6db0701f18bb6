"""Estimates with confidence intervals on a common scale."""

from __future__ import annotations

import re

import pyoxigraph as ox
import pytest

from kg.ontology.vocabulary import STUDY
from kg.serve.intervals import WIDTH, interval_drawings, interval_of
from kg.serve.links import Code
from kg.serve.nodes import Nodes
from kg.serve.pages.analyses import Analysis
from kg.serve.pages.results import results_of
from tests.answers.trial import Trial


def analysis(kind: str, estimate: str, lower: str, upper: str) -> Analysis:
    return Analysis("", [], Code(), "", "", kind, estimate, Code(), "", "95", Code(), lower, upper, [])


def places(drawing: str) -> list[float]:
    """The left end, the estimate, the right end and the line of no effect, in pixels."""
    left, right = re.findall(r'whisker" d="M([\d.-]+) 9H([\d.-]+)', drawing)[0]
    middle = re.findall(r'estimate" x="([\d.-]+)', drawing)[0]
    neutral = re.findall(r'neutral" d="M([\d.-]+) 0', drawing)
    return [float(left), float(middle) + 3.5, float(right), *map(float, neutral)]


def test_ratios_have_a_logarithmic_scale_and_a_line_at_one() -> None:
    (drawing,) = interval_drawings([analysis("Hazard Ratio (HR)", "1", "0.5", "2")])
    left, middle, right, neutral = places(drawing)
    assert (left, middle, right) == (6.0, WIDTH / 2, WIDTH - 6)
    assert neutral == middle


def test_differences_have_a_linear_scale_and_a_line_at_zero() -> None:
    (drawing,) = interval_drawings([analysis("Mean Difference (Final Values)", "5", "0", "10")])
    assert places(drawing) == [6.0, WIDTH / 2, WIDTH - 6, 6.0]


def test_other_estimates_have_no_line() -> None:
    (drawing,) = interval_drawings([analysis("Slope", "-5", "-10", "0")])
    assert places(drawing) == [6.0, WIDTH / 2, WIDTH - 6]


def test_estimates_of_one_kind_share_a_scale() -> None:
    a, b, c = interval_drawings(
        [analysis("Slope", "5", "0", "10"), analysis("Slope", "2.5", "0", "5"), analysis("Other", "1", "0", "2")]
    )
    assert places(a)[2] == places(c)[2] == WIDTH - 6
    assert places(b)[2] == pytest.approx(places(a)[1])


@pytest.mark.parametrize(
    ("estimate", "lower", "upper"),
    [("", "1", "2"), ("1.5", "", "2"), ("NA", "1", "2"), ("3", "1", "2"), ("<1", "0", "2"), ("1", "2", "0")],
)
def test_what_is_no_interval_is_not_drawn(estimate: str, lower: str, upper: str) -> None:
    assert interval_drawings([analysis("Odds Ratio (OR)", estimate, lower, upper)]) == [""]


def test_every_interval_of_the_records_is_drawn_within_its_place(store: ox.Store, trials: list[Trial]) -> None:
    count = 0
    for trial in trials:
        for measure in results_of(Nodes(store)[STUDY + trial.nct], is_complete=True).measures:
            drawings = interval_drawings(measure.analyses)
            for item, drawing in zip(measure.analyses, drawings, strict=True):
                assert bool(drawing) is (interval_of(item) is not None)
                if drawing:
                    left, middle, right, *neutral = places(drawing)
                    assert 5.9 <= left <= middle + 0.1 <= right + 0.2 <= WIDTH - 5.7
                    assert all(5.9 <= line <= WIDTH - 5.9 for line in neutral)
                    count += 1
    assert count > 5
