"""Sites of a study as cards: many of them are grouped by country, and by state where a country has many."""

from __future__ import annotations

from collections import Counter, defaultdict

from kg.draw.cards import TextBlock, text_card
from kg.draw.picture import Detail, Node
from kg.draw.study_builder import StudyBuilder
from kg.draw.study_text import SIDE
from kg.ontology.countries import country
from kg.ontology.vocabulary import WGS84

MAX_UNGROUPED = 24
"""Maximum number of sites, and of sites of one country, that are not grouped."""
NO_COUNTRY = "No country given"


def add_sites(study: StudyBuilder) -> None:
    """Add the sites of a study."""
    iris = study.parts("location")
    countries = _by(study, iris, "countryName")
    study.picture.totals = {code.code: (name, len(own)) for name, own in countries.items() if (code := country(name))}
    if len(iris) <= MAX_UNGROUPED or not (_is_useful(countries) or _is_useful(_by(study, iris, "state"))):
        study.add_group("location", "Site", "site", lambda iri: site(study, iri), study.countries)
        return
    title = f"{len(iris):,} sites"
    card = text_card([TextBlock(title, "name"), TextBlock(study.countries(iris), "soft", 4)], SIDE)
    group = study.node(f"{study.iri}#location", "Site", title, card, folded=True)
    group.details = [
        Detail("sites by country", f"{name or NO_COUNTRY}: {len(own):,}") for name, own in countries.items()
    ]
    study.link_to_study(group, "sites")
    study.cards.left.append(group.id)
    if _is_useful(countries):
        cards = [_country(study, f"{group.id}-{i}", *pair) for i, pair in enumerate(countries.items(), 1)]
        study.put_inside(group, [node.id for node in cards], "sites")
    else:
        _add_states(study, group, iris)


def _by(study: StudyBuilder, iris: list[str], name: str) -> dict[str, list[str]]:
    """Return sites by a property, the value with the most sites first; sites without a value are under an empty one."""
    groups: dict[str, list[str]] = defaultdict(list)
    for iri in iris:
        groups[study.value(name, iri)].append(iri)
    return dict(sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def _is_useful(groups: dict[str, list[str]]) -> bool:
    return len(groups) > 1


def _country(study: StudyBuilder, id_: str, country: str, iris: list[str]) -> Node:
    """Add the card of a country with its sites inside, by state if there are many."""
    node = _group(study, id_, country or NO_COUNTRY, iris)
    if len(iris) > MAX_UNGROUPED and _is_useful(_by(study, iris, "state")):
        _add_states(study, node, iris)
    else:
        _put_sites(study, node, iris)
    return node


def _add_states(study: StudyBuilder, group: Node, iris: list[str]) -> None:
    cards = []
    for i, (state, own) in enumerate(_by(study, iris, "state").items(), 1):
        node = _group(study, f"{group.id}-{i}", state or "No state given", own)
        _put_sites(study, node, own)
        cards.append(node.id)
    study.put_inside(group, cards, "sites")


def _put_sites(study: StudyBuilder, group: Node, iris: list[str]) -> None:
    study.put_inside(group, [site(study, iri, compact=True).id for iri in iris], "site")


def _group(study: StudyBuilder, id_: str, title: str, iris: list[str]) -> Node:
    towns = _rank(Counter(study.value("city", iri) or "no town" for iri in iris))
    text = ", ".join(f"{town} {count}" if count > 1 else town for town, count in towns)
    count = f"{len(iris)} site{'s' if len(iris) > 1 else ''}"
    blocks = [TextBlock(title, "name", 2), TextBlock(count, "text"), TextBlock(text, "soft", 3)]
    return study.node(id_, "Site", title, text_card(blocks, SIDE), folded=True)


def _rank(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def site(study: StudyBuilder, iri: str, *, compact: bool = False) -> Node:
    """Add the card of a site; a compact one is inside the card of its country."""
    facility = study.label(iri)
    town = study.value("city", iri)
    place = ", ".join(part for part in (town, study.value("countryName", iri)) if part)
    name = (town if compact else "") or place or facility
    blocks = [] if compact else [TextBlock("Site", "kind")]
    blocks += [TextBlock(name, "name", 2)]
    blocks += [TextBlock(facility, "soft", 2)] if place and facility else []
    node = study.node(iri, "Site", place or facility or "Site", text_card(blocks, SIDE))
    if node.label != facility and facility:
        node.details.insert(0, Detail("facility", facility))
    longitude, latitude = (study.value(WGS84 + name, iri) for name in ("long", "lat"))
    if longitude and latitude:
        node.place = (float(longitude), float(latitude))
    return node
