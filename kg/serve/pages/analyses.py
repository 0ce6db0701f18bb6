"""Statistical analyses of outcome measures."""

from __future__ import annotations

from dataclasses import dataclass

from kg.serve.links import Code
from kg.serve.nodes import Node
from kg.serve.pages.flow import Group

COMMENTS = (
    "groupDescription",
    "nonInferiorityComment",
    "statisticalComment",
    "pValueComment",
    "estimateComment",
    "ciLowerLimitComment",
    "ciUpperLimitComment",
    "otherAnalysisDescription",
)


@dataclass(frozen=True, slots=True)
class Analysis:
    """A statistical analysis; numbers are texts as in the graph."""

    iri: str
    groups: list[Group]
    type: Code
    method: str
    p_value: str
    estimate_type: str
    estimate: str
    dispersion: Code
    dispersion_value: str
    level: str
    """The level of the confidence interval in percent."""
    sides: Code
    lower: str
    upper: str
    comments: list[str]

    @property
    def interval(self) -> str:
        """The confidence interval as text, such as ``95% CI 0.4 to 1.2``, or an empty string."""
        if not self.lower and not self.upper:
            return ""
        level = f"{self.level}% CI" if self.level else "CI"
        if self.lower and self.upper:
            return f"{level} {self.lower} to {self.upper}"
        return f"{level} from {self.lower}" if self.lower else f"{level} up to {self.upper}"


def analyses_of(measure: Node, groups: list[Group]) -> list[Analysis]:
    """Return the analyses of an outcome measure in the order of the record."""
    return [_analysis(node, groups) for node in measure.parts("analysis")]


def _analysis(node: Node, groups: list[Group]) -> Analysis:
    compared = node.iris("group")
    return Analysis(
        node.iri,
        [group for group in groups if group.iri in compared],
        Code.of(node, "nonInferiorityType"),
        node.text("statisticalMethod"),
        node.text("pValue"),
        node.text("estimateType"),
        node.text("estimate"),
        Code.of(node, "dispersionType"),
        node.text("dispersionValue"),
        node.text("ciPctValue"),
        Code.of(node, "ciNumSides"),
        node.text("ciLowerLimit"),
        node.text("ciUpperLimit"),
        [text for text in map(node.raw, COMMENTS) if text],
    )
