"""Arms and interventions of a study as cards, with the MeSH terms of the interventions."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from kg.draw.cards import TextBlock, pill_card, text_card
from kg.draw.details import value_texts
from kg.draw.picture import Card, Node
from kg.draw.study_builder import StudyBuilder
from kg.draw.study_text import join_parts
from kg.draw.towns import normalize_name
from kg.ontology.vocabulary import CT

ARM, INTERVENTION = 230.0, 330.0
"""Widths of the cards of arms and interventions in pixels."""
MAX_ARMS = 8
"""Maximum number of arms, and of interventions of a study with more arms, that are shown as separate cards."""
Links = dict[str, list[str]]
"""The interventions of each arm, in the order of the record."""


def add_arms(study: StudyBuilder) -> None:
    """Add the arms and interventions of a study and the links between them; many arms are in one folded card."""
    arms, interventions = study.parts("arm"), study.parts("intervention")
    links = {arm: [iri for iri in interventions if _are_linked(study, arm, iri)] for arm in arms}
    folds = len(arms) > MAX_ARMS
    for arm in arms:
        study.node(arm, "Arm", study.label(arm), _arm_card(study, arm, links[arm], folds))
    for iri in (ordered := order_by_arm(interventions, links)):
        label = study.label(iri) or "Intervention without a name"
        study.node(iri, "Intervention", label, _intervention_card(study, iri, label))
    arm_source = _place_arms(study, arms) if folds else ""
    if not folds:
        study.cards.arms = arms
        for arm in arms:
            study.link_to_study(study.picture.nodes[arm], "arm")
    source = _place_interventions(study, ordered, folds, arm_source)
    _link(study, ordered, links, (arm_source, source))
    _add_terms(study, [] if source else ordered)


def order_by_arm(interventions: Sequence[str], links: Links) -> list[str]:
    """Return interventions by the mean position of their arms, so that few links cross; those without arms are last.

    >>> order_by_arm(["A", "B", "C"], {"one": ["C"], "two": ["C", "A"]})
    ['C', 'A', 'B']
    """
    places: dict[str, list[int]] = {iri: [] for iri in interventions}
    for i, own in enumerate(links.values()):
        for iri in own:
            places[iri].append(i)
    last = len(links)
    return sorted(interventions, key=lambda iri: sum(places[iri]) / len(places[iri]) if places[iri] else last)


def _are_linked(study: StudyBuilder, arm: str, intervention: str) -> bool:
    """Return whether one of an arm and an intervention names the other: records have either direction or both."""
    interventions = study.graph.values(arm, CT + "armIntervention")
    arms = study.graph.values(intervention, CT + "interventionArm")
    return intervention in {value.value for value in interventions} or arm in {value.value for value in arms}


def _arm_card(study: StudyBuilder, arm: str, interventions: Sequence[str], folds: bool) -> Card:
    blocks = [TextBlock(join_parts("Arm", study.value("armType", arm)), "kind"), TextBlock(study.label(arm), "name", 3)]
    given = " + ".join(study.label(iri) for iri in interventions)
    if not given:
        blocks.append(TextBlock(study.value("description", arm), "soft", 3))
    elif folds:
        blocks.append(TextBlock(given, "soft", 3))
    return text_card(blocks, INTERVENTION if folds else ARM)


def _intervention_card(study: StudyBuilder, iri: str, label: str) -> Card:
    kind, description = (
        join_parts("Intervention", study.value("interventionType", iri)),
        study.value("description", iri),
    )
    blocks = [TextBlock(kind, "kind"), TextBlock(label, "name", 2)]
    return text_card([*blocks, *([TextBlock(description, "soft", 4)] if description else [])], INTERVENTION)


def _place_arms(study: StudyBuilder, arms: list[str]) -> str:
    """Put the arms inside one card; return its id."""
    types = Counter(study.value("armType", arm).lower() or "of no type" for arm in arms)
    text = ", ".join(f"{count} {name}" for name, count in types.most_common())
    group = _group(study, "arm", "Arm", f"{len(arms)} arms", text, ARM)
    study.link_to_study(group, "arms")
    study.cards.arms = [group.id]
    study.put_inside(group, arms, "arm")
    return group.id


def _place_interventions(study: StudyBuilder, interventions: list[str], folds: bool, arms: str) -> str:
    """Put many interventions of many arms inside one card and return its id, or show them as separate cards."""
    if not folds or len(interventions) <= MAX_ARMS:
        study.cards.interventions = interventions
        return ""
    names = ", ".join(study.label(iri) for iri in interventions)
    title = f"{len(interventions)} interventions"
    group = _group(study, "intervention", "Intervention", title, names, INTERVENTION)
    study.picture.link(arms, group.id, "interventions")
    study.cards.interventions = [group.id]
    study.put_inside(group, interventions, "intervention")
    return group.id


def _group(study: StudyBuilder, name: str, kind: str, title: str, text: str, width: float) -> Node:
    card = text_card([TextBlock(title, "name"), TextBlock(text, "soft", 5)], width)
    return study.node(f"{study.iri}#{name}", kind, title, card, folded=True)


def _link(study: StudyBuilder, interventions: list[str], links: Links, groups: tuple[str, str]) -> None:
    """Link arms and interventions; a link to a folded card is only drawn when one of its ends is selected."""
    arm_group, intervention_group = groups
    for iri in interventions:
        arms = [arm for arm, own in links.items() if iri in own]
        for arm in arms:
            study.picture.link(arm, iri, "intervention", 0.0 if arm_group else 1.0)
        if not intervention_group and (arm_group or not arms):
            study.picture.link(arm_group if arms else study.iri, iri, "intervention")


def _add_terms(study: StudyBuilder, shown: Sequence[str]) -> None:
    """Add the MeSH terms of the interventions: below the intervention of that name, the others below all of them."""
    names = {iri: [study.label(iri), *value_texts(study.graph, iri, "otherName")] for iri in shown}
    for term in study.parts("interventionMesh"):
        label = study.label(term)
        node = study.node(term, "Intervention", label, pill_card(f"MeSH: {label}", INTERVENTION - 28))
        owner = next((iri for iri in shown if any(has_name(name, label) for name in names[iri])), "")
        if owner:
            study.picture.link(owner, node.id, "MeSH term with its name", 0.0)
            study.cards.chips.setdefault(owner, []).append(term)
        else:
            study.link_to_study(node, "MeSH term of an intervention")
            study.cards.intervention_terms.append(term)


def has_name(text: str, name: str) -> bool:
    """Return whether the words of a name occur in a text, next to each other and in their order.

    >>> has_name("NNC0114-0006 and Liraglutide", "liraglutide"), has_name("Insulin-like factor", "Insul")
    (True, False)
    """
    words = normalize_name(name)
    return bool(words) and re.search(rf"\b{re.escape(words)}\b", normalize_name(text)) is not None
