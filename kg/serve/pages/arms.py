"""The arms and interventions of a study: a matrix, and their descriptions."""

from __future__ import annotations

from dataclasses import dataclass

import pyoxigraph as ox

from kg.serve.links import Code, Link
from kg.serve.nodes import Node


@dataclass(frozen=True, slots=True)
class Intervention:
    """An intervention of a study."""

    iri: str
    name: str
    type: Code
    description: str
    other_names: list[str]
    terms: list[Link]
    """MeSH terms with the same name."""


@dataclass(frozen=True, slots=True)
class Arm:
    """An arm of a study, with whether it gets each of the interventions of the study."""

    iri: str
    label: str
    type: Code
    description: str
    gets: list[bool]
    others: list[str]
    """Names of interventions that the study does not describe."""


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms by interventions of a study."""

    arms: list[Arm]
    interventions: list[Intervention]

    @property
    def unassigned(self) -> list[Intervention]:
        """The interventions that belong to no arm."""
        return [item for i, item in enumerate(self.interventions) if not any(arm.gets[i] for arm in self.arms)]

    def of(self, arm: Arm) -> list[Intervention]:
        """Return the interventions of an arm."""
        return [item for item, gets in zip(self.interventions, arm.gets, strict=True) if gets]


def arms_of(study: Node) -> Arms:
    """Return the arms and interventions of a study; records name either of the two in the other, or both do."""
    interventions = study.parts("intervention")
    return Arms(
        [_arm(arm, interventions) for arm in study.parts("arm")],
        [_intervention(intervention) for intervention in interventions],
    )


def _intervention(node: Node) -> Intervention:
    return Intervention(
        node.iri,
        node.label or "Intervention without a name",
        Code.of(node, "interventionType"),
        node.raw("description"),
        node.texts("otherName"),
        [Link.to(term) for term in node.nodes("mesh")],
    )


def _arm(node: Node, interventions: list[Node]) -> Arm:
    named = node.iris("armIntervention")
    return Arm(
        node.iri,
        node.label or "Arm without a label",
        Code.of(node, "armType"),
        node.raw("description"),
        [item.iri in named or node.iri in item.iris("interventionArm") for item in interventions],
        sorted(term.value for term in node.terms("armIntervention") if isinstance(term, ox.Literal)),
    )
