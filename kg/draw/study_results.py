"""Results of a study as cards: participant flow, primary outcomes and adverse events, by group and never pooled."""

from __future__ import annotations

from kg.draw.cards import TextBlock, text_card
from kg.draw.details import shorten, value_texts
from kg.draw.study_builder import StudyBuilder
from kg.draw.study_text import join_parts
from kg.ontology.vocabulary import CT

WIDTH = 380.0
"""Width of the cards in pixels."""
MAX_MEASURES, MAX_GROUPS, MAX_ANALYSES = 3, 8, 3
"""Maximum numbers of primary outcome measures, of groups per card, and of analyses per measure."""
MAX_NAME = 60
"""Maximum length of the name of a group, so that no value is cut off."""
Row = tuple[str, str]
"""The name of a group and what is reported of it."""


def add_results(study: StudyBuilder) -> None:
    """Add the results of a study, if it has any."""
    _add_flow(study)
    measures = study.parts("outcomeMeasure")
    primary = [iri for iri in measures if study.value("outcomeMeasureType", iri) == "Primary"][:MAX_MEASURES]
    for iri in primary:
        _add_measure(study, iri)
    _add_events(study)
    if measures:
        study.cards.results_heading = f"Results: {len(primary)} of {len(measures)} outcome measures"


def parts_of(study: StudyBuilder, iri: str, name: str) -> list[str]:
    """Return the parts of a node in the order of the record."""
    iris = [value.value for value in study.graph.values(iri, CT + name)]
    return sorted(iris, key=lambda part: (int(study.value("position", part) or 0), part))


def _add_card(study: StudyBuilder, id_: str, kind: str, title: str, blocks: list[TextBlock]) -> None:
    card = text_card([TextBlock(kind, "kind"), TextBlock(title, "name", 3), *blocks], WIDTH)
    node = study.node(id_, "Result", title, card)
    study.picture.link(study.iri, node.id, "result", 0.0)
    study.cards.results.append(id_)


def _group_blocks(rows: list[Row]) -> list[TextBlock]:
    blocks = [
        TextBlock(f"{shorten(group, MAX_NAME)}: {text}" if group else text, "text", 3)
        for group, text in rows[:MAX_GROUPS]
    ]
    more = len(rows) - MAX_GROUPS
    return blocks + ([TextBlock(f"and {more} more groups", "soft")] if more > 0 else [])


def _add_flow(study: StudyBuilder) -> None:
    """Add the card of the first period: how many participants of each group started and completed it."""
    periods = parts_of(study, study.iri, "flowPeriod")
    if not periods:
        return
    numbers: dict[str, dict[str, str]] = {}
    for milestone in parts_of(study, periods[0], "milestone"):
        for count in parts_of(study, milestone, "achievement"):
            numbers.setdefault(study.label(milestone), {})[_group(study, count)] = study.value("numSubjects", count)
    rows = []
    for group in parts_of(study, study.iri, "flowGroup"):
        values = ((name, numbers.get(name.upper(), {}).get(group, "")) for name in ("started", "completed"))
        if text := ", ".join(f"{value} {name}" for name, value in values if value):
            rows.append((study.label(group), text))
    label = study.label(periods[0])
    title = f"{label} (first of {len(periods)} periods)" if len(periods) > 1 else label
    _add_card(study, f"{study.iri}#flow", "Participant flow", title, _group_blocks(rows))


def _group(study: StudyBuilder, iri: str) -> str:
    return next((value.value for value in study.graph.values(iri, CT + "group")), "")


def _add_measure(study: StudyBuilder, iri: str) -> None:
    """Add the card of an outcome measure with the first of its rows, and its analyses."""
    lines = [
        (category, join_parts(study.label(part), study.label(category)))
        for part in parts_of(study, iri, "class")
        for category in parts_of(study, part, "category")
    ]
    kind = join_parts(
        study.value("paramType", iri), study.value("dispersionType", iri), study.value("unitOfMeasure", iri)
    )
    blocks = [TextBlock(kind, "soft", 2)] if kind else []
    if lines:
        category, name = lines[0]
        note = f"first of {len(lines)} rows" if len(lines) > 1 else ""
        blocks += [TextBlock(join_parts(name, note), "soft", 2)] if name or note else []
        blocks += _group_blocks(_values(study, iri, category))
    blocks += [TextBlock(text, "soft", 2) for text in _analyses(study, iri)]
    _add_card(study, iri, "Result · Primary outcome", study.label(iri), blocks)


def _values(study: StudyBuilder, measure: str, category: str) -> list[Row]:
    values: dict[str, list[str]] = {}
    for iri in parts_of(study, category, "measurement"):
        values.setdefault(_group(study, iri), []).append(_value(study, iri))
    groups = parts_of(study, measure, "outcomeGroup")
    return [(study.label(group), "; ".join(values[group])) for group in groups if group in values]


def _value(study: StudyBuilder, iri: str) -> str:
    """Return a value with its dispersion, or with its limits."""
    value, spread, low, high = (study.value(name, iri) for name in ("value", "spread", "lowerLimit", "upperLimit"))
    limits = f"{low or '…'} to {high or '…'}" if low or high else ""
    range_ = spread or limits
    return f"{value or study.value('comment', iri) or 'no value'}{f' ({range_})' if range_ else ''}"


def _analyses(study: StudyBuilder, measure: str) -> list[str]:
    """Return the p-values of the analyses of a measure with their groups."""
    texts = []
    for iri in parts_of(study, measure, "analysis"):
        if value := study.value("pValue", iri):
            groups = [study.label(group.value) for group in study.graph.values(iri, CT + "group")]
            texts.append(join_parts(_p_value(value), " and ".join(groups), study.value("statisticalMethod", iri)))
    more = len(texts) - MAX_ANALYSES
    return texts[:MAX_ANALYSES] + ([f"and {more} more analyses"] if more > 0 else [])


def _p_value(text: str) -> str:
    """Return a p-value with its comparison.

    >>> _p_value("0.03"), _p_value("=0.0017"), _p_value("<.001")
    ('p = 0.03', 'p = 0.0017', 'p < .001')
    """
    comparison = text[0] if text[0] in "<>=≤≥" else "="
    return f"p {comparison} {text.lstrip('<>=≤≥ ')}"


def _add_events(study: StudyBuilder) -> None:
    """Add the card of adverse events: the participants of each group with serious and other events, and deaths."""
    rows = []
    for group in parts_of(study, study.iri, "eventGroup"):
        parts = []
        for name, text in (("serious", "serious"), ("deaths", "died"), ("other", "other")):
            affected, at_risk = (study.value(f"{name}Num{end}", group) for end in ("Affected", "AtRisk"))
            parts += [f"{text} {affected}{f' of {at_risk}' if at_risk else ''}"] if affected else []
        rows.append((study.label(group), ", ".join(parts) or "not reported"))
    if rows:
        frame = "; ".join(value_texts(study.graph, study.iri, "adverseEventsTimeFrame"))
        blocks = _group_blocks(rows) + ([TextBlock(f"Time frame: {frame}", "soft", 2)] if frame else [])
        _add_card(study, f"{study.iri}#events", "Adverse events", "Participants with adverse events", blocks)
